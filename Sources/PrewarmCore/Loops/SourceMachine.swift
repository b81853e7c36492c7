/// The decisions of the loop that reconciles one source: when it plans, when it pulls, and how long it waits.
///
/// The loop does one thing at a time. Each event returns the next step, and the end of that step is the next event.
///
/// Example with an interval of 1m: the first step is a pull. It takes 2 s, and nothing is left to do, so the next step is a
/// wait of about 60 s. After 10 s a workspace is claimed. The wait ends with ``WakeUp/replan``, the next step plans without
/// a pull, and the wait after it is about 50 s.
package struct SourceMachine: Hashable, Sendable {
    package enum Event: Hashable, Sendable {
        /// A wait has ended: a cause arrived, or its time has passed (no cause).
        /// - announced: The commit that a forge announced; nil if none was announced.
        case woken(WakeUp, announced: String? = nil)
        /// A reconciliation has ended.
        case reconciled(Outcome, took: Duration)
    }

    /// The outcome of a reconciliation.
    package enum Outcome: Hashable, Sendable {
        case planned(Planned)
        /// The reconciliation failed.
        /// - isRemote: True if the remote gave no answer in time.
        case failed(isRemote: Bool)
        /// Another process reconciles the source, or the loop is being stopped.
        case skipped
    }

    /// The part of a plan that decides when the source is looked at again.
    package struct Planned: Hashable, Sendable {
        /// The applied commit; nil if no revision is applied.
        package var commit: String?
        package var isNewRevision = false
        /// True if the remote could not be read, so that the revision of before was planned.
        package var isUnreadable = false
        package var hasActions = false
        /// The time for which the plan stays the same without an event; nil if it may change at once.
        package var quietFor: Duration?

        package init(commit: String?) {
            self.commit = commit
        }
    }

    /// The next step of the loop.
    package enum Effect: Hashable, Sendable {
        /// Reconcile the source.
        /// - pull: True to ask the remote first.
        case reconcile(pull: Bool)
        /// Wait until a cause arrives, at most this long.
        case wait(Duration)
        /// The loop ends.
        case end
    }

    package private(set) var pacing: Pacing
    private var lag = Lag()
    /// The causes that no reconciliation has answered yet.
    private var causes = WakeUp.pull
    /// True while the running reconciliation pulls.
    private var isPulling = false
    /// True if another process prevented the last pull. The next reconciliation pulls, since a request may wait for it.
    private var owesPull = false
    /// The time before which no reconciliation starts.
    private var restsUntil: Instant?
    /// The time of the next reconciliation without a cause; nil before the first one.
    private var looksAt: Instant?

    /// The longest wait. A source is looked at again after it in any case.
    package static let longestWait = Duration.seconds(600)
    /// The longest rest after a reconciliation.
    package static let longestRest = Duration.seconds(2)
    private static let shortestRest = Duration.milliseconds(10)
    private static let longReconciliation = Duration.milliseconds(100)
    private static let pauseAfterFailure = Duration.seconds(2)

    package init(interval: Duration) {
        pacing = Pacing(interval: interval)
    }

    /// Returns the next step. The first event is `.woken([])`.
    package mutating func handle(
        _ event: Event, at now: Instant, using generator: inout some RandomNumberGenerator
    ) -> Effect {
        switch event {
        case .woken(let causes, let announced):
            self.causes.formUnion(causes)
            if let announced { lag.announce(announced) }
        case .reconciled(let outcome, let duration):
            if isPulling { notePull(outcome, at: now, using: &generator) }
            restsUntil = now + (isPulling ? Self.shortestRest : Self.rest(after: duration))
            looksAt = now + pause(after: outcome, at: now)
        }
        return next(at: now)
    }

    private mutating func next(at now: Instant) -> Effect {
        if causes.contains(.stop) { return .end }
        if let restsUntil, now < restsUntil { return .wait(restsUntil - now) }
        if causes.isEmpty, let looksAt, now < looksAt { return .wait(looksAt - now) }
        if causes.contains(.pushed) { pacing.notePush(at: now) }
        isPulling = causes.contains(.pull) || owesPull || pacing.isDue(at: now) || lag.isDue(at: now)
        causes = []
        return .reconcile(pull: isPulling)
    }

    private mutating func notePull(
        _ outcome: Outcome, at now: Instant, using generator: inout some RandomNumberGenerator
    ) {
        var (failed, planned): (Bool, Planned?) = (false, nil)
        switch outcome {
        case .planned(let plan): (failed, planned) = (plan.isUnreadable, plan)
        case .failed(let isRemote): failed = isRemote
        case .skipped: break
        }
        owesPull = outcome == .skipped
        pacing.notePull(failed: failed, isNew: planned?.isNewRevision ?? false, at: now, using: &generator)
        lag.notePull(applied: planned?.commit, at: now)
    }

    /// Returns the time for which nothing is reconciled, so that many claims and finished operations cause fewer
    /// reconciliations. After a long one the rest is four times as long, at most 2 s, to leave the store to others. For
    /// example, it is 800 ms after 200 ms. After one of less than 100 ms it is as long as that one, at least 10 ms.
    private static func rest(after duration: Duration) -> Duration {
        duration < longReconciliation ? max(shortestRest, duration) : min(duration * 4, longestRest)
    }

    /// Returns the time until the next pull, or until the plan may change without an event if that is sooner.
    private func pause(after outcome: Outcome, at now: Instant) -> Duration {
        var pause = min(pacing.wait(from: now), lag.wait(from: now) ?? Self.longestWait, Self.longestWait)
        switch outcome {
        case .failed, .skipped: pause = min(pause, Self.pauseAfterFailure)
        case .planned(let plan):
            if let quiet = plan.quietFor {
                pause = min(pause, quiet)
            } else if plan.commit != nil {
                // There are more actions than one reconciliation carries out, or something changed since it was planned.
                pause = min(pause, plan.hasActions ? .seconds(1) : .seconds(5))
            }
        }
        return max(.zero, pause)
    }
}
