import PrewarmCore

/// The stage that reads the state of the pools for the planner.
struct Observer: Sendable {
    private let engine: Engine
    private let source: String

    init(_ engine: Engine, _ source: String) {
        self.engine = engine
        self.source = source
    }

    /// Returns the planner with the rules of all time zones that it needs.
    func planner(for presets: [Preset], at now: Timestamp, in store: any StoreReader) throws -> Planner {
        var names: Set<String> = []
        for preset in presets { if let zone = preset.schedule?.timezone { names.insert(zone) } }
        for freeze in engine.policy.freezes.values.joined() { names.insert(freeze.timezone) }
        return Planner(
            now: now, policy: engine.policy, zones: engine.zones.rules(of: names),
            isStoreRestored: try store.restoredHold() != nil)
    }

    /// Reads the input of the planner: counts for all pools in the scope, and single workspaces only for presets where one
    /// may have to be deleted.
    func observed(of scope: PoolScope, planner: Planner, in store: any StoreReader) throws -> Observed {
        var observed = Observed()
        observed.tallies = try tallies(of: scope, in: store)
        if scope.settled != nil, engine.policy.limits.instancesPerSource != nil || engine.policy.limits.instances != nil
        {
            observed.liveBySource = try store.liveWorkspaces()
        }
        for failure in try store.failures(source: source) { observed.failures[failure.preset] = failure }
        observed.buildTimes = try buildTimes(of: scope.presets, in: store)
        observed.heldElsewhere = try heldElsewhere(scope, observed, in: store)
        observed.replaced = try store.replacements()
        observed.brokenClaims = try store.brokenClaims()
        observed.waiting = try engine.waitingDemand(source: source, at: planner.now, in: store)
        let detailed = scope.presets.filter { planner.needsInstances($0, observed: observed) }
        for instance in try store.instances(of: detailed.map(\.key)) {
            observed.instances[instance.preset, default: []].append(instance)
        }
        observed.suspensions = try store.suspensions()
        observed.outages = try outages(in: store)
        return observed
    }

    /// Returns the outages of provisioners, by the provisioner's name.
    func outages(in store: any StoreReader) throws -> [String: Outage] {
        let outages = try store.openBreakers().compactMap(\.outage)
        return Dictionary(outages.map { ($0.provisioner, $0) }) { first, _ in first }
    }

    /// Reads the counts of the pools in a scope, or of all pools if a limit of all sources needs them.
    func tallies(of scope: PoolScope, in store: any StoreReader) throws -> [PresetKey: [Tally]] {
        var tallies: [PresetKey: [Tally]] = [:]
        tallies.reserveCapacity(scope.presets.count)
        if scope.settled != nil, scope.presets.count < PoolScope.manyPools {
            for preset in scope.presets {
                let found = try store.tallies(of: preset.key)
                if !found.isEmpty { tallies[preset.key] = found }
            }
            return tallies
        }
        let isOfAll = scope.settled == nil && engine.policy.limits.instances != nil
        for tally in try store.tallies(source: isOfAll ? nil : source) {
            tallies[tally.preset, default: []].append(tally)
        }
        guard scope.settled != nil else { return tallies }
        let keys = Set(scope.presets.map(\.key))
        return tallies.filter { keys.contains($0.key) }
    }

    /// Returns the number of presets of other sources whose workspaces the limit of all sources holds back. Returns 0 if
    /// the limit is not reached, or if this source keeps no failed workspace that could be deleted to make room.
    private func heldElsewhere(
        _ scope: PoolScope, _ observed: Observed, in store: any StoreReader
    ) throws -> Int {
        guard let limit = engine.policy.limits.instances, engine.sourceNames.count > 1,
            scope.presets.contains(where: { preset in
                preset.options.keepFailed > 0
                    && observed.tallies[preset.key]?.contains { $0.state == .failed } == true
            }), try store.liveWorkspaces().values.reduce(0, +) >= limit
        else { return 0 }
        return try engine.sourceNames.filter { $0 != source }.reduce(0) { sum, name in
            try sum + store.conditions(source: name).values.count { $0.contains(where: \.isOfLimitInAll) }
        }
    }

    /// Returns the expected build times of presets with a `ttl`: they decide when a workspace is replaced before it
    /// expires.
    private func buildTimes(
        of presets: [Preset], in store: any StoreReader
    ) throws -> [PresetKey: Duration] {
        let keys = presets.lazy.filter { $0.ttl != nil }.map(\.key)
        let isOfMany = keys.count >= PoolScope.manyPools
        return isOfMany ? try store.buildTimes(source: source) : try store.buildTimes(of: Array(keys))
    }
}

extension StoreReader {
    /// Returns the number of pending, creating and ready workspaces of a preset.
    /// - Parameter fingerprint: The fingerprint of workspaces that do not count; nil to count all.
    func unclaimed(of preset: PresetKey, except fingerprint: Fingerprint? = nil) throws -> Int {
        try tallies(of: preset).reduce(0) { sum, tally in
            let counts = [.pending, .creating, .ready, .suspect].contains(tally.state)
            return counts && tally.fingerprint != fingerprint ? sum + tally.count : sum
        }
    }
}
