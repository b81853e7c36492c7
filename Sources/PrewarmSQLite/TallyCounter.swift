internal import PrewarmCore

/// Gives groups of preset, state and fingerprint, which come in the order of the presets' numbers, their presets.
struct TallyCounter {
    /// Walked along with the groups.
    private var keys: ArraySlice<(id: Int64, key: PresetKey)>
    private(set) var tallies: [Tally] = []

    /// `keys` in the order of their numbers; groups of other presets are left out.
    init(keys: [(id: Int64, key: PresetKey)]) {
        self.keys = keys[...]
        tallies.reserveCapacity(keys.count * 2)
    }

    mutating func add(_ columns: inout Columns) {
        let (preset, state) = (columns.next(Int64.self), WorkspaceState(code: columns.next()))
        while let first = keys.first, first.id < preset { keys.removeFirst() }
        guard let state, let found = keys.first, found.id == preset else { return }
        tallies.append(
            Tally(
                preset: found.key, fingerprint: columns.next(), state: state, count: columns.next(),
                oldestReadyAt: columns.next()))
    }
}
