internal import PrewarmCore
internal import PrewarmEngine

/// The numbers and standings from which the next plan starts.
extension MemoryTransaction {
    private func pools(of source: String) -> [MemoryState.Pool] {
        state.pools.values.filter { $0.preset.key.source == source }
    }

    func openPresets(source: String, dueBy now: Timestamp) -> OpenPresets? {
        let pools = pools(of: source)
        let due = pools.map(\.standing).filter { $0.isSettled && $0.nextChange.map { $0 <= now } ?? false }
        let keys = Set(due.map(\.preset))
        let open = pools.filter { !$0.standing.isSettled || keys.contains($0.preset.key) }
        return OpenPresets(presets: open.map(\.preset).sorted(on: \.key), due: keys)
    }

    func settledPools(source: String, without keys: Set<PresetKey>, after now: Timestamp) -> SettledPools {
        let settled = pools(of: source).map(\.standing).filter { $0.isSettled && !keys.contains($0.preset) }
        return SettledPools(
            count: settled.count, unfinished: settled.count { $0.isUnfinished },
            nextChange: settled.compactMap(\.nextChange).filter { $0 > now }.min())
    }

    func save(_ standings: [PoolStanding]) {
        for standing in standings { state.pools[standing.preset]?.standing = standing }
    }

    // MARK: Build times

    func buildTimes(of presets: [PresetKey]) -> [PresetKey: Duration] {
        state.pools.filter { presets.contains($0.key) }.compactMapValues(\.buildTime)
    }

    func buildTimes(source: String) -> [PresetKey: Duration] {
        state.pools.filter { $0.key.source == source }.compactMapValues(\.buildTime)
    }

    func setBuildTime(_ time: Duration, of preset: PresetKey) { state.pools[preset]?.buildTime = time }

    // MARK: Numbers of workspaces

    private struct Group: Hashable, Comparable {
        let preset: PresetKey
        let fingerprint: Fingerprint
        let state: WorkspaceState

        static func < (left: Group, right: Group) -> Bool {
            (left.preset, left.state.rawValue, left.fingerprint.rawValue)
                < (right.preset, right.state.rawValue, right.fingerprint.rawValue)
        }
    }

    private func tallies(where condition: (PresetKey) -> Bool) -> [Tally] {
        let live = liveWorkspaces { condition($0.preset) }
        let groups = Dictionary(grouping: live) {
            Group(preset: $0.preset, fingerprint: $0.fingerprint, state: $0.state)
        }
        return groups.sorted { $0.key < $1.key }.map { group, workspaces in
            Tally(
                preset: group.preset, fingerprint: group.fingerprint, state: group.state, count: workspaces.count,
                oldestReadyAt: workspaces.compactMap(\.readyAt).min())
        }
    }

    func tallies(source: String?) -> [Tally] { tallies { source == nil || $0.source == source } }
    func tallies(of preset: PresetKey) -> [Tally] { tallies { $0 == preset } }

    func instances(of presets: [PresetKey]) -> [Instance] {
        let keys = Set(presets)
        return liveWorkspaces { keys.contains($0.preset) && $0.state != .claimed }.map {
            Instance(id: $0.id, preset: $0.preset, fingerprint: $0.fingerprint, state: $0.state, readyAt: $0.readyAt)
        }
    }

    func liveWorkspaces() -> [String: Int] {
        Dictionary(grouping: liveWorkspaces { $0.state != .lost }, by: \.preset.source).mapValues(\.count)
    }

    func everReady(source: String) -> Set<String> {
        Set(
            state.workspaces.values.map(\.workspace).filter { $0.preset.source == source && $0.readyAt != nil }
                .map(\.preset.name))
    }
}
