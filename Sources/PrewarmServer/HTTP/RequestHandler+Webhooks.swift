internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
internal import PrewarmTelemetry
internal import PrewarmWebhooks

extension RequestHandler {
    /// Answers a webhook within milliseconds. The daemon fetches the pushed commit afterwards.
    func receive(_ context: RequestContext, at name: String) async throws -> Response {
        let verdict = try await verdict(on: context, at: name)
        if let result = Metrics.DeliveryResult(rawValue: verdict.outcome.result) {
            metrics.webhook(kind: webhooks.kind(of: name)?.rawValue ?? "unknown", result: result)
        }
        if verdict.outcome == .accepted {
            for wakeUp in verdict.wakeUps {
                await daemon.pull(wakeUp.source, pushed: true, commit: wakeUp.commit)
            }
        }
        if verdict.outcome == .unauthorized || verdict.outcome == .limited {
            denials.note(status: verdict.status, verdict.detail ?? verdict.message, context, now: daemon.engine.now())
        }
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        headers[.retryAfter] = verdict.retryAfter.map { "\(max(1, $0.components.seconds))" }
        let document = Value.object(known: [
            "message": .string(verdict.message),
            "sources": verdict.wakeUps.isEmpty ? nil : .array(verdict.wakeUps.map { .string($0.source) }),
        ])
        return Response(
            status: .init(code: verdict.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: document.compactJSON + "\n")))
    }

    /// Returns the verdict on a webhook. Reads the body only if the header can belong to a signed delivery.
    private func verdict(on context: RequestContext, at name: String) async throws -> WebhookVerdict {
        let fields = context.request.headers
        let admission = webhooks.admit(
            fields, length: context.contentLength, at: name, from: context.client, now: daemon.engine.now())
        guard case .admitted(let endpoint, let isSuspect) = admission else {
            if case .refused(let verdict) = admission { return verdict }
            return WebhookVerdict(.unknown, "there is no such webhook")
        }
        // Small bodies, which forges send, have a share of memory of their own. Large bodies that never end, sent from the
        // same address, do not use it up.
        let isSmall = context.contentLength.map { $0 <= WebhookReceiver.smallBody } ?? false
        do {
            let body = try await context.body(
                limit: WebhookRequest.bodyLimit, time: isSuspect ? Self.suspectBodyTime : Self.bodyTime,
                from: .unverified(group: context.client.group + (isSmall ? " small" : "")))
            return webhooks.judge(
                WebhookRequest(fields: fields, body: body), at: endpoint, from: context.client,
                now: daemon.engine.now())
        } catch let problem as Problem {
            let limited = webhooks.noteUnread(fields, at: endpoint, from: context.client, now: daemon.engine.now())
            guard isSuspect, let limited else { throw problem }
            return limited
        }
    }
}
