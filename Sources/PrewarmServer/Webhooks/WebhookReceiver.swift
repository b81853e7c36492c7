internal import HTTPTypes
internal import PrewarmCore
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
        /// Of those who did not sign, by address. What a forge signs is never counted here: it may share its address
        /// with others, behind a proxy.
        var unverified = RateLimiter(burst: 120, perSecond: 4)
        /// Of those who can sign, by endpoint.
        var verified = RateLimiter(burst: 300, perSecond: 10, keyLimit: 1000)
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

    /// The body of a sender who is over its rate is read where it is no larger than this: it may be one that the forge
    /// signed, which has a few KB, and reading it costs next to nothing.
    static let smallBody = 64 * 1024

    /// What becomes of a request before its body is read.
    enum Admission {
        case refused(WebhookVerdict)
        /// - Parameter isSuspect: others at the address have not signed lately.
        case admitted(WebhookEndpoint, isSuspect: Bool)
    }

    /// Decides by the header whether the body is worth reading: by the name, the size, the rate, and what of the
    /// signature needs no body.
    ///
    /// - Parameters:
    ///   - length: of the body; nil: the header does not say it.
    ///   - from: the client's address, see ``ClientAddress``.
    func admit(
        _ fields: HTTPFields, length: Int?, at name: String, from address: ClientAddress, now: Timestamp
    ) -> Admission {
        let header = WebhookRequest(fields: fields, body: [])
        guard let endpoint = state.withLock({ $0.endpoints[name] }) else {
            return .refused(slowed(address, now) ?? WebhookVerdict(.unknown, "there is no such webhook"))
        }
        func refused(_ verdict: WebhookVerdict) -> Admission {
            record(header, endpoint, verdict, from: address, now: now)
            return .refused(verdict)
        }
        let signature = WebhookSignature(endpoint.kind, secrets: endpoint.secrets)
        if let finding = signature.findingByHeader(header, now: now) {
            return refused(slowed(address, now) ?? Self.unauthorized(finding))
        }
        if let length, length > WebhookRequest.bodyLimit { return refused(slowed(address, now) ?? Self.tooLarge) }
        guard let wait = state.withLock({ $0.unverified.wait(address.group, now: now) }) else {
            return .admitted(endpoint, isSuspect: false)
        }
        guard let length, length <= Self.smallBody else { return refused(Self.limited(wait)) }
        return .admitted(endpoint, isSuspect: true)
    }

    /// Judges a request that was admitted, with its body.
    func judge(
        _ request: WebhookRequest, at endpoint: WebhookEndpoint, from address: ClientAddress, now: Timestamp
    ) -> WebhookVerdict {
        let verdict: WebhookVerdict
        if request.body.count > WebhookRequest.bodyLimit {
            verdict = slowed(address, now) ?? Self.tooLarge
        } else {
            let finding = WebhookSignature(endpoint.kind, secrets: endpoint.secrets).check(request, now: now)
            verdict =
                finding == .good
                ? read(request, endpoint, now: now) : slowed(address, now) ?? Self.unauthorized(finding)
        }
        record(request, endpoint, verdict, from: address, now: now)
        return verdict
    }

    /// Counts a request whose body was too slow, or one too many, like one that is not signed; nil where the address may
    /// send more of them.
    func noteUnread(
        _ fields: HTTPFields, at endpoint: WebhookEndpoint, from address: ClientAddress, now: Timestamp
    ) -> WebhookVerdict? {
        guard let verdict = slowed(address, now) else { return nil }
        record(WebhookRequest(fields: fields, body: []), endpoint, verdict, from: address, now: now)
        return verdict
    }

    /// Nudges whose look failed were not handled: the same delivery counts again.
    package func noteFailedLook(source: String) {
        state.withLock { $0.log.forgetHandled(source: source) }
    }

    /// Counts one that is not signed; nil where the address may send more of them.
    private func slowed(_ address: ClientAddress, _ now: Timestamp) -> WebhookVerdict? {
        state.withLock { $0.unverified.take(address.group, now: now) }.map(Self.limited)
    }

    private func record(
        _ request: WebhookRequest, _ endpoint: WebhookEndpoint, _ verdict: WebhookVerdict,
        from address: ClientAddress, now: Timestamp
    ) {
        state.withLock { state in
            state.log.record(WebhookDelivery(request, endpoint, verdict, from: address, at: now))
        }
    }

    /// Reads a request that the forge signed.
    private func read(_ request: WebhookRequest, _ endpoint: WebhookEndpoint, now: Timestamp) -> WebhookVerdict {
        if let wait = state.withLock({ $0.verified.take(endpoint.name, now: now) }) { return Self.limited(wait) }
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
            let sources = verdict.nudges.map(\.source)
            state.withLock {
                $0.log.noteHandled(webhook: endpoint.name, id: id.forMessage, sources: sources, now: now)
            }
        }
        return verdict
    }

    private static let tooLarge = WebhookVerdict(
        .tooLarge, "the body is larger than \(WebhookRequest.bodyLimit / 1024) KiB")

    private static func unauthorized(_ finding: WebhookSignature.Finding) -> WebhookVerdict {
        let detail =
            switch finding {
            case .good: ""
            case .missing: "the signature is missing: does the forge have the secret, and is the kind right?"
            case .wrong: "the signature is wrong: does the forge have the same secret?"
            case .stale(let age):
                "it was signed \(age < .zero ? "in the future" : "\(age.prewarmText) ago"): compare the clocks, "
                    + "or an old delivery is being sent again"
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
