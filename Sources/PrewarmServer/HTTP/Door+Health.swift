internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
import PrewarmCore
import PrewarmEngine

extension Door {
    /// The process makes progress. That a forge or a provisioner is down is no reason to restart it.
    func health() -> Response {
        let age = daemon.progressAge
        let isAlive = age < Daemon.longestStandstill
        return text(isAlive ? "ok\n" : "no progress for \(age)\n", isAlive ? .ok : .serviceUnavailable)
    }

    /// The store can be written to, and each source was planned for at least once.
    func readiness() async -> Response {
        var lines: [String] = []
        if let problem = await storeReadiness.problem(of: daemon.engine.store) {
            return text("store: \(problem)\n", .serviceUnavailable)
        }
        lines.append("store: ok")
        lines.append("planned: \(daemon.hasPlanned ? "ok" : "not yet")")
        return text(lines.joined(separator: "\n") + "\n", daemon.hasPlanned ? .ok : .serviceUnavailable)
    }

    private func text(_ text: String, _ status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
