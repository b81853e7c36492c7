internal import PrewarmCore

/// Converts rows of `tallies` to ``Tally`` values. The rows have to be in the order of the row ids of the presets.
struct TallyCounter {
    /// The keys that were not passed yet.
    private var keys: ArraySlice<(id: Int64, key: PresetKey)>
    private(set) var tallies: [Tally] = []

    /// - Parameter keys: The keys in the order of their row ids. Rows of other presets are left out.
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
