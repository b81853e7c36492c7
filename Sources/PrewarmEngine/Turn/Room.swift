import PrewarmCore

/// What makes room for workspaces that limits hold back.
extension TurnCommit {
    /// Puts deletions that make room before other operations, and lets other sources look whether a kept failure of theirs
    /// gives way.
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
    /// How many presets of other sources lack workspaces because of the limit in all, where that limit is reached and a
    /// kept failure of this source could give way.
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

    /// How long builds take, where that decides when workspaces are replaced.
    func buildTimes(
        of presets: [Preset], source: String, in store: any StoreReader
    ) throws -> [PresetKey: Duration] {
        let keys = presets.lazy.filter { $0.ttl != nil }.map(\.key)
        let isOfMany = keys.count >= TurnScope.manyPools
        return isOfMany ? try store.buildTimes(source: source) : try store.buildTimes(of: Array(keys))
    }
}

extension PresetChange {
    /// Whether earlier failures say nothing about the preset any more.
    var isNewTry: Bool {
        before?.fingerprint != now.fingerprint || before?.failureLimit != now.failureLimit
    }
}
