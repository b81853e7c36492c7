import PrewarmCore

/// The pools that a plan is made for.
struct TurnScope: Sendable {
    let presets: [Preset]
    /// The sum of the source's other pools, for which a plan would find nothing new; nil if ``presets`` are all presets.
    var settled: SettledPools?
    /// False if the store cannot read a stored preset, so that git has to be read again.
    var isReadable = true

    /// The number of pools from which on one pass over the counts of all pools is faster than a look-up for each.
    static let manyPools = 1000

    /// Returns the stored conditions of the presets.
    func conditions(source: String, in store: any StoreReader) throws -> [PresetKey: [Condition]] {
        settled == nil ? try store.conditions(source: source) : try store.conditions(of: presets.map(\.key))
    }
}

extension TurnCommit {
    /// Returns the pools to plan for: those that may have changed, or all pools if the whole desired state was read, if only
    /// one preset or one plan may be carried out, or if freezes apply.
    func scope(in store: any StoreWriter) throws -> TurnScope {
        if let presets = desired?.presets {
            // The diagnostics are those of all files. If one preset is reconciled, the others have to be planned for later,
            // so that their conditions show the diagnostics.
            if preset != nil { try store.unsettle(source: source.name, dueBy: nil) }
            return TurnScope(presets: guarded.planned(presets))
        }
        guard engine.isIncremental, preset == nil, request.expected == nil, !engine.policy.mayFreeze(source.name) else {
            return TurnScope(presets: try store.presets(source: source.name))
        }
        try store.unsettle(source: source.name, dueBy: record.isPlannedAhead(of: now) ? nil : now)
        guard let presets = try store.unsettledPresets(source: source.name) else {
            return TurnScope(presets: try store.presets(source: source.name), isReadable: false)
        }
        return TurnScope(presets: presets, settled: try store.settledPools(source: source.name, without: []))
    }

    /// Returns the standings of the pools after the plan.
    func standings(after plan: Plan, of presets: PresetTable) -> [PoolStanding] {
        var busy: Set<PresetKey> = []
        var last: PresetKey?
        for action in plan.actions where action.preset != last {
            busy.insert(action.preset)
            last = action.preset
        }
        for held in plan.held { busy.insert(held.action.preset) }
        return plan.pools.compactMap { pool in
            guard let preset = presets[pool.preset] else { return nil }
            // A pool that keeps failed workspaces is not settled: they are deleted if a limit holds workspaces of others
            // back.
            let mayGiveWay = engine.policy.limits.areOfInstances && pool.counts.keptFailed > 0
            let isSettled = preset.retirement != .pruned && !busy.contains(pool.preset) && !mayGiveWay
            return PoolStanding(
                preset: pool.preset, isSettled: isSettled,
                isUnfinished: isSettled && !pool.isFinished(preset, isObserved: false),
                nextChange: pool.nextChange)
        }
    }
}

extension Engine {
    /// Reads the input of the planner: counts for all pools in the scope, and single workspaces only for presets where one
    /// may have to be deleted.
    /// - Parameter failures: The failures of the source; nil to read them from the store.
    func observed(
        of scope: TurnScope, source: String, planner: Planner, failures: [FailureRecord]? = nil,
        in store: any StoreReader
    ) throws -> Observed {
        var observed = Observed()
        observed.tallies = try tallies(of: scope, source: source, in: store)
        if scope.settled != nil, policy.limits.instancesPerSource != nil || policy.limits.instances != nil {
            observed.liveBySource = try store.liveWorkspaces()
        }
        for failure in try failures ?? store.failures(source: source) { observed.failures[failure.preset] = failure }
        observed.buildTimes = try buildTimes(of: scope.presets, source: source, in: store)
        observed.heldElsewhere = try heldElsewhere(of: source, scope, observed, in: store)
        let detailed = scope.presets.filter { planner.needsInstances($0, observed: observed) }
        for instance in try store.instances(of: detailed.map(\.key)) {
            observed.instances[instance.preset, default: []].append(instance)
        }
        observed.suspensions = try store.suspensions()
        return observed
    }

    private func tallies(
        of scope: TurnScope, source: String, in store: any StoreReader
    ) throws -> [PresetKey: [Tally]] {
        var tallies: [PresetKey: [Tally]] = [:]
        tallies.reserveCapacity(scope.presets.count)
        if scope.settled != nil, scope.presets.count < TurnScope.manyPools {
            for preset in scope.presets {
                let found = try store.tallies(of: preset.key)
                if !found.isEmpty { tallies[preset.key] = found }
            }
            return tallies
        }
        let isOfAll = scope.settled == nil && policy.limits.instances != nil
        for tally in try store.tallies(source: isOfAll ? nil : source) {
            tallies[tally.preset, default: []].append(tally)
        }
        guard scope.settled != nil else { return tallies }
        let keys = Set(scope.presets.map(\.key))
        return tallies.filter { keys.contains($0.key) }
    }
}

extension StoreReader {
    /// Returns the number of pending, creating and ready workspaces of a preset.
    func unclaimed(of preset: PresetKey) throws -> Int {
        try tallies(of: preset).reduce(0) { [.pending, .creating, .ready].contains($1.state) ? $0 + $1.count : $0 }
    }
}
