import PrewarmCore

/// A small world to plan for: what the planner's input is derived from.
struct World: Sendable {
    var now: Timestamp
    var limits = Policy.Limits()
    /// In the order of their keys.
    var presets: [Preset] = []
    /// Of all presets, and of some that are not planned for.
    var instances: [Instance] = []
    var failures: [FailureRecord] = []

    func desired(_ preset: Preset) -> Int { preset.retirement == nil ? preset.instances : 0 }

    func isExpired(_ instance: Instance) -> Bool {
        guard let ttl = presets.first(where: { $0.key == instance.preset })?.ttl, let readyAt = instance.readyAt else {
            return false
        }
        return now.milliseconds >= readyAt.milliseconds + ttl.components.seconds * 1000
    }
}

/// DESIGN.md §3 once more, slowly: the world as a list of single instances, one decision at a time, each from a fresh
/// look at all of them. It shares nothing with `Pool` but the words.
struct PlannerModel {
    /// What has been decided about one instance so far.
    private struct Item {
        let instance: Instance
        var isLeaving = false
        var isNew = false
        /// It is only wanted: it counts as if it were there, so that each is held once, but for no limit.
        var isHeld = false
    }

    private let world: World
    private var items: [Item]
    private var actions: [Action] = []
    private var held: [HeldAction] = []

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
        plan.pools = world.presets.map { PoolPlan(preset: $0.key, counts: counts($0), wait: wait($0)) }
        plan.nextChange = nextChange(plan.pools)
        for preset in world.presets {
            while let (index, reason) = nextRemoval(preset) { remove(index, reason) }
        }
        for preset in world.presets {
            while shallCreate(preset) { create(preset) }
        }
        // By preset, for each first what goes, then what comes: as decided, but for the presets.
        plan.actions = world.presets.flatMap { preset in actions.filter { $0.preset == preset.key } }
        plan.held = held
        limitActions(&plan)
        return plan
    }

    // MARK: Words

    private func pool(_ preset: Preset) -> [Item] {
        items.filter { $0.instance.preset == preset.key && !$0.isLeaving }
    }

    private func isStarting(_ item: Item) -> Bool {
        item.instance.state == .pending || item.instance.state == .creating
    }

    private func isBroken(_ item: Item) -> Bool {
        item.instance.state == .failed || item.instance.state == .lost
    }

    private func isReady(_ item: Item) -> Bool { item.instance.state == .ready }

    private func isExpired(_ item: Item) -> Bool { isReady(item) && world.isExpired(item.instance) }

    /// A user may claim it now.
    private func isClaimable(_ item: Item) -> Bool { isReady(item) && !isExpired(item) }

    private func isCurrent(_ item: Item, _ preset: Preset) -> Bool { item.instance.fingerprint == preset.fingerprint }

    // MARK: Rules 2 to 6: what goes

    private func nextRemoval(_ preset: Preset) -> (Int, Reason)? {
        if preset.isSuspended { return nil }
        if let index = first(preset, where: isBroken) {
            return (index, items[index].instance.state == .failed ? .failed : .lost)
        }
        if let retirement = preset.retirement {
            return first(preset, where: { isStarting($0) || isReady($0) }).map { ($0, reason(of: retirement)) }
        }
        if let index = first(preset, where: isExpired) { return (index, .expired) }
        let current = pool(preset).filter { isCurrent($0, preset) && (isStarting($0) || isClaimable($0)) }
        if current.count > world.desired(preset),
            let index = first(preset, where: { isCurrent($0, preset) && (isStarting($0) || isClaimable($0)) })
        {
            return (index, .aboveDesired)
        }
        if let index = first(preset, where: { !isCurrent($0, preset) && isStarting($0) }) { return (index, .outdated) }
        if let index = first(preset, where: { !isCurrent($0, preset) && isReady($0) }), mayLoseOne(preset) {
            return (index, .outdated)
        }
        return nil
    }

    /// Whether one that is claimable may go for one that is not there yet.
    private func mayLoseOne(_ preset: Preset) -> Bool {
        guard let (_, unavailable) = bounds(preset) else { return true }
        return pool(preset).filter(isClaimable).count - 1 >= world.desired(preset) - unavailable
    }

    /// Failed first, then not ready, then oldest ready first; ties by id.
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
        func rank(_ item: Item) -> Int { isBroken(item) ? 0 : isStarting(item) ? 1 : 2 }
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
        actions.append(
            Action(
                isCancel ? .cancel : .delete, preset: instance.preset, workspace: instance.id,
                reason: isCancel ? .noLongerWanted : reason))
    }

    private func reason(of retirement: Preset.Retirement) -> Reason {
        switch retirement {
        case .deprecated, .templateDeprecated: .deprecated
        case .inactive: .inactive
        case .pruned: .pruned
        }
    }

    // MARK: Rules 1, 3, 10: what comes

    private func shallCreate(_ preset: Preset) -> Bool {
        guard !preset.isSuspended, preset.retirement == nil else { return false }
        let pool = pool(preset)
        let current = pool.filter { isCurrent($0, preset) }
        guard current.filter({ isStarting($0) || isClaimable($0) }).count < world.desired(preset) else { return false }
        if let failure = failure(preset) {
            if wait(preset, after: failure) != nil { return false }
            if current.contains(where: isStarting) { return false }
        }
        let live = pool.filter { isStarting($0) || isReady($0) }.count
        if let (surge, _) = bounds(preset) { return live + 1 <= world.desired(preset) + surge }
        let old = items.filter { item in
            guard item.instance.preset == preset.key, !isCurrent(item, preset) else { return false }
            return item.instance.state == .deleting || item.isLeaving && item.instance.state != .pending
        }
        return live + old.count + 1 <= world.desired(preset)
    }

    private mutating func create(_ preset: Preset) {
        let action = Action(.create, preset: preset.key, reason: .belowDesired)
        let hold = hold(preset)
        if let hold { held.append(HeldAction(action, hold: hold)) } else { actions.append(action) }
        let instance = Instance(
            id: WorkspaceID("new-\(items.count)"), preset: preset.key, fingerprint: preset.fingerprint, state: .pending)
        items.append(Item(instance: instance, isNew: true, isHeld: hold != nil))
    }

    private func failure(_ preset: Preset) -> FailureRecord? {
        world.failures.first { $0.preset == preset.key && $0.fingerprint == preset.fingerprint }
    }

    private func wait(_ preset: Preset, after failure: FailureRecord) -> Wait? {
        if failure.count >= preset.failureLimit { return .stalled(failures: failure.count) }
        if failure.retryAt > world.now { return .backoff(until: failure.retryAt, failures: failure.count) }
        return nil
    }

    /// As the pool is found: why nothing comes though something is missing.
    private func wait(_ preset: Preset) -> Wait? {
        guard !preset.isSuspended, preset.retirement == nil, let failure = failure(preset) else { return nil }
        let current = pool(preset).filter { isCurrent($0, preset) && (isStarting($0) || isClaimable($0)) }
        return current.count < world.desired(preset) ? wait(preset, after: failure) : nil
    }

    /// Kubernetes' ResolveFenceposts: the surge is rounded up, what may be unavailable down; not both are zero.
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
            case .pending: !item.isLeaving && !item.isHeld
            case .creating, .ready, .claimed, .deleting, .failed: true
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

    /// What is cancelled first, then one action of each preset in turn, until the limit.
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
        while admitted.count < limit, !waiting.isEmpty {
            for preset in world.presets where admitted.count < limit {
                if let index = waiting.first(where: { plan.actions[$0].preset == preset.key }) { admit(index) }
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
        for item in items where item.instance.preset == preset.key {
            let isCurrent = isCurrent(item, preset)
            if isReady(item), isCurrent { counts.actual += 1 }
            if isClaimable(item), isCurrent { counts.eligible += 1 }
            if isExpired(item), isCurrent { counts.expired += 1 }
            if !isCurrent, isStarting(item) || isReady(item) || item.instance.state == .failed { counts.outdated += 1 }
            if isStarting(item) { counts.starting += 1 }
            if item.instance.state == .deleting { counts.deleting += 1 }
            if item.instance.state == .failed { counts.failed += 1 }
            if item.instance.state == .claimed { counts.claimed += 1 }
            if isClaimable(item), preset.retirement == nil { counts.claimable += 1 }
            if isCurrent, isClaimable(item) || isStarting(item) { counts.extraneous += 1 }
        }
        counts.extraneous = max(0, counts.extraneous - counts.desired)
        return counts
    }

    private func nextChange(_ pools: [PoolPlan]) -> Timestamp? {
        var times: [Timestamp] = []
        for preset in world.presets {
            guard let ttl = preset.ttl else { continue }
            for item in pool(preset) where isClaimable(item) {
                if let readyAt = item.instance.readyAt { times.append(readyAt + ttl) }
            }
        }
        for pool in pools {
            if case .backoff(let until, _) = pool.wait { times.append(until) }
        }
        return times.min()
    }
}
