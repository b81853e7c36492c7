/// What is created in a pool, and what keeps it from that.
extension Pool {
    mutating func create() {
        let missing = counts.desired - fresh - startingCurrent
        if let failure { noteStall(failure) }
        guard missing > 0 else { return }
        var room = missing
        if let bounds = preset.strategy.bounds(desired: counts.desired) {
            room = counts.desired + bounds.surge - total
        } else {
            // Outdated ones that are being deleted still count.
            room = counts.desired - total - leavingOutdated - deletingOutdated
        }
        creations = max(0, min(missing, room))
        if let failure { holdBack(after: failure) }
        holdBackForCanary()
    }

    /// A bad new version is found by one: more are made when the first instance of it was ready.
    private mutating func holdBackForCanary() {
        guard isRollout, !isProven, preset.options.canary > 0 else { return }
        let canaries = max(0, preset.options.canary - startingCurrent)
        guard canaries < creations else { return }
        creations = canaries
        if failure == nil { wait = .canary }
    }

    /// A pool that lacks workspaces stays stalled while a try runs: only a build that works ends that.
    private mutating func noteStall(_ failure: FailureRecord) {
        guard failure.count >= preset.failureLimit, counts.desired > fresh else { return }
        wait = .stalled(failures: failure.count)
        if !failure.mayRetry(at: planner.now) { noteChange(failure.retryAt) }
    }

    /// After a failure one build at a time tries again, and none before its time (rule 10). Stalled or not, that differs
    /// only in how long the pause is.
    private mutating func holdBack(after failure: FailureRecord) {
        guard !failure.mayRetry(at: planner.now) else {
            creations = min(creations, max(0, 1 - startingCurrent))
            return
        }
        creations = 0
        if wait == nil { wait = .backoff(until: failure.retryAt, failures: failure.count) }
        noteChange(failure.retryAt)
    }

    /// Cancels creates that were never started, but for the one that tries again.
    mutating func cancelAfterFailure() {
        guard let failure, startingCurrent > 0 else { return }
        let leaving = Set(removals.compactMap(\.workspace))
        let starting = sorted { !leaving.contains($0.id) && isCurrent($0) && !$0.isBroken && $0.state != .ready }
        let pending = starting.filter { $0.state == .pending }
        let kept = failure.mayRetry(at: planner.now) ? max(0, 1 - (starting.count - pending.count)) : 0
        for instance in pending.dropLast(kept) { remove(instance, reason: .noLongerWanted) }
    }
}
