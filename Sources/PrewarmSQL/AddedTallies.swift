internal import PrewarmCore

/// The counts of new workspaces by preset, state and fingerprint. Each group is written once, because triggers would
/// write a row for each workspace.
struct AddedTallies {
    private struct Group: Hashable {
        let preset: Int64
        let state: Int
        let fingerprint: Fingerprint
    }

    private var groups: [Group: (count: Int, oldest: Timestamp?)] = [:]
    private var presets: Set<Int64> = []

    mutating func count(
        _ preset: Int64, _ state: WorkspaceState, _ fingerprint: Fingerprint, readyAt: Timestamp? = nil, count: Int = 1
    ) {
        presets.insert(preset)
        guard state != .deleted else { return }
        let group = Group(preset: preset, state: state.code, fingerprint: fingerprint)
        let known = groups[group]
        groups[group] = ((known?.count ?? 0) + count, [known?.oldest, readyAt].compactMap { $0 }.min())
    }

    func save(in transaction: SQLTransaction) throws {
        let rows = groups.sorted { ($0.key.preset, $0.key.state) < ($1.key.preset, $1.key.state) }
        try transaction.insert(
            rows, by: "INSERT OR FAIL INTO tallies (preset, state, fingerprint, count, oldest_ready_at)",
            row: "(?,?,?,?,?)",
            rest: """
                ON CONFLICT (preset, state, fingerprint) DO UPDATE SET count = tallies.count + excluded.count,
                oldest_ready_at = min(coalesce(tallies.oldest_ready_at, excluded.oldest_ready_at),
                coalesce(excluded.oldest_ready_at, tallies.oldest_ready_at))
                """
        ) { row, binder in
            let (group, added) = row
            try binder.bind(group.preset, group.state, group.fingerprint, added.count, added.oldest)
        }
        guard try transaction.areAnySettled() else { return }
        let unsettle = try transaction.statement("UPDATE standings SET settled = 0 WHERE preset = ? AND settled = 1")
        for preset in presets { try unsettle.run(preset) }
    }
}
