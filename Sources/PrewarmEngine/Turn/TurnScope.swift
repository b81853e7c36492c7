import PrewarmCore

/// The pools that a plan is made for.
struct TurnScope: Sendable {
    let presets: [Preset]
    /// The others of the source, of which a plan would find what the last one left; nil: there are none besides.
    var settled: SettledPools?
    /// False: what the store keeps of a preset can't be read, so that git has to be read again.
    var isReadable = true

    /// From so many pools on, one pass over the counts of all is faster than a look-up for each.
    static let manyPools = 1000

    func conditions(source: String, in store: any StoreReader) throws -> [PresetKey: [Condition]] {
        settled == nil ? try store.conditions(source: source) : try store.conditions(of: presets.map(\.key))
    }
}

extension TurnCommit {
    /// All pools where a plan has to tell all, else those that may have changed.
    func scope(in store: any StoreWriter) throws -> TurnScope {
        if let presets = desired?.presets {
            // Diagnostics are of all files: those of other presets are told when these are planned for.
            if preset != nil { try store.unsettle(source: source.name, dueBy: nil) }
            return TurnScope(presets: presets)
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

    /// What the plan leaves of the pools that it was made for.
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
            // What a suspension keeps may wait for the guard when it ends.
            // Kept failures give way to workspaces of others when a limit holds these back.
            let mayGiveWay = engine.policy.limits.areOfInstances && pool.counts.keptFailed > 0
            let isSettled =
                preset.retirement != .pruned && !busy.contains(pool.preset) && !pool.isKept(preset) && !mayGiveWay
            return PoolStanding(
                preset: pool.preset, isSettled: isSettled,
                isUnfinished: isSettled && !pool.isFinished(preset, isObserved: false),
                nextChange: pool.nextChange, unclaimed: isSettled ? pool.unclaimed : 0)
        }
    }
}

extension Engine {
    /// Reads counts for all that is planned for, and single instances only of presets where one may have to go.
    /// - Parameters:
    ///   - failures: nil: as the store has them.
    func observed(
        of scope: TurnScope, source: String, planner: Planner, guarding: GuardRecord,
        failures: [FailureRecord]? = nil, in store: any StoreReader
    ) throws -> Observed {
        var observed = Observed()
        observed.tallies = try tallies(of: scope, source: source, in: store)
        let state = guarding.state(of: scope.presets, planner: planner)
        observed.guards[source] = state
        if let settled = scope.settled {
            // No entry means that there is no settled pool: then a path may be emptied.
            if settled.count > 0 {
                observed.settled[source] = try counted(settled, of: source, besides: scope, state, in: store)
            }
            if policy.limits.instancesPerSource != nil || policy.limits.instances != nil {
                observed.liveBySource = try store.liveWorkspaces()
            }
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

    /// How many unclaimed instances the settled pools have that count for the guard: not those that came within its window.
    private func counted(
        _ settled: SettledPools, of source: String, besides scope: TurnScope, _ state: GuardState,
        in store: any StoreReader
    ) throws -> Int {
        let planned = Set(scope.presets.lazy.map(\.key.name))
        return try state.added.keys.reduce(settled.unclaimed) { sum, name in
            guard !planned.contains(name) else { return sum }
            let unclaimed = try store.unclaimed(of: PresetKey(source: source, name: name))
            return sum - unclaimed + state.counted(unclaimed, of: name)
        }
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
    /// How many live workspaces of a preset are nobody's.
    func unclaimed(of preset: PresetKey) throws -> Int {
        try tallies(of: preset).reduce(0) { [.pending, .creating, .ready].contains($1.state) ? $0 + $1.count : $0 }
    }
}
