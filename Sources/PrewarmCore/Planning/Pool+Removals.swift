/// What is removed from a pool, and in which order.
extension Pool {
    mutating func removeBroken() {
        let broken = sorted(where: \.isBroken)
        if preset.retirement == nil {
            kept = broken.filter { $0.state == .failed }.suffix(preset.options.keepFailed)
        }
        noteKeptFailed()
        let ids = Set(kept.map(\.id))
        for instance in broken where !ids.contains(instance.id) {
            remove(instance, reason: instance.state == .failed ? .failed : .lost)
        }
    }

    mutating func removeAll(for retirement: Preset.Retirement) {
        for instance in sorted(where: { !$0.isBroken }) { remove(instance, reason: retirement.reason) }
    }

    /// Removes current ones above the desired number. Those that are replaced because of their age are not among them.
    mutating func removeExtraneous() {
        guard counts.extraneous > 0 else { return }
        let replaced = Set(due.map(\.id))
        let current = sorted { !$0.isBroken && isCurrent($0) && !isExpired($0) && !replaced.contains($0.id) }
        for instance in approvedFirst(current).prefix(counts.extraneous) { remove(instance, reason: .aboveDesired) }
    }

    /// Removes outdated ones that are not ready: they serve nobody.
    mutating func removeOutdatedStarting() {
        guard counts.outdated > 0 else { return }
        for instance in sorted(where: { !$0.isBroken && !isCurrent($0) && $0.state != .ready }) {
            remove(instance, reason: .outdated)
        }
    }

    /// Removes ready ones that expired, then outdated ones, then those that soon expire, as far as the floor allows
    /// (rule 3). A workspace that soon expires waits for its replacement where a surge makes one.
    ///
    /// Example: three are desired, `maxSurge: 1, maxUnavailable: 0`, one of three has expired. It stays and can be
    /// claimed; one is created. When that is ready, four are ready, and the expired one is removed.
    mutating func replaceReady() {
        let expired = sorted { $0.state == .ready && isExpired($0) }
        for instance in expired where readyLeft > floor { remove(instance, reason: .expired) }
        let outdated = sorted { $0.state == .ready && !isCurrent($0) && !isExpired($0) }
        for instance in approvedFirst(outdated) where readyLeft > floor { remove(instance, reason: .outdated) }
        let hasSurge = preset.strategy.bounds(desired: counts.desired).map { $0.surge > 0 } ?? false
        for instance in due where readyLeft > (hasSurge ? counts.desired : floor) { remove(instance, reason: .expired) }
    }

    /// Cancels a create that was never started; deletes everything else.
    mutating func remove(_ instance: Instance, reason: Reason) {
        let isCancel = instance.state == .pending
        removals.append(
            Action(
                isCancel ? .cancel : .delete, preset: preset.key, workspace: instance.id,
                reason: isCancel ? .noLongerWanted : reason, isByRevision: !isCancel && isByRevision(reason)))
        if instance.state == .ready { readyLeft -= 1 }
        // What is held keeps its place, also in a surge. Where all is only observed, it is planned as if it went.
        guard isObserved || hold(on: isCancel ? .cancel : .delete) == nil else { return }
        if !instance.isBroken { total -= 1 }
        if !isCancel, !isCurrent(instance) { leavingOutdated += 1 }
    }

    /// Removes the oldest kept failures, so that wanted workspaces get their room (``GivingWay``).
    mutating func giveWay(_ count: Int) {
        for instance in kept.prefix(count) { remove(instance, reason: .failed) }
        kept.removeFirst(count)
    }

    /// Of what is above the number, so many are a revision's doing as it lowered that, whatever became of their ttl.
    /// Where a new version comes with a lower number, what goes of the old one is not all replaced.
    private mutating func isByRevision(_ reason: Reason) -> Bool {
        switch reason {
        case .pruned, .deprecated, .inactive: return true
        case .outdated: return lowered > 0 || preset.strategy.takesMost(of: counts.desired)
        case .expired where isGuardUnknown: return false
        case .aboveDesired, .expired:
            guard lowering > 0 else { return false }
            lowering -= 1
            return true
        default: return false
        }
    }

    /// Returns approved ones first, so that an approval is used up before others are removed. Those that are not ready
    /// stay before those that are.
    private func approvedFirst(_ instances: [Instance]) -> [Instance] {
        guard !approved.isEmpty else { return instances }
        let starting = instances.filter { $0.state != .ready }
        return [starting, instances.filter { $0.state == .ready }].flatMap { equals in
            equals.filter { approved.contains($0.id) } + equals.filter { !approved.contains($0.id) }
        }
    }
}

extension Preset.Retirement {
    /// The reason of the deletions that it causes.
    package var reason: Reason {
        switch self {
        case .deprecated, .templateDeprecated: .deprecated
        case .inactive: .inactive
        case .pruned: .pruned
        }
    }
}
