/// The decisions of the loop that delivers notifications to one receiver: when it reads events, when it makes an attempt,
/// when it tries again, and when it gives up.
///
/// Each event returns steps in their order. The loop carries them out one after the other. If a step fails, the loop reports
/// ``Event/storeFailed`` and carries out none of the steps after it.
package struct SinkMachine: Hashable, Sendable {
    package enum Event: Hashable, Sendable {
        /// A wait has ended.
        case woken
        /// The next events are in the outbox.
        /// - first: The seed of the first notification's jitter; nil if the outbox is empty.
        /// - hasMore: True if there may be more events.
        case read(first: UInt64?, hasMore: Bool)
        /// Another process delivers the notifications of this sink.
        case leaseHeld
        /// The store could not be read or written.
        /// - isExpected: True if another process took over, or the loop is being stopped.
        case storeFailed(isExpected: Bool, why: String)
        /// The first notifications were too old, and were dropped without an attempt.
        case expired
        /// An attempt has ended.
        case answered(Answer)
    }

    /// The answer of a receiver to one attempt.
    package enum Answer: Hashable, Sendable {
        case delivered
        /// The attempt failed and may be repeated.
        /// - after: The wait that the receiver asks for; nil if it asks for none. The machine waits for the interval at least.
        case failed(after: Duration?, why: String)
        /// The receiver will never accept this notification.
        case refused(why: String)
        /// The receiver accepts no more notifications at all (status 410).
        case gone
    }

    package enum Effect: Hashable, Sendable {
        /// Take or renew the lease of the sink, and read the next events into the outbox.
        case read
        /// Send the first notification of the outbox.
        case deliver
        /// Report an outcome in the log and the metrics.
        case report(Report)
        /// Delete the first notification from the outbox.
        case remove
        case wait(Duration)
        /// The loop ends, and prewarm sends nothing to this receiver until the next start.
        case end
    }

    package enum Report: Hashable, Sendable {
        /// - isAgain: True if it is the first success after a failure.
        case delivered(isAgain: Bool)
        /// - isFirst: True if it is the first failure since the last success.
        case delayed(why: String, isFirst: Bool)
        case refused(why: String)
        case gone
        /// The first failed access to the store since the last successful one.
        case storeAway(why: String)
    }

    /// The longest time between two reads of the events.
    private let interval: Duration
    private let backoff: Backoff
    /// The seed of the notification that is being sent.
    private var seed: UInt64 = 0
    /// The number of failed attempts since the receiver last answered.
    private var attempts = 0
    /// The time before which no attempt is made.
    private var notBefore: Instant?
    /// True from a failed attempt to the next success.
    private var isTroubled = false
    /// True from a failed access to the store to the next successful one.
    private var isStoreAway = false

    package init(interval: Duration, backoff: Backoff) {
        self.interval = interval
        self.backoff = backoff
    }

    /// Returns the next steps. The first event is `.woken`.
    package mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        switch event {
        case .woken, .expired: return [.read]
        case .leaseHeld: return [wait(from: now)]
        case .storeFailed(let isExpected, let why):
            let isNew = !isExpected && !isStoreAway
            if isNew { isStoreAway = true }
            return (isNew ? [.report(.storeAway(why: why))] : []) + [wait(from: now)]
        case .read(let first, let hasMore):
            isStoreAway = false
            if let first, notBefore.map({ $0 <= now }) ?? true {
                seed = first
                return [.deliver]
            }
            return hasMore ? [.read] : [wait(from: now)]
        case .answered(let answer): return note(answer, at: now)
        }
    }

    private mutating func note(_ answer: Answer, at now: Instant) -> [Effect] {
        switch answer {
        case .delivered:
            defer { isTroubled = false }
            return [.report(.delivered(isAgain: isTroubled))] + removal()
        case .refused(let why): return [.report(.refused(why: why))] + removal()
        case .failed(let after, let why):
            attempts = min(attempts + 1, 1000)
            notBefore = now + (after.map { max($0, interval) } ?? backoff.delay(attempt: attempts, seed: seed))
            defer { isTroubled = true }
            return [.report(.delayed(why: why, isFirst: !isTroubled)), .read]
        case .gone: return [.report(.gone), .end]
        }
    }

    /// Only an answer ends the backoff: a notification that is too old says nothing about the receiver.
    private mutating func removal() -> [Effect] {
        attempts = 0
        notBefore = nil
        return [.remove, .read]
    }

    private func wait(from now: Instant) -> Effect {
        guard let notBefore, notBefore > now else { return .wait(interval) }
        return .wait(min(notBefore - now, interval))
    }
}
