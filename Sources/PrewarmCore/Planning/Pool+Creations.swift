/// The creates of a pool (rules 1, 3 and 10 of ``Planner``).
extension Pool {
    /// Decides how many workspaces to create: as many as are missing, within the bounds of the rollout.
    ///
    /// Example of a rolling update: 10 are desired, a 25 % surge allows 3 more and 2 may be unavailable. 1 current and
    /// 10 outdated workspaces are ready. `replaceReady` removes 3 outdated ones, so that 8 stay ready. Of the 9 that
    /// are missing, 10 + 3 − 8 = 5 are created.
    ///
    /// Example of `Recreate`: 3 are desired, 3 outdated ones are ready. All 3 are removed, and 3 − 3 = 0 are created.
    /// When the first of them is deleted, 3 − 2 = 1 is created.
    mutating func create() {
        let missing = counts.desired - fresh - startingCurrent - suspectCurrent
        if let failure { noteStall(failure) }
        guard missing > 0 else { return }
        var room = missing
        if let bounds = preset.strategy.bounds(desired: counts.desired) {
            room = counts.desired + bounds.surge - total
        } else {
            // Outdated workspaces that are being deleted still count against the limit.
            room = counts.desired - total - leavingOutdated - deletingOutdated
        }
        creations = max(0, min(missing, room))
        if let failure { holdBack(after: failure) }
        holdBackForCanary()
    }

    /// The creates of the pool. Those that the pool would not need if no claim waited have the reason `WaitingClaim`, and come
    /// first. Those that it would not need if no workspace expired have the reason `Expired`, and come last.
    ///
    /// Example: 2 are desired, 2 are ready, and the older one expires soon. 1 is created, with the reason `Expired`.
    var creates: [Action] {
        let missing = min(creations, max(0, counts.desired - counts.actual - startingCurrent))
        func create(_ reason: Reason) -> Action { Action(.create, preset: preset.key, reason: reason) }
        return Array(repeating: create(.waitingClaim), count: createsForClaims)
            + Array(repeating: create(.belowDesired), count: missing - createsForClaims)
            + Array(repeating: create(preset.ttl == nil ? .replaced : .expired), count: creations - missing)
    }

    /// The number of creates that the pool needs only because claims wait.
    ///
    /// Example: 2 are desired without claims, 2 claims wait, and 3 are starting. 1 is created, and it is for a claim.
    var createsForClaims: Int {
        let available = counts.actual + startingCurrent
        return min(creations, max(0, counts.desired - max(available, counts.desired - counts.waiting)))
    }

    /// Limits the creates of a new fingerprint to `canary` until one workspace of it was ready, so that a bad new
    /// version fails in a few workspaces only.
    ///
    /// Example: `canary: 1`, 5 creates are due: 1 is created. While it starts, 1 − 1 = 0 are created.
    private mutating func holdBackForCanary() {
        guard isRollout, !isProven, preset.options.canary > 0 else { return }
        let canaries = max(0, preset.options.canary - startingCurrent)
        guard canaries < creations else { return }
        creations = canaries
        if failure == nil { wait = .canary }
    }

    /// Marks the pool as stalled if its failure limit is reached and it lacks workspaces. The mark stays while a new
    /// try runs: only a build that succeeds ends it.
    private mutating func noteStall(_ failure: FailureRecord) {
        guard failure.count >= preset.failureLimit, counts.desired > fresh else { return }
        wait = .stalled(failures: failure.count)
        if !failure.mayRetry(at: planner.now) { noteChange(failure.retryAt) }
    }

    /// Limits the creates after a failure (rule 10): none during the pause, then one build at a time. A stalled pool
    /// follows the same rule with a longer pause.
    private mutating func holdBack(after failure: FailureRecord) {
        guard !failure.mayRetry(at: planner.now) else {
            creations = min(creations, max(0, 1 - startingCurrent))
            return
        }
        creations = 0
        if wait == nil { wait = .backoff(until: failure.retryAt, failures: failure.count) }
        noteChange(failure.retryAt)
    }

    /// Cancels pending creates after a failure, except for the one that is the next try.
    mutating func cancelAfterFailure() {
        guard let failure, startingCurrent > 0 else { return }
        let leaving = Set(removals.compactMap(\.workspace))
        let starting = sorted {
            !leaving.contains($0.id) && isCurrent($0) && ($0.state == .pending || $0.state == .creating)
        }
        let pending = starting.filter { $0.state == .pending }
        let kept = failure.mayRetry(at: planner.now) ? max(0, 1 - (starting.count - pending.count)) : 0
        for instance in pending.dropLast(kept) { remove(instance, reason: .noLongerWanted) }
    }
}
