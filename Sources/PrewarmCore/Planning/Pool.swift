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
    private let standstill: Standstill?
    /// As ``GuardState/isUnknown``.
    private let isGuardUnknown: Bool
    /// As ``GuardState/lowered``.
    private let lowered: Int
    /// Of ``lowered``, what is not accounted for yet.
    private var lowering: Int
    /// As ``GuardState/approved``.
    private let approved: Set<WorkspaceID>

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
    /// The same as it was found.
    private(set) var unclaimed = 0
    private var isProven = false
    private var isRollout = false
    /// Ready, and soon to expire: each is replaced before it is gone.
    private var renewing: [Instance] = []

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
        counts.desired = planner.desired(preset)
        // Where all of the old ones go first, nothing tells in the end that there were any.
        isRollout = preset.strategy == .recreate
        for tally in tallies { count(tally) }
        counts.expired = instances.count { isCurrent($0) && $0.state == .ready && isExpired($0) }
        counts.eligible = counts.actual - counts.expired
        renewing = dueForRenewal()
        counts.extraneous = max(0, counts.eligible - renewing.count + startingCurrent - counts.desired)
        let claimableOutdated =
            outdatedReady - instances.count { !isCurrent($0) && $0.state == .ready && isExpired($0) }
        counts.claimable = counts.eligible + claimableOutdated
        total = counts.actual + counts.starting + outdatedReady
        unclaimed = total
        noteNextChange(tallies)
        // What is there goes, and is handed out to nobody meanwhile.
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
        removeExpired()
        removeExtraneous()
        renew()
        replaceOutdated()
        create()
        cancelAfterFailure()
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
        if isCurrent {
            if tally.count > 0, tally.state == .ready || tally.state == .claimed { isProven = true }
        } else if tally.count > 0, [.pending, .creating, .ready, .failed, .deleting].contains(tally.state) {
            isRollout = true
        }
        let isLive = [.pending, .creating, .ready].contains(tally.state)
        if isLive, !isCurrent { counts.outdated += tally.count }
    }

    private func isCurrent(_ instance: Instance) -> Bool { instance.fingerprint == preset.fingerprint }

    private func isExpired(_ instance: Instance) -> Bool {
        guard let ttl = preset.ttl, let readyAt = instance.readyAt else { return false }
        return readyAt + ttl <= planner.now
    }

    // MARK: What goes

    private mutating func removeBroken() {
        let broken = sorted(where: \.isBroken)
        let failed = broken.filter { $0.state == .failed }
        let kept = preset.retirement == nil ? Set(failed.suffix(preset.options.keepFailed).map(\.id)) : []
        counts.keptFailed = kept.count
        for instance in broken where !kept.contains(instance.id) {
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
        let soonGone = Set(renewing.map(\.id))
        let current = sorted { !$0.isBroken && isCurrent($0) && !isExpired($0) && !soonGone.contains($0.id) }
        for instance in approvedFirst(current).prefix(counts.extraneous) { remove(instance, reason: .aboveDesired) }
    }

    /// What soon expires goes when another one has taken its place, so that its end leaves no gap.
    private mutating func renew() {
        guard !renewing.isEmpty, let bounds = preset.strategy.bounds(desired: counts.desired) else { return }
        let floor = bounds.surge > 0 ? counts.desired : counts.desired - bounds.unavailable
        let kept = counts.eligible - min(counts.eligible - renewing.count, excessReady)
        for instance in renewing.prefix(max(0, kept - floor)) { remove(instance, reason: .expired) }
    }

    /// Instances that were made at one moment end one after the other: each a step before the next one, and in all
    /// within the last tenth of the ttl. Those of a `Recreate` go when they expire.
    private func dueForRenewal() -> [Instance] {
        guard let ttl = preset.ttl, preset.renewalLead > .zero, preset.retirement == nil else { return [] }
        let ready = sorted { $0.state == .ready && isCurrent($0) && !isExpired($0) }
        let times = renewalTimes(of: ready, ttl)
        return zip(ready, times).filter { $0.1 <= planner.now }.map(\.0)
    }

    /// - Parameter ready: the oldest first.
    private func renewalTimes(of ready: [Instance], _ ttl: Duration) -> [Timestamp] {
        guard !ready.isEmpty else { return [] }
        // By the desired number, so that one more during a replacement changes no time.
        let step = preset.renewalLead / max(1, counts.desired)
        var next = Timestamp.distantFuture
        return ready.reversed().map { instance in
            let end = instance.readyAt.map { $0 + ttl } ?? .distantFuture
            next = next == .distantFuture ? end : max(min(end, next - step), end - preset.renewalLead)
            return next
        }.reversed()
    }

    /// Those that are not ready yet serve nobody; those that are go as far as the floor allows, or all at once.
    private mutating func replaceOutdated() {
        guard counts.outdated > 0 else { return }
        let outdated = sorted { !$0.isBroken && !isCurrent($0) && !isExpired($0) }
        for instance in outdated where instance.state != .ready { remove(instance, reason: .outdated) }
        let ready = outdated.filter { $0.state == .ready }
        var removable = ready.count
        if let bounds = preset.strategy.bounds(desired: counts.desired) {
            let leaving = removals.count { $0.reason == .expired && renewing.map(\.id).contains($0.workspace) }
            let kept = counts.eligible - leaving - min(counts.eligible - leaving, excessReady)
            removable = max(0, kept + ready.count - (counts.desired - bounds.unavailable))
        }
        for instance in approvedFirst(ready).prefix(removable) { remove(instance, reason: .outdated) }
    }

    /// How many of the eligible ones ``removeExtraneous()`` took.
    private var excessReady: Int { max(0, counts.extraneous - startingCurrent) }

    /// A create that nobody was asked for is cancelled; what has been asked for is deleted.
    private mutating func remove(_ instance: Instance, reason: Reason) {
        let isCancel = instance.state == .pending
        removals.append(
            Action(
                isCancel ? .cancel : .delete, preset: preset.key, workspace: instance.id,
                reason: isCancel ? .noLongerWanted : reason, isByRevision: !isCancel && isByRevision(reason)))
        // What is kept takes its place, also in a surge. Where all is only looked at, it is planned as if it went.
        guard isObserved || hold(on: isCancel ? .cancel : .delete) == nil else { return }
        if !instance.isBroken { total -= 1 }
        if !isCancel, !isCurrent(instance) { leavingOutdated += 1 }
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

    /// What somebody has let go goes before what it might be instead, as long as it serves as many or as few.
    private func approvedFirst(_ instances: [Instance]) -> [Instance] {
        guard !approved.isEmpty else { return instances }
        let starting = instances.filter { $0.state != .ready }
        return [starting, instances.filter { $0.state == .ready }].flatMap { equals in
            equals.filter { approved.contains($0.id) } + equals.filter { !approved.contains($0.id) }
        }
    }

    /// Nothing of it goes, whatever is planned.
    var isObserved: Bool { standstill?.hold == .observe }

    func hold(on kind: Action.Kind) -> Hold? {
        guard let standstill, !standstill.allowed.contains(kind) else { return nil }
        return standstill.hold
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
        let missing = counts.desired - counts.eligible + renewing.count - startingCurrent
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

    /// After a failure one build at a time tries again, so that a bad version costs little (rule 10).
    private mutating func holdBack(after failure: FailureRecord) {
        if failure.count >= preset.failureLimit {
            wait = .stalled(failures: failure.count)
            creations = 0
        } else if !failure.mayRetry(at: planner.now) {
            wait = .backoff(until: failure.retryAt, failures: failure.count)
            creations = 0
            noteChange(failure.retryAt)
        } else {
            creations = min(creations, max(0, 1 - startingCurrent))
        }
    }

    /// What is not asked for yet need not fail, too; one at a time tries again.
    private mutating func cancelAfterFailure() {
        guard let failure, startingCurrent > 0 else { return }
        let leaving = Set(removals.compactMap(\.workspace))
        let starting = sorted { !leaving.contains($0.id) && isCurrent($0) && !$0.isBroken && $0.state != .ready }
        let pending = starting.filter { $0.state == .pending }
        let mayTry = failure.count < preset.failureLimit && failure.mayRetry(at: planner.now)
        let kept = mayTry ? max(0, 1 - (starting.count - pending.count)) : 0
        for instance in pending.dropLast(kept) { remove(instance, reason: .noLongerWanted) }
    }

    // MARK: When to look again

    private mutating func noteNextChange(_ tallies: [Tally]) {
        if let until = suspension?.until { noteChange(until) }
        if let ttl = preset.ttl {
            let oldest = tallies.filter { $0.state == .ready }.compactMap(\.oldestReadyAt).min()
            if let first = oldest.map({ $0 + ttl - preset.renewalLead }), first > planner.now {
                noteChange(first)
            } else {
                let current = sorted { $0.state == .ready && isCurrent($0) && !isExpired($0) }
                let ends = instances.filter { $0.state == .ready }.compactMap(\.readyAt).map { $0 + ttl }
                let times = ends + (preset.renewalLead > .zero ? renewalTimes(of: current, ttl) : [])
                if let next = times.filter({ $0 > planner.now }).min() { noteChange(next) }
            }
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

extension Preset {
    /// How long before the end of the ttl instances may be replaced so that they don't all end at one moment.
    var renewalLead: Duration {
        guard let ttl, case .rollingUpdate = strategy else { return .zero }
        return ttl / 10
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
