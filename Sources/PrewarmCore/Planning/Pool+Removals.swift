/// The removals of a pool, in their order (rules 2 to 6 of ``Planner``).
extension Pool {
    /// Removes lost and failed workspaces. The last `keepFailed` failed ones are kept, unless the preset is retired.
    mutating func removeBroken() {
        let broken = sorted(where: \.isBroken)
        if preset.retirement == nil {
            kept = broken.filter { $0.state == .failed }.suffix(preset.options.keepFailed)
        }
        yielding = kept
        noteKeptFailed()
        let ids = Set(kept.map(\.id))
        for instance in broken where !ids.contains(instance.id) {
            remove(instance, reason: instance.state == .failed ? .failed : .lost)
        }
    }

    /// Removes all unclaimed workspaces of a retired preset, unless the retirement waits for an approval.
    mutating func removeAll(for retirement: Preset.Retirement) {
        guard !preset.isRetirementHeld else { return }
        for instance in sorted(where: { !$0.isBroken }) { remove(instance, reason: retirement.reason) }
    }

    /// Removes current workspaces above the desired number. Workspaces that are due for renewal are left to
    /// ``replaceReady()``.
    mutating func removeExtraneous() {
        guard counts.extraneous > 0 else { return }
        let replaced = Set(due.map(\.id))
        let current = sorted {
            !$0.isBroken && $0.state != .unhealthy && isCurrent($0) && !($0.state == .ready && isExpired($0))
                && !replaced.contains($0.id)
        }
        for instance in current.prefix(counts.extraneous) { remove(instance, reason: .aboveDesired) }
    }

    /// Removes outdated workspaces that are not ready, since they cannot be claimed.
    mutating func removeOutdatedStarting() {
        guard counts.outdated > 0 else { return }
        let kept: Set<WorkspaceState> = [.ready, .suspect, .unhealthy]
        for instance in sorted(where: { !$0.isBroken && !isCurrent($0) && !kept.contains($0.state) }) {
            remove(instance, reason: .outdated)
        }
    }

    /// Removes ready workspaces: expired ones first, then outdated ones, then those that are due for renewal. As many
    /// stay ready as the rollout's floor says (rule 3). If the strategy has a surge, a workspace that is due for
    /// renewal stays until its replacement is ready.
    ///
    /// Example: 3 are desired with `maxSurge: 1, maxUnavailable: 0`, so the floor is 3 − 0 = 3. All 3 are ready and
    /// one of them has expired. It stays claimable, and one is created. When that one is ready, 4 are ready, and the
    /// expired one is removed.
    mutating func replaceReady() {
        let expired = sorted { $0.state == .ready && isExpired($0) }
        for instance in expired where readyLeft > floor {
            remove(instance, reason: isReplaced(instance) ? .replaced : .expired)
        }
        let outdated = sorted { $0.state == .ready && !isCurrent($0) && !isExpired($0) }
        for instance in outdated where readyLeft > floor { remove(instance, reason: .outdated) }
        let hasSurge = preset.strategy.bounds(desired: counts.desired).map { $0.surge > 0 } ?? false
        for instance in due where readyLeft > (hasSurge ? counts.desired : floor) { remove(instance, reason: .expired) }
    }

    /// Removes unhealthy workspaces, which cannot be claimed, if as many workspaces are ready as the rollout's floor says.
    /// The others stay until their replacements are ready, since a check may be wrong.
    ///
    /// Example: 3 are desired with `maxUnavailable: 0`, so the floor is 3. 2 are ready and 1 is unhealthy. It stays, and
    /// one is created. When that one is ready, 3 are ready, and the unhealthy one is removed.
    mutating func removeUnhealthy() {
        for instance in sorted(where: { $0.state == .unhealthy }) {
            if readyLeft >= floor {
                remove(instance, reason: .unhealthy)
            } else {
                yielding.append(instance)
            }
        }
    }

    /// Adds the removal of a workspace: a cancel if its create is pending, otherwise a delete.
    mutating func remove(_ instance: Instance, reason: Reason) {
        let isCancel = instance.state == .pending
        removals.append(
            Action(
                isCancel ? .cancel : .delete, preset: preset.key, workspace: instance.id,
                reason: isCancel ? .noLongerWanted : reason))
        if instance.state == .ready { readyLeft -= 1 }
        // A held removal does not make room for a create. With `mode: observe` everything is held: the plan then
        // shows what would happen without the mode.
        guard isObserved || hold(on: isCancel ? .cancel : .delete) == nil else { return }
        if !instance.isBroken, instance.state != .unhealthy { total -= 1 }
        if !isCancel, !isCurrent(instance) { leavingOutdated += 1 }
    }

    /// Removes the oldest kept failures, then unhealthy workspaces, so that creates get their room (``GivingWay``).
    mutating func giveWay(_ count: Int) {
        for instance in yielding.prefix(count) {
            remove(instance, reason: instance.state == .unhealthy ? .unhealthy : .failed)
        }
        yielding.removeFirst(count)
    }
}

extension Preset.Retirement {
    /// The reason of the deletions that the retirement causes.
    package var reason: Reason {
        switch self {
        case .deprecated, .templateDeprecated: .deprecated
        case .inactive: .inactive
        case .pruned: .pruned
        }
    }
}
