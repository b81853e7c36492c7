package import PrewarmCore
package import PrewarmEngine

/// One request to a webhook, and what became of it.
package struct WebhookDelivery: Hashable, Sendable {
    package let at: Timestamp
    package let webhook: String
    package let kind: WebhookKind
    /// As the forge calls it; nil where it gives no id.
    package let id: String?
    package let event: String?
    /// The address that it came from.
    package let from: String
    package let outcome: WebhookVerdict.Outcome
    /// For the operator: more than the sender is told.
    package let detail: String
    /// Which were nudged.
    package let sources: [String]
    package let bytes: Int
}

extension Value {
    /// As `get deliveries -o json` shows it.
    package init(_ delivery: WebhookDelivery) {
        self = .object(known: [
            "at": .string(delivery.at.description), "webhook": .string(delivery.webhook),
            "kind": .string(delivery.kind.rawValue), "id": delivery.id.map { .string($0) },
            "event": delivery.event.map { .string($0) }, "from": .string(delivery.from),
            "outcome": .string(delivery.outcome.rawValue), "status": .int(delivery.outcome.status),
            "message": .string(delivery.detail), "sources": .array(delivery.sources.map { .string($0) }),
            "bytes": .int(delivery.bytes),
        ])
    }
}

/// The last deliveries, and which ones were handled already. In memory, bounded: whoever can't sign can push out
/// nothing but others who can't.
package struct DeliveryLog: Sendable {
    /// How long a delivery is known again.
    package static let memory = Duration.seconds(600)
    package static let verifiedLimit = 200
    package static let refusedLimit = 50
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
        /// Those that were nudged.
        let sources: [String]
    }

    package init() {}

    /// The newest first.
    package var deliveries: [WebhookDelivery] {
        (verified + refused).enumerated().sorted { left, right in
            left.element.at != right.element.at ? left.element.at > right.element.at : left.offset > right.offset
        }.map(\.element)
    }

    package mutating func record(_ delivery: WebhookDelivery) {
        if delivery.outcome.isVerified {
            verified.append(delivery)
            if verified.count > Self.verifiedLimit { verified.removeFirst() }
        } else {
            refused.append(delivery)
            if refused.count > Self.refusedLimit { refused.removeFirst() }
        }
    }

    /// When the delivery was handled, if that is not longer ago than ``memory``.
    package func handledAt(webhook: String, id: String, now: Timestamp) -> Timestamp? {
        handled[Key(webhook: webhook, id: id)].flatMap {
            ($0.at + Self.memory).hasCome(at: now, atMost: Self.memory) ? nil : $0.at
        }
    }

    /// Forgets that deliveries were handled which nudged a source, because it could not be looked at.
    package mutating func forgetHandled(source: String) {
        handled = handled.filter { !$0.value.sources.contains(source) }
        order.removeAll { handled[$0] == nil }
    }

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

    package var idCount: Int { handled.count }
}
