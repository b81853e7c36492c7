package import PrewarmCore
internal import Synchronization

/// Takes the requests to `/webhooks/<name>`, whatever serves them: bounded, verified, deduplicated, then matched
/// against the sources. Nothing of it waits, so an answer takes no longer than the digest of its body.
///
/// It outlives a reload of the configuration, so that deliveries stay known.
package final class WebhookReceiver: Sendable {
    private let state: Mutex<State>

    private struct State {
        var endpoints: [String: WebhookEndpoint]
        var sources: [WatchedSource]
        var log = DeliveryLog()
        /// Before anything else: of whoever asks.
        var byAddress = RateLimiter(burst: 120, perSecond: 4)
        /// Of those who can sign: a flood of others keeps no forge out.
        var byEndpoint = RateLimiter(burst: 300, perSecond: 10, keyLimit: 1000)
    }

    package init(endpoints: [WebhookEndpoint] = [], sources: [WatchedSource] = []) {
        state = Mutex(State(endpoints: Self.byName(endpoints), sources: sources))
    }

    /// From now on these count.
    package func replace(endpoints: [WebhookEndpoint], sources: [WatchedSource]) {
        state.withLock { state in
            state.endpoints = Self.byName(endpoints)
            state.sources = sources
        }
    }

    private static func byName(_ endpoints: [WebhookEndpoint]) -> [String: WebhookEndpoint] {
        Dictionary(endpoints.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Of the endpoint of that name.
    func kind(of name: String) -> WebhookKind? { state.withLock { $0.endpoints[name]?.kind } }

    /// The last ones, the newest first.
    package var deliveries: [WebhookDelivery] { state.withLock { $0.log.deliveries } }

    /// - Parameter from: the client's address, see ``ClientAddress``.
    package func receive(
        _ request: WebhookRequest, at name: String, from address: ClientAddress, now: Timestamp
    ) -> WebhookVerdict {
        let entrance = state.withLock { state in
            let wait = state.byAddress.take(address.group, now: now)
            return (endpoint: state.endpoints[name], wait: wait)
        }
        guard let endpoint = entrance.endpoint else {
            return entrance.wait.map(Self.limited) ?? WebhookVerdict(.unknown, "there is no such webhook")
        }
        let verdict = entrance.wait.map(Self.limited) ?? judge(request, endpoint, now: now)
        state.withLock { state in
            state.log.record(WebhookDelivery(request, endpoint, verdict, from: address, at: now))
        }
        return verdict
    }

    private func judge(_ request: WebhookRequest, _ endpoint: WebhookEndpoint, now: Timestamp) -> WebhookVerdict {
        guard request.body.count <= WebhookRequest.bodyLimit else {
            return WebhookVerdict(.tooLarge, "the body is larger than \(WebhookRequest.bodyLimit / 1024) KiB")
        }
        if let refusal = Self.refusal(of: request, endpoint, now: now) { return refusal }
        if let wait = state.withLock({ $0.byEndpoint.take(endpoint.name, now: now) }) { return Self.limited(wait) }
        guard !request.isForm else {
            return WebhookVerdict(
                .unsupported, "the body is a form: choose application/json as the webhook's content type")
        }
        if let repeated = repeated(endpoint.kind.deliveryID(of: request), endpoint, now: now) { return repeated }
        let content: WebhookContent
        do throws(WebhookContentError) {
            content = try WebhookContent(request, kind: endpoint.kind)
        } catch {
            return WebhookVerdict(.invalid, error.message)
        }
        let id = endpoint.kind.deliveryID(of: request) ?? content.deliveryID
        if let repeated = repeated(content.deliveryID, endpoint, now: now) { return repeated }
        let verdict = endpoint.verdict(on: content, sources: state.withLock { $0.sources })
        if verdict.outcome == .accepted, let id {
            state.withLock { $0.log.noteHandled(webhook: endpoint.name, id: id.forMessage, now: now) }
        }
        return verdict
    }

    /// Nil where the request is of the forge.
    private static func refusal(
        of request: WebhookRequest, _ endpoint: WebhookEndpoint, now: Timestamp
    ) -> WebhookVerdict? {
        let finding = WebhookSignature(endpoint.kind, secrets: endpoint.secrets).check(request, now: now)
        let detail: String
        switch finding {
        case .good: return nil
        case .missing: detail = "the signature is missing: does the forge have the secret, and is the kind right?"
        case .wrong: detail = "the signature is wrong: does the forge have the same secret?"
        case .stale(let age):
            detail =
                "it was signed \(age < .zero ? "in the future" : "\(age.prewarmText) ago"): compare the clocks, "
                + "or somebody sends it again"
        }
        return WebhookVerdict(.unauthorized, "the signature is missing or wrong", detail: detail)
    }

    private func repeated(_ id: String?, _ endpoint: WebhookEndpoint, now: Timestamp) -> WebhookVerdict? {
        guard let id,
            let time = state.withLock({ $0.log.handledAt(webhook: endpoint.name, id: id.forMessage, now: now) })
        else { return nil }
        return WebhookVerdict(
            .duplicate, "nothing to do: this delivery was handled \((now - time).prewarmText) ago")
    }

    private static func limited(_ wait: Duration) -> WebhookVerdict {
        WebhookVerdict(.limited, "too many requests", retryAfter: wait)
    }
}

extension WebhookContent {
    fileprivate var deliveryID: String? {
        if case .push(let notice) = self { return notice.deliveryID }
        return nil
    }
}

extension WebhookDelivery {
    fileprivate init(
        _ request: WebhookRequest, _ endpoint: WebhookEndpoint, _ verdict: WebhookVerdict, from address: ClientAddress,
        at now: Timestamp
    ) {
        self.init(
            at: now, webhook: endpoint.name, kind: endpoint.kind,
            id: endpoint.kind.deliveryID(of: request)?.forMessage, event: endpoint.kind.event(of: request)?.forMessage,
            from: address.description, outcome: verdict.outcome, detail: verdict.detail ?? verdict.message,
            sources: verdict.nudges.map(\.source), bytes: request.body.count)
    }
}
