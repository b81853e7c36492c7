import PrewarmCore

/// A slow model of the rules of ``Planner``: the world is a list of single workspaces, and each decision is made from
/// all workspaces anew. It shares no code with `Pool`.
struct PlannerModel {
    /// A workspace with the decisions about it so far.
    private struct Item {
        let instance: Instance
        /// True if the workspace is to be removed.
        var isLeaving = false
        /// True if the workspace is to be created.
        var isNew = false
        /// True if the create is held. The item counts as existing for the pool, but for no limit.
        var isHeld = false
        /// True if a freeze holds the removal.
        var isFrozen = false
    }

    private let world: World
    private var items: [Item]
    private var decisions: [(action: Action, hold: Hold?)] = []
    // These follow from the world alone and take most of the time, so they are computed once.
    /// The workspaces that are due for renewal.
    private var soonGone: Set<WorkspaceID> = []
    private var kept: [PresetKey: Set<WorkspaceID>] = [:]
    private var rollouts: Set<PresetKey> = []

    static func plan(_ world: World) -> Plan {
        var model = PlannerModel(world)
        return model.run()
    }

    private init(_ world: World) {
        self.world = world
        items = world.instances.map { Item(instance: $0) }
    }

    private mutating func run() -> Plan {
        var plan = Plan()
        for preset in world.presets {
            if preset.retirement == nil {
                soonGone.formUnion(renewals(preset).filter { $0.at <= world.now }.map(\.id))
            }
            kept[preset.key] = keptFailed(preset)
            if isRollout(preset) { rollouts.insert(preset.key) }
        }
        plan.pools = world.presets.map {
            PoolPlan(preset: $0.key, counts: counts($0), unclaimed: unclaimed($0), wait: wait($0))
        }
        for index in plan.pools.indices {
            plan.pools[index].nextChange = nextChange(world.presets[index], plan.pools[index])
        }
        plan.nextChange = plan.pools.compactMap(\.nextChange).min()
        for preset in world.presets {
            while let (index, reason) = nextRemoval(preset) { remove(index, reason) }
            while let index = uselessPending(preset) { remove(index, .noLongerWanted) }
        }
        // Creates for waiting claims come first, then those of a higher priority. Presets of the same priority take turns.
        for isForClaims in [true, false] {
            for priority in Set(world.presets.map(\.options.priority)).sorted(by: >) {
                let members = world.presets.filter { $0.options.priority == priority }
                func next() -> [Preset] {
                    members.filter { shallCreate($0) && (!isForClaims || isNextForClaim($0)) }
                }
                while !next().isEmpty {
                    for preset in next() { create(preset) }
                }
            }
        }
        for index in plan.pools.indices where plan.pools[index].wait == nil {
            if waitsForCanary(world.presets[index]) { plan.pools[index].wait = .canary }
        }
        giveWay()
        // The actions are ordered by preset, and for each preset removals come before creates.
        for preset in world.presets {
            let own = decisions.filter { $0.action.preset == preset.key }
            for (action, hold) in own.filter({ $0.action.kind != .create }) + own.filter({ $0.action.kind == .create })
            {
                let hold = hold ?? holdOfRemoval(action, preset)
                if let hold { plan.held.append(HeldAction(action, hold: hold)) } else { plan.actions.append(action) }
            }
        }
        limitActions(&plan)
        return plan
    }

    // MARK: Definitions

    private func pool(_ preset: Preset) -> [Item] {
        items.filter { $0.instance.preset == preset.key && !$0.isLeaving }
    }

    private func unclaimed(_ preset: Preset) -> Int {
        world.instances.count { $0.preset == preset.key && [.pending, .creating, .ready, .suspect].contains($0.state) }
    }

    private func isStarting(_ item: Item) -> Bool {
        item.instance.state == .pending || item.instance.state == .creating
    }

    private func isBroken(_ item: Item) -> Bool {
        item.instance.state == .failed || item.instance.state == .lost
    }

    private func isReady(_ item: Item) -> Bool { item.instance.state == .ready }

    private func isSuspect(_ item: Item) -> Bool { item.instance.state == .suspect }

    private func isUnhealthy(_ item: Item) -> Bool { item.instance.state == .unhealthy }

    private func isExpired(_ item: Item) -> Bool { isReady(item) && world.isExpired(item.instance) }

    /// True if the workspace is ready and has not expired.
    private func isClaimable(_ item: Item) -> Bool { isReady(item) && !isExpired(item) }

    private func isCurrent(_ item: Item, _ preset: Preset) -> Bool { item.instance.fingerprint == preset.fingerprint }

    // MARK: Rules 2 to 6: removals

    private func nextRemoval(_ preset: Preset) -> (Int, Reason)? {
        if preset.isSuspended { return nil }
        let kept = kept[preset.key] ?? []
        if let index = first(preset, where: { isBroken($0) && !kept.contains($0.instance.id) }) {
            return (index, items[index].instance.state == .failed ? .failed : .lost)
        }
        if let retirement = preset.retirement {
            if preset.isRetirementHeld { return nil }
            let all = { item in isStarting(item) || isReady(item) || isSuspect(item) || isUnhealthy(item) }
            return first(preset, where: all).map { ($0, reason(of: retirement)) }
        }
        let lasting = { item in isLasting(item, preset) }
        if pool(preset).filter(lasting).count > world.desired(preset) {
            let starting = { item in lasting(item) && !isReady(item) }
            for wanted in [starting, lasting] {
                if let index = first(preset, where: wanted) {
                    return (index, .aboveDesired)
                }
            }
        }
        if let index = first(preset, where: { !isCurrent($0, preset) && isStarting($0) }) { return (index, .outdated) }
        if let index = first(preset, where: isExpired), mayLoseOne(preset) { return (index, .expired) }
        let old = { item in !isCurrent(item, preset) && isReady(item) && !isExpired(item) }
        if let index = first(preset, where: old), mayLoseOne(preset) {
            return (index, .outdated)
        }
        if let index = first(preset, where: { isSoonGone($0) }), mayRenewOne(preset) { return (index, .expired) }
        if let index = first(preset, where: isUnhealthy), keepsFloor(preset) { return (index, .unhealthy) }
        return nil
    }

    /// True if enough workspaces are ready, so that no unhealthy one is kept.
    private func keepsFloor(_ preset: Preset) -> Bool {
        guard let (_, unavailable) = bounds(preset) else { return true }
        return pool(preset).filter(isReady).count >= world.desired(preset) - unavailable
    }

    /// True if the workspace is current, starting, suspect or ready, and not due for renewal.
    private func isLasting(_ item: Item, _ preset: Preset) -> Bool {
        isCurrent(item, preset) && (isStarting(item) || isSuspect(item) || isClaimable(item)) && !isSoonGone(item)
    }

    /// True if the workspace is due for renewal. The newest workspace is due two builds before it expires, and at
    /// least a twentieth of the ttl before that. Each older one is due one step before the next newer one, or earlier
    /// if it expires earlier.
    private func isSoonGone(_ item: Item) -> Bool {
        soonGone.contains(item.instance.id)
    }

    private func renewals(_ preset: Preset) -> [(id: WorkspaceID, at: Timestamp)] {
        guard let ttl = preset.ttl, let lead = lead(preset) else { return [] }
        var waiting = world.instances.filter { instance in
            let item = Item(instance: instance)
            return instance.preset == preset.key && isCurrent(item, preset) && isReady(item) && !isExpired(item)
        }
        let step = (lead.first - lead.last) / max(1, world.desired(preset))
        var renewals: [(id: WorkspaceID, at: Timestamp)] = []
        while let index = waiting.indices.max(by: {
            goes(Item(instance: waiting[$0]), before: Item(instance: waiting[$1]))
        }) {
            let instance = waiting.remove(at: index)
            let end = (instance.readyAt ?? world.now) + ttl
            let latest = end - lead.last
            renewals.append(
                (instance.id, renewals.last.map { max(min(latest, $0.at - step), end - lead.first) } ?? latest))
        }
        return renewals
    }

    /// Returns how long before they expire the first and the last workspace of a pool are replaced. The pool is
    /// replaced in rounds of as many as may be replaced at once. Each round takes two builds, and all of it at most
    /// three quarters of the ttl.
    private func lead(_ preset: Preset) -> (first: Duration, last: Duration)? {
        guard let ttl = preset.ttl, let (surge, unavailable) = bounds(preset) else { return nil }
        let build = world.buildTimes[preset.key] ?? (ttl / 40 < .seconds(60) ? ttl / 40 : .seconds(60))
        let last = [[ttl / 20, build * 2].max() ?? .zero, ttl * 3 / 4].min() ?? .zero
        var (first, replaced) = (last, 0)
        while replaced < world.desired(preset) {
            replaced += surge > 0 ? surge : unavailable
            first += build * 2
        }
        return ([[ttl / 10, first].max() ?? .zero, ttl * 3 / 4].min() ?? .zero, last)
    }

    /// True if a workspace that is due for renewal may be removed: with a surge when its replacement is ready,
    /// otherwise as far as `maxUnavailable` allows.
    private func mayRenewOne(_ preset: Preset) -> Bool {
        guard let (surge, unavailable) = bounds(preset) else { return false }
        let left = pool(preset).filter(isReady).count - 1
        return left >= world.desired(preset) - (surge > 0 ? 0 : unavailable)
    }

    private func keptFailed(_ preset: Preset) -> Set<WorkspaceID> {
        guard preset.retirement == nil else { return [] }
        let failed = world.instances.filter { $0.preset == preset.key && $0.state == .failed }.map(\.id).sorted()
        return Set(failed.suffix(preset.options.keepFailed))
    }

    /// Returns the next pending create that is canceled after a failure. The next try is not canceled.
    private func uselessPending(_ preset: Preset) -> Int? {
        guard !preset.isSuspended, preset.retirement == nil, let failure = failure(preset) else { return nil }
        let starting = pool(preset).filter { isCurrent($0, preset) && isStarting($0) }
        let mayTry = failure.retryAt <= world.now
        guard starting.count > (mayTry ? 1 : 0) else { return nil }
        let pending = items.indices.filter { index in
            let item = items[index]
            return item.instance.preset == preset.key && !item.isLeaving && isCurrent(item, preset)
                && item.instance.state == .pending
        }
        return pending.min { items[$0].instance.id < items[$1].instance.id }
    }

    /// True if a ready workspace may be removed before its replacement is ready.
    private func mayLoseOne(_ preset: Preset) -> Bool {
        guard let (_, unavailable) = bounds(preset) else { return true }
        return pool(preset).filter(isReady).count - 1 >= world.desired(preset) - unavailable
    }

    /// Returns the first workspace in the order of removal: failed ones, then those that are not ready, then the
    /// oldest ready ones; ties by id.
    private func first(_ preset: Preset, where isWanted: (Item) -> Bool) -> Int? {
        var best: Int?
        for index in items.indices {
            let item = items[index]
            guard item.instance.preset == preset.key, !item.isLeaving, !item.isNew, isWanted(item) else { continue }
            if let champion = best, !goes(item, before: items[champion]) { continue }
            best = index
        }
        return best
    }

    private func goes(_ left: Item, before right: Item) -> Bool {
        func rank(_ item: Item) -> Int { isBroken(item) ? 0 : isReady(item) ? 2 : 1 }
        if rank(left) != rank(right) { return rank(left) < rank(right) }
        let (leftReady, rightReady) = (left.instance.readyAt, right.instance.readyAt)
        if leftReady != rightReady {
            guard let leftReady else { return false }
            guard let rightReady else { return true }
            return leftReady < rightReady
        }
        return left.instance.id < right.instance.id
    }

    private mutating func remove(_ index: Int, _ reason: Reason) {
        let instance = items[index].instance
        items[index].isLeaving = true
        let isCancel = instance.state == .pending
        items[index].isFrozen =
            !isCancel && !isObserved(instance.preset)
            && world.freeze[instance.preset.source].map { !$0.contains(.delete) } ?? false
        let action = Action(
            isCancel ? .cancel : .delete, preset: instance.preset, workspace: instance.id,
            reason: isCancel ? .noLongerWanted : reason)
        decisions.append((action, nil))
    }

    private func reason(of retirement: Preset.Retirement) -> Reason {
        switch retirement {
        case .deprecated, .templateDeprecated: .deprecated
        case .inactive: .inactive
        case .pruned: .pruned
        }
    }

    // MARK: Holds

    private func isObserved(_ key: PresetKey) -> Bool {
        world.observedSources.contains(key.source)
            || world.presets.contains { $0.key == key && $0.options.mode == .observe }
    }

    private func standstill(_ action: Action) -> Hold? {
        if isObserved(action.preset) { return .observe }
        guard let allowed = world.freeze[action.preset.source], action.kind != .cancel, !allowed.contains(action.kind)
        else { return nil }
        return .freeze(until: world.freezeEnd)
    }

    private func holdOfRemoval(_ action: Action, _ preset: Preset) -> Hold? {
        if let hold = standstill(action) { return hold }
        guard let retirement = preset.retirement, action.kind == .delete, action.reason == reason(of: retirement) else {
            return nil
        }
        return preset.options.deletionPolicy == .retain ? .retain : nil
    }

    // MARK: Rules 1, 3 and 10: creates

    /// True if the pool creates another workspace. During a rollout `canary` limits the creates until one workspace
    /// of the new version was ready.
    private func shallCreate(_ preset: Preset, ignoringCanary: Bool = false) -> Bool {
        if !ignoringCanary, rollouts.contains(preset.key), preset.options.canary > 0 {
            let starting = pool(preset).filter { isCurrent($0, preset) && isStarting($0) }
            if starting.count >= preset.options.canary { return false }
        }
        guard !preset.isSuspended, preset.retirement == nil else { return false }
        let pool = pool(preset)
        let current = pool.filter { isCurrent($0, preset) }
        guard current.filter({ isLasting($0, preset) }).count < world.desired(preset) else { return false }
        if let failure = failure(preset) {
            if failure.retryAt > world.now { return false }
            if current.contains(where: isStarting) { return false }
        }
        let frozen = items.filter {
            $0.instance.preset == preset.key && $0.isFrozen && !isBroken($0) && !isUnhealthy($0)
        }
        let live = pool.filter { isStarting($0) || isSuspect($0) || isReady($0) }.count + frozen.count
        if let (surge, _) = bounds(preset) { return live + 1 <= world.desired(preset) + surge }
        let old = items.filter { item in
            guard item.instance.preset == preset.key, !isCurrent(item, preset), !item.isFrozen else { return false }
            return item.instance.state == .deleting || item.isLeaving && item.instance.state != .pending
        }
        return live + old.count + 1 <= world.desired(preset)
    }

    /// True if no workspace of the new version was ready yet, and workspaces of an older version exist or may have
    /// existed.
    private func isRollout(_ preset: Preset) -> Bool {
        let own = world.instances.filter { $0.preset == preset.key }
        let hasOlder = own.contains {
            $0.fingerprint != preset.fingerprint
                && [.pending, .creating, .ready, .failed, .deleting, .suspect, .unhealthy].contains($0.state)
        }
        return (hasOlder || preset.strategy == .recreate)
            && !own.contains {
                $0.fingerprint == preset.fingerprint && [.ready, .claimed, .suspect, .unhealthy].contains($0.state)
            }
    }

    private func waitsForCanary(_ preset: Preset) -> Bool {
        failure(preset) == nil && !shallCreate(preset) && shallCreate(preset, ignoringCanary: true)
    }

    private mutating func create(_ preset: Preset) {
        let own = items.filter { $0.instance.preset == preset.key && isCurrent($0, preset) }
        let there = own.count { $0.isNew || isStarting($0) || $0.instance.state == .ready }
        let isMissing = there < world.desired(preset)
        let reason: Reason = isNextForClaim(preset) ? .waitingClaim : isMissing ? .belowDesired : .expired
        let action = Action(.create, preset: preset.key, reason: reason)
        let hold = standstill(action) ?? hold(preset)
        decisions.append((action, hold))
        let instance = Instance(
            id: WorkspaceID("new-\(items.count)"), preset: preset.key, fingerprint: preset.fingerprint, state: .pending)
        items.append(Item(instance: instance, isNew: true, isHeld: hold != nil))
    }

    /// True if the next create of the pool would not be needed if no claim waited.
    private func isNextForClaim(_ preset: Preset) -> Bool {
        let own = items.filter { $0.instance.preset == preset.key && isCurrent($0, preset) }
        let before = own.count { !$0.isNew && (isStarting($0) || $0.instance.state == .ready) }
        let base = world.desired(preset) - world.claims(preset)
        let forClaims = world.desired(preset) - (before > base ? before : base)
        return own.count(where: \.isNew) < forClaims
    }

    private func failure(_ preset: Preset) -> FailureRecord? {
        world.failures.first { $0.preset == preset.key && $0.fingerprint == preset.fingerprint }
    }

    private func wait(_ preset: Preset, after failure: FailureRecord) -> Wait? {
        if failure.retryAt > world.now { return .backoff(until: failure.retryAt, failures: failure.count) }
        return nil
    }

    /// Returns why the pool creates nothing although workspaces are missing.
    private func wait(_ preset: Preset) -> Wait? {
        guard !preset.isSuspended, preset.retirement == nil, let failure = failure(preset) else { return nil }
        let current = pool(preset).filter { isLasting($0, preset) }
        if failure.count >= preset.failureLimit {
            let isFull = current.filter(isReady).count >= world.desired(preset)
            return isFull ? nil : .stalled(failures: failure.count)
        }
        return current.count < world.desired(preset) ? wait(preset, after: failure) : nil
    }

    /// Returns the bounds by Kubernetes' ResolveFenceposts: the surge is rounded up, the unavailable number is
    /// rounded down, and they are not both 0.
    private func bounds(_ preset: Preset) -> (surge: Int, unavailable: Int)? {
        guard case .rollingUpdate(let maxSurge, let maxUnavailable) = preset.strategy else { return nil }
        let desired = world.desired(preset)
        var surge = 0
        switch maxSurge {
        case .count(let count): surge = count
        case .percent(let percent): while surge * 100 < percent * desired { surge += 1 }
        }
        var unavailable = 0
        switch maxUnavailable {
        case .count(let count): unavailable = count
        case .percent(let percent): while (unavailable + 1) * 100 <= percent * desired { unavailable += 1 }
        }
        while unavailable > desired { unavailable -= 1 }
        if surge == 0, unavailable == 0 { unavailable = 1 }
        return (surge, unavailable)
    }

    // MARK: Rule 9: limits

    private func hold(_ preset: Preset) -> Hold? {
        let existing = items.filter { item in
            switch item.instance.state {
            case .deleted, .lost: false
            case .pending: (!item.isLeaving || isObserved(item.instance.preset)) && !item.isHeld
            case .creating, .ready, .claimed, .deleting, .failed, .suspect, .unhealthy: true
            }
        }
        if let limit = world.limits.instancesPerPreset,
            existing.filter({ $0.instance.preset == preset.key }).count >= limit
        {
            return .instancesPerPreset(limit)
        }
        if let limit = world.limits.instancesPerSource,
            existing.filter({ $0.instance.preset.source == preset.key.source }).count >= limit
        {
            return .instancesPerSource(limit)
        }
        if let limit = world.limits.instances, existing.count >= limit { return .instances(limit) }
        return nil
    }

    /// Removes one kept failure for each create that a limit on workspaces holds, unless another removal makes the
    /// room.
    private mutating func giveWay() {
        var leaving: [PresetKey] = world.presets.flatMap { preset in
            world.instances.filter { $0.preset == preset.key && $0.state == .deleting }.map(\.preset)
        }
        for (action, _) in decisions where action.kind == .delete && action.reason != .lost {
            guard let preset = world.presets.first(where: { $0.key == action.preset }) else { continue }
            if holdOfRemoval(action, preset) == nil { leaving.append(action.preset) }
        }
        // The room of the first presets is used first.
        let order = Dictionary(uniqueKeysWithValues: world.presets.enumerated().map { ($1.key, $0) })
        leaving.sort { order[$0] ?? 0 < order[$1] ?? 0 }
        var wishes: [Hold] = []
        for preset in world.presets {
            wishes += decisions.filter { $0.action.kind == .create && $0.action.preset == preset.key }.compactMap(
                \.hold)
        }
        wishes += Array(repeating: .instances(0), count: world.heldElsewhere)
        let creators = world.presets.flatMap { preset in
            decisions.filter { $0.action.kind == .create && $0.action.preset == preset.key && $0.hold != nil }
                .map(\.action.preset)
        }
        for (index, wish) in wishes.enumerated() {
            let creator = index < creators.count ? creators[index] : nil
            let isCounted: (PresetKey) -> Bool
            switch wish {
            case .instancesPerPreset: isCounted = { $0 == creator }
            case .instancesPerSource: isCounted = { $0.source == creator?.source }
            case .instances: isCounted = { _ in true }
            default: continue
            }
            if let index = leaving.firstIndex(where: isCounted) {
                leaving.remove(at: index)
            } else {
                removeKept(isCounted)
            }
        }
    }

    private mutating func removeKept(_ isCounted: (PresetKey) -> Bool) {
        for preset in world.presets where isCounted(preset.key) && !preset.isSuspended {
            let action = Action(.delete, preset: preset.key, reason: .failed)
            guard standstill(action) == nil, let kept = kept[preset.key] else { continue }
            if let index = first(preset, where: { kept.contains($0.instance.id) }) { return remove(index, .failed) }
            guard preset.retirement == nil else { continue }
            if let index = first(preset, where: isUnhealthy) { return remove(index, .unhealthy) }
        }
    }

    /// Admits cancels first, then one action of each preset in turn, until the limit is reached.
    private func limitActions(_ plan: inout Plan) {
        guard let limit = world.limits.actionsPerTurn else { return }
        var waiting = Array(plan.actions.indices)
        var admitted: Set<Int> = []
        func admit(_ index: Int) {
            waiting.removeAll { $0 == index }
            admitted.insert(index)
        }
        while admitted.count < limit, let cancel = waiting.first(where: { plan.actions[$0].kind == .cancel }) {
            admit(cancel)
        }
        for priority in Set(world.presets.map(\.options.priority)).sorted(by: >) {
            let members = world.presets.filter { $0.options.priority == priority }
            while admitted.count < limit,
                waiting.contains(where: { index in members.contains { $0.key == plan.actions[index].preset } })
            {
                for preset in members where admitted.count < limit {
                    if let index = waiting.first(where: { plan.actions[$0].preset == preset.key }) { admit(index) }
                }
            }
        }
        let all = plan.actions
        plan.actions = all.indices.filter { admitted.contains($0) }.map { all[$0] }
        plan.held += waiting.map { HeldAction(all[$0], hold: .actionsPerTurn(limit)) }
    }

    // MARK: The table of counts

    private func counts(_ preset: Preset) -> PoolCounts {
        var counts = PoolCounts()
        counts.desired = world.desired(preset)
        counts.waiting = world.claims(preset)
        for item in items where item.instance.preset == preset.key {
            let isCurrent = isCurrent(item, preset)
            if isReady(item), isCurrent { counts.actual += 1 }
            if isClaimable(item), isCurrent, preset.retirement == nil { counts.eligible += 1 }
            if isExpired(item), isCurrent { counts.expired += 1 }
            if !isCurrent, isStarting(item) || isReady(item) || isSuspect(item) { counts.outdated += 1 }
            if isSuspect(item) || isUnhealthy(item) { counts.unhealthy += 1 }
            if isStarting(item) { counts.starting += 1 }
            if item.instance.state == .deleting { counts.deleting += 1 }
            if item.instance.state == .failed { counts.failed += 1 }
            if item.instance.state == .claimed { counts.claimed += 1 }
            if isClaimable(item), preset.retirement == nil {
                // Recreate does not offer outdated workspaces, unless the pool is not changed.
                let isKept = preset.isSuspended || isObserved(preset.key)
                if isCurrent || preset.strategy != .recreate || isKept { counts.claimable += 1 }
            }
            if isLasting(item, preset) { counts.extraneous += 1 }
        }
        // Expired workspaces are claimable as far as the floor of the strategy needs them.
        if preset.retirement == nil, let (_, unavailable) = bounds(preset) {
            for item in items where item.instance.preset == preset.key && isExpired(item) {
                if counts.claimable < counts.desired - unavailable { counts.claimable += 1 }
            }
        }
        counts.keptFailed = preset.isSuspended ? 0 : (kept[preset.key] ?? []).count
        counts.extraneous = max(0, counts.extraneous - counts.desired)
        return counts
    }

    private func nextChange(_ preset: Preset, _ pool: PoolPlan) -> Timestamp? {
        var times: [Timestamp] = []
        if let ttl = preset.ttl {
            let ready = world.instances.filter { $0.preset == preset.key && $0.state == .ready }
            let ends = ready.compactMap { $0.readyAt.map { $0 + ttl } }
            let lead = lead(preset)?.first ?? .zero
            if let first = ends.min().map({ $0 - lead }), first > world.now {
                times.append(first)
            } else {
                times += (ends + renewals(preset).map(\.at)).filter { $0 > world.now }
            }
        }
        if world.claims(preset) > 0 { times.append(world.waitingEnd) }
        if case .backoff(let until, _) = pool.wait { times.append(until) }
        if case .stalled = pool.wait, let failure = failure(preset), failure.retryAt > world.now {
            times.append(failure.retryAt)
        }
        if !preset.isSuspended, !isObserved(preset.key), world.freeze[preset.key.source] != nil {
            times.append(world.freezeEnd)
        }
        return times.min()
    }
}
