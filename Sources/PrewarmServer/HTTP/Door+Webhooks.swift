internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
import PrewarmCore
import PrewarmEngine

extension Door {
    /// Answers in milliseconds: what was pushed is looked at after it.
    func receive(_ visit: Visit, at name: String) async throws -> Response {
        let body = try await visit.body(limit: WebhookRequest.bodyLimit, time: Self.bodyTime)
        let verdict = webhooks.receive(
            WebhookRequest(fields: visit.request.headers, body: body), at: name, from: visit.client,
            now: daemon.engine.now())
        if let result = Metrics.DeliveryResult(rawValue: verdict.outcome.result) {
            metrics.webhook(kind: webhooks.kind(of: name)?.rawValue ?? "unknown", result: result)
        }
        if verdict.outcome == .accepted {
            for nudge in verdict.nudges { daemon.pull(nudge.source, pushed: true, commit: nudge.commit) }
        }
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        headers[.retryAfter] = verdict.retryAfter.map { "\(max(1, $0.components.seconds))" }
        let document = Value.object(known: [
            "message": .string(verdict.message),
            "sources": verdict.nudges.isEmpty ? nil : .array(verdict.nudges.map { .string($0.source) }),
        ])
        return Response(
            status: .init(code: verdict.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: document.compactJSON + "\n")))
    }
}
