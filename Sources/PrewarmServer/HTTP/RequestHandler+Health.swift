internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
import PrewarmCore
import PrewarmEngine

extension RequestHandler {
    /// Answers whether each loop of the daemon makes progress, and names the loops that hang. An unreachable forge or
    /// provisioner does not make the daemon unhealthy, since a restart would not help.
    func health() -> Response {
        let hangs = daemon.progress.hangs
        guard !hangs.isEmpty else { return text("ok\n", .ok) }
        return text(hangs.map { $0.sentence + "\n" }.joined(), .serviceUnavailable)
    }

    /// Answers whether the daemon is ready: the store is writable, and each source was planned at least once.
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
