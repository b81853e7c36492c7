/// The planning of one preset: counts first, then removals, then creates. ``decide()`` shows the order of the
/// decisions.
struct Pool {
    let preset: Preset
    let planner: Planner
    private(set) var counts = PoolCounts()
    var removals: [Action] = []
    /// The number of workspaces to create.
    var creations = 0
    var wait: Wait?
    private(set) var nextChange: Timestamp?
    let suspension: Suspension?
    let standstill: Standstill?
    let instances: [Instance]
    /// The failures of the current fingerprint; nil if its last build succeeded.
    let failure: FailureRecord?
    let renewal: Renewal?
    /// The outage of the preset's provisioner; nil if it is available.
    private let providerOutage: Outage?
    private let brokenClaims: Int
    /// The number of pending and creating workspaces of the current fingerprint. ``PoolCounts/starting`` also counts
    /// outdated ones.
    private(set) var startingCurrent = 0
    /// The number of ready workspaces of another fingerprint.
    private(set) var outdatedReady = 0
    /// The number of suspect workspaces of the current fingerprint. They may be ready again after the next check.
    private(set) var suspectCurrent = 0
    /// The number of suspect workspaces of any fingerprint.
    private var suspects = 0
    /// The workspaces that an operator wants to have replaced.
    private let replaced: Set<WorkspaceID>
    /// The number of outdated workspaces that are being deleted since an earlier reconciliation.
    private(set) var deletingOutdated = 0
    /// The number of outdated workspaces that this plan deletes.
    var leavingOutdated = 0
    /// The number of unclaimed workspaces that are ready or starting, without those that this plan removes. The surge
    /// bounds it.
    var total = 0
    /// The number of ready workspaces of any fingerprint, without those that this plan removes. The floor of the
    /// rollout bounds it.
    var readyLeft = 0
    /// The value of ``total`` before any decision.
    private(set) var unclaimed = 0
    /// True if a workspace of the current fingerprint is or was ready.
    private(set) var isProven = false
    /// True if the pool changes from another fingerprint to the current one.
    private(set) var isRollout = false
    /// The ready workspaces that have not expired but are due for renewal, the oldest first.
    private(set) var due: [Instance] = []
    /// The failed workspaces that `keepFailed` keeps, the oldest first.
    var kept: [Instance] = []
    /// The workspaces that are deleted if a limit holds creates: ``kept`` ones, and unhealthy ones that stay for now.
    var yielding: [Instance] = []

    init(_ preset: Preset, planner: Planner, tallies: [Tally], observed: Observed, standstill: Standstill?) {
        self.preset = preset
        self.planner = planner
        instances = observed.instances[preset.key] ?? []
        suspension = observed.suspension(of: preset.key, at: planner.now)
        failure = observed.failures[preset.key].flatMap { $0.fingerprint == preset.fingerprint ? $0 : nil }
        self.standstill = standstill
        let demand = observed.demand(of: preset)
        let desired = planner.desired(preset, observed)
        counts.desired = desired
        counts.waiting = demand?.count ?? 0
        replaced = observed.replaced[preset.key] ?? []
        brokenClaims = observed.brokenClaims[preset.key] ?? 0
        providerOutage = observed.outages[preset.spec.provisioner]
        renewal = Renewal(preset, desired: desired, buildTime: observed.buildTimes[preset.key])
        // `Recreate` deletes all outdated workspaces first, so later none of them shows that this is a rollout.
        isRollout = preset.strategy == .recreate
        for tally in tallies { count(tally) }
        counts.expired = instances.count { isCurrent($0) && $0.state == .ready && isExpired($0) }
        counts.eligible = counts.actual - counts.expired
        due = dueForRenewal()
        counts.extraneous = max(0, fresh + startingCurrent + suspectCurrent - counts.desired)
        total = counts.actual + counts.starting + outdatedReady + suspects
        unclaimed = total
        readyLeft = counts.actual + outdatedReady
        counts.claimable = claimable
        noteNextChange(tallies)
        if let change = demand?.changesAt { noteChange(change) }
        // Claims on a retired preset are refused.
        if preset.retirement != nil { (counts.eligible, counts.claimable) = (0, 0) }
    }

    var plan: PoolPlan {
        PoolPlan(
            preset: preset.key, counts: counts, unclaimed: unclaimed, wait: wait, suspension: suspension,
            nextChange: nextChange, unreadableZone: unreadableZone, outage: outage,
            brokenClaims: brokenClaims)
    }

    /// The outage, if the pool lacks workspaces.
    private var outage: Outage? {
        let lacks =
            preset.retirement == nil && !preset.isSuspended && suspension == nil
            && (fresh < counts.desired || startingCurrent > 0)
        return lacks ? providerOutage : nil
    }

    private var unreadableZone: String? {
        if case .timezone(let name) = standstill?.hold { name } else { nil }
    }

    /// Decides the removals and creates of the pool. A suspended pool decides nothing.
    mutating func decide() {
        guard !preset.isSuspended, suspension == nil else { return }
        switch standstill?.hold {
        case .freeze(let end): noteChange(end)
        // The time zone may become readable, so the plan is made again in a minute.
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
        removeUnhealthy()
        create()
        cancelAfterFailure()
    }

    // MARK: Counts

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
        case .suspect:
            counts.unhealthy += tally.count
            suspects += tally.count
            if isCurrent { suspectCurrent += tally.count }
        case .unhealthy: counts.unhealthy += tally.count
        case .deleted, .lost: break
        }
        if isCurrent {
            if tally.count > 0, [.ready, .claimed, .suspect, .unhealthy].contains(tally.state) { isProven = true }
        } else if tally.count > 0, ![.claimed, .deleted, .lost].contains(tally.state) {
            isRollout = true
        }
        let isLive = [.pending, .creating, .ready, .suspect].contains(tally.state)
        if isLive, !isCurrent { counts.outdated += tally.count }
    }

    func isCurrent(_ instance: Instance) -> Bool { instance.fingerprint == preset.fingerprint }

    func isExpired(_ instance: Instance) -> Bool {
        if replaced.contains(instance.id) { return true }
        guard let ttl = preset.ttl, let readyAt = instance.readyAt else { return false }
        return readyAt + ttl <= planner.now
    }

    /// True if an operator wants to have the workspace replaced.
    func isReplaced(_ instance: Instance) -> Bool { replaced.contains(instance.id) }

    /// The number of ready workspaces that need no replacement.
    var fresh: Int { counts.eligible - due.count }

    /// The number of ready workspaces that the strategy keeps for claims while it replaces others.
    var floor: Int { preset.strategy.floor(desired: counts.desired) }

    /// The number of claimable workspaces: unexpired ones, and expired ones as far as the floor needs them.
    ///
    /// Example: 3 are desired, the floor is 3, 1 is ready and 2 have expired. 1 + min(2, 3 − 1) = 3 are claimable
    /// until the two have replacements.
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

    /// Returns the unclaimed workspaces in the order in which they are removed (rule 2): failed and lost ones, then
    /// those that are not ready, then the oldest ready ones; ties by id.
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
        case .pending, .creating, .ready, .failed, .lost, .suspect, .unhealthy: true
        case .claimed, .deleting, .deleted: false
        }
    }

    // MARK: Holds

    /// True if the preset or its source has `mode: observe`.
    var isObserved: Bool { standstill?.hold == .observe }

    /// Returns the hold on all actions of a kind in this pool; nil if they are allowed.
    func hold(on kind: Action.Kind) -> Hold? {
        guard let standstill, !standstill.allowed.contains(kind) else { return nil }
        return standstill.hold
    }

    /// Returns the hold on a removal; nil if it may be carried out. `deletionPolicy: Retain` keeps the workspaces of a
    /// retired preset, except failed and lost ones.
    func hold(on removal: Action) -> Hold? {
        if let hold = hold(on: removal.kind) { return hold }
        let isForRetirement = removal.kind == .delete && removal.reason == preset.retirement?.reason
        return isForRetirement && preset.options.deletionPolicy == .retain ? .retain : nil
    }

    // MARK: Next change

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
    /// True if the workspace failed or is lost, so that it never becomes claimable.
    var isBroken: Bool { state == .failed || state == .lost }

    fileprivate var rank: Int {
        switch state {
        case .failed, .lost: 0
        case .ready: 2
        default: 1
        }
    }
}
