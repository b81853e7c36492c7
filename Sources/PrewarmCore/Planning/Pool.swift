/// One preset while it is planned: counts first, then what is removed, then what is created.
struct Pool {
    let preset: Preset
    let planner: Planner
    private(set) var counts = PoolCounts()
    var removals: [Action] = []
    /// How many instances to create.
    var creations = 0
    var wait: Wait?
    private(set) var nextChange: Timestamp?
    let suspension: Suspension?
    let standstill: Standstill?
    /// As ``GuardState/isUnknown``.
    let isGuardUnknown: Bool
    /// As ``GuardState/lowered``.
    let lowered: Int
    /// Of ``lowered``, what is not accounted for yet.
    var lowering: Int
    /// As ``GuardState/approved``.
    let approved: Set<WorkspaceID>

    let instances: [Instance]
    let failure: FailureRecord?
    let renewal: Renewal?
    /// Live and unclaimed, of the current fingerprint, and not ready.
    private(set) var startingCurrent = 0
    /// Pending and creating ones of an old fingerprint are in ``PoolCounts/starting`` too.
    private(set) var outdatedReady = 0
    private(set) var deletingOutdated = 0
    /// As ``deletingOutdated``, by what is decided here.
    var leavingOutdated = 0
    /// All that exist or will, and don't belong to a user: what a surge counts.
    var total = 0
    /// Ready ones of any fingerprint that nothing has been decided about: what the floor of the rollout counts.
    var readyLeft = 0
    /// The same as ``total``, as it was found.
    private(set) var unclaimed = 0
    private(set) var isProven = false
    private(set) var isRollout = false
    /// Ready, current and not expired, but to be replaced before they expire; the oldest first.
    private(set) var due: [Instance] = []
    /// Failed ones that stay for inspection, the oldest first.
    var kept: [Instance] = []

    init(_ preset: Preset, planner: Planner, tallies: [Tally], observed: Observed, standstill: Standstill?) {
        self.preset = preset
        self.planner = planner
        instances = observed.instances[preset.key] ?? []
        suspension = observed.suspension(of: preset.key, at: planner.now)
        failure = observed.failures[preset.key].flatMap { $0.fingerprint == preset.fingerprint ? $0 : nil }
        self.standstill = standstill
        let guarding = observed.guards[preset.key.source]
        isGuardUnknown = guarding?.isUnknown == true
        lowered = isGuardUnknown ? .max : guarding?.lowered[preset.key.name] ?? 0
        lowering = lowered
        approved = guarding?.approved ?? []
        let desired = planner.desired(preset)
        counts.desired = desired
        renewal = Renewal(preset, desired: desired, buildTime: observed.buildTimes[preset.key])
        // Where all of the old ones go first, nothing tells in the end that there were any.
        isRollout = preset.strategy == .recreate
        for tally in tallies { count(tally) }
        counts.expired = instances.count { isCurrent($0) && $0.state == .ready && isExpired($0) }
        counts.eligible = counts.actual - counts.expired
        due = dueForRenewal()
        counts.extraneous = max(0, fresh + startingCurrent - counts.desired)
        total = counts.actual + counts.starting + outdatedReady
        unclaimed = total
        readyLeft = counts.actual + outdatedReady
        counts.claimable = claimable
        noteNextChange(tallies)
        // A retired preset hands nothing out.
        if preset.retirement != nil { (counts.eligible, counts.claimable) = (0, 0) }
    }

    var plan: PoolPlan {
        PoolPlan(
            preset: preset.key, counts: counts, unclaimed: unclaimed, wait: wait, suspension: suspension,
            nextChange: nextChange)
    }

    mutating func decide() {
        guard !preset.isSuspended, suspension == nil else { return }
        switch standstill?.hold {
        case .freeze(let end): noteChange(end)
        // It may be there again.
        case .timezone: noteChange(planner.now + .seconds(60))
        default: break
        }
        removeBroken()
        if let retirement = preset.retirement {
            removeAll(for: retirement)
            return
        }
        removeExtraneous()
        removeOutdatedStarting()
        replaceReady()
        create()
        cancelAfterFailure()
    }

    // MARK: What there is

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
        if isCurrent {
            if tally.count > 0, tally.state == .ready || tally.state == .claimed { isProven = true }
        } else if tally.count > 0, [.pending, .creating, .ready, .failed, .deleting].contains(tally.state) {
            isRollout = true
        }
        let isLive = [.pending, .creating, .ready].contains(tally.state)
        if isLive, !isCurrent { counts.outdated += tally.count }
    }

    func isCurrent(_ instance: Instance) -> Bool { instance.fingerprint == preset.fingerprint }

    func isExpired(_ instance: Instance) -> Bool {
        guard let ttl = preset.ttl, let readyAt = instance.readyAt else { return false }
        return readyAt + ttl <= planner.now
    }

    /// How many are ready and need no replacement.
    var fresh: Int { counts.eligible - due.count }

    /// How many ready instances the strategy keeps for claims while it replaces others, whatever the cause.
    var floor: Int { preset.strategy.floor(desired: counts.desired) }

    /// Unexpired ones, and expired ones as far as the floor needs them. Example: three are desired, the floor is three,
    /// one is ready and two have expired: all three can be claimed until the two have replacements.
    private var claimable: Int {
        let expired = instances.count { $0.state == .ready && isExpired($0) }
        let offersOutdated = preset.offersOutdated || suspension != nil || isObserved
        let unexpired = counts.eligible + (offersOutdated ? outdatedReady - (expired - counts.expired) : 0)
        return unexpired + min(expired, max(0, floor - unexpired))
    }

    mutating func noteKeptFailed() { counts.keptFailed = kept.count }

    private func dueForRenewal() -> [Instance] {
        guard let renewal, preset.retirement == nil else { return [] }
        let ready = sorted { $0.state == .ready && isCurrent($0) && !isExpired($0) }
        return zip(ready, renewal.times(of: ready)).filter { $0.1 <= planner.now }.map(\.0)
    }

    /// In the order in which they are removed: failed ones, then those that are not ready, then the oldest ready ones; ties
    /// by id (rule 2).
    func sorted(where isIncluded: (Instance) -> Bool) -> [Instance] {
        instances.filter { isCandidate($0) && isIncluded($0) }.sorted { left, right in
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

    // MARK: What holds actions back

    /// Nothing of it goes, whatever is planned.
    var isObserved: Bool { standstill?.hold == .observe }

    func hold(on kind: Action.Kind) -> Hold? {
        guard let standstill, !standstill.allowed.contains(kind) else { return nil }
        return standstill.hold
    }

    // MARK: When to look again

    private mutating func noteNextChange(_ tallies: [Tally]) {
        if let until = suspension?.until { noteChange(until) }
        if let ttl = preset.ttl {
            let oldest = tallies.filter { $0.state == .ready }.compactMap(\.oldestReadyAt).min()
            if let first = oldest.map({ $0 + ttl - (renewal?.lead ?? .zero) }), first > planner.now {
                noteChange(first)
            } else {
                let current = sorted { $0.state == .ready && isCurrent($0) && !isExpired($0) }
                let ends = instances.filter { $0.state == .ready }.compactMap(\.readyAt).map { $0 + ttl }
                let times = ends + (renewal?.times(of: current) ?? [])
                if let next = times.filter({ $0 > planner.now }).min() { noteChange(next) }
            }
        }
        if let schedule = preset.schedule, let zone = planner.zones[schedule.timezone],
            let change = schedule.nextChange(after: planner.now, zone: zone)
        {
            noteChange(change.at)
        }
    }

    mutating func noteChange(_ at: Timestamp) {
        if at < nextChange ?? .distantFuture { nextChange = at }
    }
}

extension Instance {
    /// It serves nobody and never will.
    var isBroken: Bool { state == .failed || state == .lost }

    fileprivate var rank: Int {
        switch state {
        case .failed, .lost: 0
        case .ready: 2
        default: 1
        }
    }
}
