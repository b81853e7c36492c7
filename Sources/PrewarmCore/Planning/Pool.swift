/// One preset while it is planned: counts first, then what goes, then what comes.
struct Pool {
    let preset: Preset
    let planner: Planner
    private(set) var counts = PoolCounts()
    private(set) var removals: [Action] = []
    /// How many instances to create.
    private(set) var creations = 0
    private(set) var wait: Wait?
    private(set) var nextChange: Timestamp?
    let suspension: Suspension?

    private let instances: [Instance]
    private let failure: FailureRecord?
    /// Live and unclaimed, of the current fingerprint: what is not ready, and what is ready and not expired.
    private var startingCurrent = 0
    /// Pending and creating ones of an old fingerprint are in ``PoolCounts/starting`` too.
    private var outdatedReady = 0
    private var deletingOutdated = 0
    /// As ``deletingOutdated``, by what is decided here.
    private var leavingOutdated = 0
    /// All that exist or will, and don't belong to a user: what a surge counts.
    private var total = 0

    init(_ preset: Preset, planner: Planner, observed: Observed) {
        self.preset = preset
        self.planner = planner
        instances = observed.instances[preset.key] ?? []
        suspension = observed.suspensions.first { $0.scope.covers(preset.key) && $0.isInForce(at: planner.now) }
        failure = observed.failures[preset.key].flatMap { $0.fingerprint == preset.fingerprint ? $0 : nil }
        counts.desired = planner.desired(preset)
        for tally in observed.tallies[preset.key] ?? [] { count(tally) }
        counts.expired = instances.count { isCurrent($0) && $0.state == .ready && isExpired($0) }
        counts.eligible = counts.actual - counts.expired
        counts.extraneous = max(0, counts.eligible + startingCurrent - counts.desired)
        let claimableOutdated =
            outdatedReady - instances.count { !isCurrent($0) && $0.state == .ready && isExpired($0) }
        counts.claimable = preset.retirement == nil ? counts.eligible + claimableOutdated : 0
        total = counts.actual + counts.starting + outdatedReady
        noteNextChange(observed.tallies[preset.key] ?? [])
    }

    mutating func decide() {
        guard !preset.isSuspended, suspension == nil else { return }
        removeBroken()
        if let retirement = preset.retirement {
            removeAll(for: retirement)
            return
        }
        removeExpired()
        removeExtraneous()
        replaceOutdated()
        create()
    }

    private mutating func count(_ tally: Tally) {
        let isCurrent = tally.fingerprint == preset.fingerprint
        switch tally.state {
        case .claimed: counts.claimed += tally.count
        case .deleting:
            counts.deleting += tally.count
            if !isCurrent { deletingOutdated += tally.count }
        case .failed: counts.failed += tally.count
        case .pending, .creating:
            counts.starting += tally.count
            if isCurrent { startingCurrent += tally.count }
        case .ready:
            if isCurrent { counts.actual += tally.count } else { outdatedReady += tally.count }
        case .deleted, .lost: break
        }
        let isLive = [.pending, .creating, .ready, .failed].contains(tally.state)
        if isLive, !isCurrent { counts.outdated += tally.count }
    }

    private func isCurrent(_ instance: Instance) -> Bool { instance.fingerprint == preset.fingerprint }

    private func isExpired(_ instance: Instance) -> Bool {
        guard let ttl = preset.ttl, let readyAt = instance.readyAt else { return false }
        return readyAt + ttl <= planner.now
    }

    // MARK: What goes

    private mutating func removeBroken() {
        for instance in sorted(where: \.isBroken) {
            remove(instance, reason: instance.state == .failed ? .failed : .lost)
        }
    }

    private mutating func removeAll(for retirement: Preset.Retirement) {
        for instance in sorted(where: { !$0.isBroken }) {
            remove(instance, reason: retirement.reason)
        }
    }

    /// Nobody can claim them, so that taking them away makes nothing scarcer.
    private mutating func removeExpired() {
        for instance in sorted(where: { $0.state == .ready && isExpired($0) }) {
            remove(instance, reason: .expired)
        }
    }

    private mutating func removeExtraneous() {
        guard counts.extraneous > 0 else { return }
        let current = sorted { !$0.isBroken && isCurrent($0) && !isExpired($0) }
        for instance in current.prefix(counts.extraneous) { remove(instance, reason: .aboveDesired) }
    }

    /// Those that are not ready yet serve nobody; those that are go as far as the floor allows, or all at once.
    private mutating func replaceOutdated() {
        guard counts.outdated > 0 else { return }
        let outdated = sorted { !$0.isBroken && !isCurrent($0) && !isExpired($0) }
        for instance in outdated where instance.state != .ready { remove(instance, reason: .outdated) }
        let ready = outdated.filter { $0.state == .ready }
        var removable = ready.count
        if let bounds = preset.strategy.bounds(desired: counts.desired) {
            let kept = counts.eligible - min(counts.eligible, excessReady)
            removable = max(0, kept + ready.count - (counts.desired - bounds.unavailable))
        }
        for instance in ready.prefix(removable) { remove(instance, reason: .outdated) }
    }

    /// How many of the eligible ones ``removeExtraneous()`` took.
    private var excessReady: Int { max(0, counts.extraneous - startingCurrent) }

    /// A create that nobody was asked for is cancelled; what has been asked for is deleted.
    private mutating func remove(_ instance: Instance, reason: Reason) {
        let isCancel = instance.state == .pending
        removals.append(
            Action(
                isCancel ? .cancel : .delete, preset: preset.key, workspace: instance.id,
                reason: isCancel ? .noLongerWanted : reason))
        if !instance.isBroken { total -= 1 }
        if !isCancel, !isCurrent(instance) { leavingOutdated += 1 }
    }

    /// Failed first, then what is not ready, then the oldest ready; ties by id (rule 2).
    private func sorted(where isWanted: (Instance) -> Bool) -> [Instance] {
        instances.filter { isCandidate($0) && isWanted($0) }.sorted { left, right in
            if left.rank != right.rank { return left.rank < right.rank }
            if left.readyAt != right.readyAt {
                return left.readyAt ?? .distantFuture < right.readyAt ?? .distantFuture
            }
            return left.id < right.id
        }
    }

    private func isCandidate(_ instance: Instance) -> Bool {
        switch instance.state {
        case .pending, .creating, .ready, .failed, .lost: true
        case .claimed, .deleting, .deleted: false
        }
    }

    // MARK: What comes

    private mutating func create() {
        let missing = counts.desired - counts.eligible - startingCurrent
        guard missing > 0 else { return }
        var room = missing
        if let bounds = preset.strategy.bounds(desired: counts.desired) {
            room = counts.desired + bounds.surge - total
        } else {
            // Of the old ones, those on their way out still take their place, whyever they go.
            room = counts.desired - total - leavingOutdated - deletingOutdated
        }
        creations = max(0, min(missing, room))
        if let failure { holdBack(after: failure) }
    }

    /// After a failure one build at a time tries again, so that a bad version costs little (rule 10).
    private mutating func holdBack(after failure: FailureRecord) {
        if failure.count >= preset.failureLimit {
            wait = .stalled(failures: failure.count)
            creations = 0
        } else if planner.now < failure.retryAt {
            wait = .backoff(until: failure.retryAt, failures: failure.count)
            creations = 0
            noteChange(failure.retryAt)
        } else {
            creations = min(creations, max(0, 1 - startingCurrent))
        }
    }

    // MARK: When to look again

    private mutating func noteNextChange(_ tallies: [Tally]) {
        if let until = suspension?.until { noteChange(until) }
        if let ttl = preset.ttl {
            // Without instances none is expired yet, so that the oldest ready one is the next.
            let ready =
                instances.isEmpty
                ? tallies.filter { $0.state == .ready }.compactMap(\.oldestReadyAt)
                : instances.filter { $0.state == .ready }.compactMap(\.readyAt)
            if let next = ready.map({ $0 + ttl }).filter({ $0 > planner.now }).min() { noteChange(next) }
        }
        if let schedule = preset.schedule, let zone = planner.zones[schedule.timezone],
            let change = schedule.nextChange(after: planner.now, zone: zone)
        {
            noteChange(change.at)
        }
    }

    private mutating func noteChange(_ at: Timestamp) {
        if at < nextChange ?? .distantFuture { nextChange = at }
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

extension Instance {
    /// It serves nobody and never will.
    fileprivate var isBroken: Bool { state == .failed || state == .lost }

    fileprivate var rank: Int {
        switch state {
        case .failed, .lost: 0
        case .ready: 2
        default: 1
        }
    }
}
