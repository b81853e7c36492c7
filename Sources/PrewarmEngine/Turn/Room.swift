import PrewarmCore

/// Making room for workspaces that a limit holds back.
extension TurnCommit {
    /// Moves deletions that make room before other operations. If the limit of all sources holds workspaces back, the
    /// other sources with failed workspaces are planned again, since a failed workspace that they keep may be deleted.
    func makeRoom(for plan: Plan, in store: any StoreWriter) throws {
        var scopes: Set<Suspension.Scope> = []
        for held in plan.held where held.action.kind == .create {
            switch held.hold {
            case .instancesPerPreset: scopes.insert(.preset(held.action.preset))
            case .instancesPerSource: scopes.insert(.source(held.action.preset.source))
            case .instances: scopes.insert(.all)
            default: break
            }
        }
        let provisioners = engine.provisioners.keys.sorted()
        for scope in scopes { try store.raiseDeletes(of: scope, provisioners: provisioners) }
        guard scopes.contains(.all) else { return }
        for other in engine.sourceNames where other != source.name {
            let hasFailed = try store.tallies(source: other).contains { $0.state == .failed }
            if hasFailed { try store.markDirty(source: other) }
        }
    }
}

extension Engine {
    /// Returns the number of presets of other sources whose workspaces the limit of all sources holds back. Returns 0 if
    /// the limit is not reached, or if this source keeps no failed workspace that could be deleted to make room.
    func heldElsewhere(
        of source: String, _ scope: TurnScope, _ observed: Observed, in store: any StoreReader
    ) throws -> Int {
        guard let limit = policy.limits.instances, sourceNames.count > 1,
            scope.presets.contains(where: { preset in
                preset.options.keepFailed > 0
                    && observed.tallies[preset.key]?.contains { $0.state == .failed } == true
            }), try store.liveWorkspaces().values.reduce(0, +) >= limit
        else { return 0 }
        return try sourceNames.filter { $0 != source }.reduce(0) { sum, name in
            try sum + store.conditions(source: name).values.count { $0.contains(where: \.isOfLimitInAll) }
        }
    }

    /// Returns the expected build times of presets with a `ttl`: they decide when a workspace is replaced before it
    /// expires.
    func buildTimes(
        of presets: [Preset], source: String, in store: any StoreReader
    ) throws -> [PresetKey: Duration] {
        let keys = presets.lazy.filter { $0.ttl != nil }.map(\.key)
        let isOfMany = keys.count >= TurnScope.manyPools
        return isOfMany ? try store.buildTimes(source: source) : try store.buildTimes(of: Array(keys))
    }
}

extension PresetChange {
    /// Returns true if the change makes earlier build failures void: a new fingerprint or a new failure limit.
    var isNewTry: Bool {
        before?.fingerprint != now.fingerprint || before?.failureLimit != now.failureLimit
    }
}
