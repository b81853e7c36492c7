internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
import PrewarmCore
import PrewarmEngine

extension Door {
    /// Says whether each loop of the daemon comes round, and names those that hang. That a forge or a provisioner is down
    /// is no reason to restart the daemon.
    func health() -> Response {
        let hangs = daemon.progress.hangs
        guard !hangs.isEmpty else { return text("ok\n", .ok) }
        return text(hangs.map { $0.sentence + "\n" }.joined(), .serviceUnavailable)
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
