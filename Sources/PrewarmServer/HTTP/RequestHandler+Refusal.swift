internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
internal import PrewarmTelemetry

/// An answer that needs only the header of a request. The connection sends it before a task for the request exists, so
/// that a flood of such requests costs the daemon little.
struct EarlyAnswer: Sendable {
    let status: HTTPResponseStatus
    /// The time after which the client may try again, in seconds; nil if the answer does not say it.
    let retryAfter: Int64?
    let body: String

    var head: HTTPResponseHead {
        var headers = HTTPHeaders([
            ("Content-Type", "application/json"), ("Content-Length", "\(body.utf8.count)"),
            ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), ("Connection", "close"),
        ])
        if let retryAfter { headers.add(name: "Retry-After", value: "\(retryAfter)") }
        return HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    }
}

extension RequestHandler {
    /// Returns the answer to a POST to a webhook that does not exist; nil for every other request. It counts against the
    /// rate of the client's address.
    /// - Parameter peer: The address of the peer, without a port.
    func refusal(of head: HTTPRequestHead, peer: String) -> EarlyAnswer? {
        guard head.method == .POST, let name = Self.webhook(in: head.uri), webhooks.kind(of: name) == nil else {
            return nil
        }
        let client = access.client(peer: peer, forwardedFor: head.headers.first(name: "X-Forwarded-For"))
        let verdict = webhooks.refuseUnknown(from: client, now: daemon.engine.now())
        if let result = Metrics.DeliveryResult(rawValue: verdict.outcome.result) {
            metrics.webhook(kind: "unknown", result: result)
        }
        return EarlyAnswer(
            status: HTTPResponseStatus(statusCode: verdict.status),
            retryAfter: verdict.retryAfter.map { max(1, $0.components.seconds) },
            body: Value.object(known: ["message": .string(verdict.message)]).compactJSON + "\n")
    }

    /// Returns the name in a path `/webhooks/NAME` without percent-encoded characters; nil for any other path.
    private static func webhook(in uri: String) -> String? {
        guard uri.hasPrefix("/webhooks/") else { return nil }
        let name = uri.dropFirst("/webhooks/".count).prefix { $0 != "?" }
        return name.isEmpty || name.contains("/") || name.contains("%") ? nil : String(name)
    }
}
