package import PrewarmAPI
package import PrewarmCore

/// A request to a webhook and its outcome.
package struct WebhookDelivery: Hashable, Sendable {
    package let at: Timestamp
    package let webhook: String
    package let kind: WebhookKind
    /// The id that the forge gave the delivery; nil if it gave none.
    package let id: String?
    /// The name of the event; nil if the header does not contain it.
    package let event: String?
    /// The network address of the sender.
    package let from: String
    package let outcome: WebhookVerdict.Outcome
    /// The message for the operator. It may say more than the answer to the sender.
    package let detail: String
    /// The sources that the delivery woke up.
    package let sources: [String]
    /// The size of the body in bytes; 0 if the body was not read.
    package let bytes: Int
}

extension DeliveryDocument {
    package init(_ delivery: WebhookDelivery) {
        self.init(
            at: delivery.at, webhook: delivery.webhook, kind: delivery.kind, id: delivery.id, event: delivery.event,
            from: delivery.from, outcome: delivery.outcome.rawValue, status: delivery.outcome.status,
            message: delivery.detail, sources: delivery.sources, bytes: delivery.bytes)
    }
}

/// The log of the last deliveries, and the ids of handled deliveries. It is in memory and bounded.
///
/// Verified and refused deliveries have separate limits. So a sender without the secret cannot displace verified ones.
package struct DeliveryLog: Sendable {
    /// The time for which the id of a handled delivery is remembered.
    package static let memory = Duration.seconds(600)
    /// The number of verified deliveries that are kept.
    package static let verifiedLimit = 200
    /// The number of refused deliveries that are kept.
    package static let refusedLimit = 50
    /// The number of ids that are remembered.
    package static let idLimit = 10_000

    private var verified: [WebhookDelivery] = []
    private var refused: [WebhookDelivery] = []
    private var handled: [Key: Handled] = [:]
    /// The keys of ``handled``, the oldest first.
    private var order: [Key] = []

    private struct Key: Hashable {
        let webhook: String
        let id: String
    }

    private struct Handled {
        let at: Timestamp
        /// The sources that the delivery woke up.
        let sources: [String]
    }

    package init() {}

    /// The deliveries, the newest first.
    package var deliveries: [WebhookDelivery] {
        (verified + refused).enumerated().sorted { left, right in
            left.element.at != right.element.at ? left.element.at > right.element.at : left.offset > right.offset
        }.map(\.element)
    }

    /// Adds a delivery. Above the limit, the oldest one of the same group is dropped.
    package mutating func record(_ delivery: WebhookDelivery) {
        if delivery.outcome.isVerified {
            verified.append(delivery)
            if verified.count > Self.verifiedLimit { verified.removeFirst() }
        } else {
            refused.append(delivery)
            if refused.count > Self.refusedLimit { refused.removeFirst() }
        }
    }

    /// Returns the time when the delivery was handled; nil if it was not handled within ``memory``.
    package func handledAt(webhook: String, id: String, now: Timestamp) -> Timestamp? {
        handled[Key(webhook: webhook, id: id)].flatMap {
            ($0.at + Self.memory).hasCome(at: now, atMost: Self.memory) ? nil : $0.at
        }
    }

    /// Forgets the handled deliveries that woke up this source. It is called after the source could not be read, so that
    /// the forge can send them again.
    package mutating func forgetHandled(source: String) {
        handled = handled.filter { !$0.value.sources.contains(source) }
        order.removeAll { handled[$0] == nil }
    }

    /// Remembers the id of a handled delivery.
    package mutating func noteHandled(webhook: String, id: String, sources: [String] = [], now: Timestamp) {
        forgetOld(now: now)
        let key = Key(webhook: webhook, id: id)
        if handled.updateValue(Handled(at: now, sources: sources), forKey: key) == nil { order.append(key) }
        if order.count > Self.idLimit { forget(order.count - Self.idLimit) }
    }

    private mutating func forgetOld(now: Timestamp) {
        forget(
            order.prefix { key in
                handled[key].map { ($0.at + Self.memory).hasCome(at: now, atMost: Self.memory) } ?? true
            }.count)
    }

    private mutating func forget(_ count: Int) {
        guard count > 0 else { return }
        for key in order.prefix(count) { handled[key] = nil }
        order.removeFirst(count)
    }

    /// The number of remembered ids.
    package var idCount: Int { handled.count }
}
