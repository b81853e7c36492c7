package import HTTPTypes
package import PrewarmCore
internal import Synchronization

/// The receiver of requests to `/webhooks/<name>`, independent of the HTTP server.
///
/// It limits, verifies and deduplicates a request, and then matches it against the sources. No step waits for I/O. So an
/// answer takes little longer than the digest of the body. The receiver survives a reload of the configuration, so that
/// handled deliveries stay known.
package final class WebhookReceiver: Sendable {
    private let state: Mutex<State>

    private struct State {
        var endpoints: [String: WebhookEndpoint]
        var sources: [WatchedSource]
        var log = DeliveryLog()
        /// The limiter for unsigned requests, by network address. Signed requests never count here, because a forge may
        /// share its address with others behind a proxy.
        var unverified = RateLimiter(burst: 120, perSecond: 4)
        /// The limiter for signed requests, by endpoint.
        var verified = RateLimiter(burst: 300, perSecond: 10, keyLimit: 1000)
    }

    package init(endpoints: [WebhookEndpoint] = [], sources: [WatchedSource] = []) {
        state = Mutex(State(endpoints: Self.byName(endpoints), sources: sources))
    }

    /// Replaces the endpoints and sources after a reload of the configuration.
    package func replace(endpoints: [WebhookEndpoint], sources: [WatchedSource]) {
        state.withLock { state in
            state.endpoints = Self.byName(endpoints)
            state.sources = sources
        }
    }

    private static func byName(_ endpoints: [WebhookEndpoint]) -> [String: WebhookEndpoint] {
        Dictionary(endpoints.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Returns the kind of the endpoint with this name.
    package func kind(of name: String) -> WebhookKind? { state.withLock { $0.endpoints[name]?.kind } }

    /// The last deliveries, the newest first.
    package var deliveries: [WebhookDelivery] { state.withLock { $0.log.deliveries } }

    /// The size up to which a body is read even if its sender exceeds the rate. The forge may have signed it: the
    /// payload of a push has a few KB.
    package static let smallBody = 64 * 1024

    /// The decision on a request before its body is read.
    package enum Admission {
        case refused(WebhookVerdict)
        /// The body is read.
        /// - Parameter isSuspect: True if the network address exceeds the rate of unsigned requests.
        case admitted(WebhookEndpoint, isSuspect: Bool)
    }

    /// Decides by the header if the body is read: by the name of the webhook, the length, the rate, and the parts of the
    /// signature that need no body.
    ///
    /// - Parameters:
    ///   - length: The length of the body in bytes; nil if the header does not contain it.
    ///   - from: The address of the client, see ``ClientAddress``.
    package func admit(
        _ fields: HTTPFields, length: Int?, at name: String, from address: ClientAddress, now: Timestamp
    ) -> Admission {
        let header = WebhookRequest(fields: fields, body: [])
        guard let endpoint = state.withLock({ $0.endpoints[name] }) else {
            return .refused(refuseUnknown(from: address, now: now))
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

    /// Returns the verdict on a request to a webhook that does not exist, and counts it as an unsigned one.
    package func refuseUnknown(from address: ClientAddress, now: Timestamp) -> WebhookVerdict {
        slowed(address, now) ?? WebhookVerdict(.unknown, "there is no such webhook")
    }

    /// Returns the verdict on an admitted request with its body, and logs the delivery.
    package func judge(
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

    /// Counts a request whose body was too slow or too large as an unsigned one.
    /// - Returns: The verdict if the address now exceeds the rate; nil if it may send more.
    package func noteUnread(
        _ fields: HTTPFields, at endpoint: WebhookEndpoint, from address: ClientAddress, now: Timestamp
    ) -> WebhookVerdict? {
        guard let verdict = slowed(address, now) else { return nil }
        record(WebhookRequest(fields: fields, body: []), endpoint, verdict, from: address, now: now)
        return verdict
    }

    /// Forgets the deliveries that woke up this source, since it could not be read. The forge may send them again.
    package func noteFailedLook(source: String) {
        state.withLock { $0.log.forgetHandled(source: source) }
    }

    /// Counts an unsigned request. Returns nil if the address may send more.
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

    /// Returns the verdict on a request with a good signature.
    private func read(_ request: WebhookRequest, _ endpoint: WebhookEndpoint, now: Timestamp) -> WebhookVerdict {
        if let wait = state.withLock({ $0.verified.take(endpoint.name, now: now) }) { return Self.limited(wait) }
        guard !request.isForm else {
            return WebhookVerdict(
                .unsupported, "cannot read a form: set the content type of the webhook to application/json at the forge"
            )
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
            let sources = verdict.wakeUps.map(\.source)
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
            case .missing:
                "the signature is missing: check that the forge has the secret, and that `kind` names this forge"
            case .wrong: "the signature is wrong: check that the forge has the same secret"
            case .stale(let age):
                "the signature is \(age < .zero ? "from the future" : "\(age.prewarmText) old"): check the clocks. "
                    + "An old delivery may have been sent again"
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
            sources: verdict.wakeUps.map(\.source), bytes: request.body.count)
    }
}
