internal import PrewarmCore
internal import PrewarmEngine

/// Data for the planner: a row for each pool, and workspaces from an index without reading their rows.
extension SQLTransaction {
    private static let tallies = "SELECT preset, state, fingerprint, count, oldest_ready_at FROM tallies"
    /// The order of the primary key, in which ``TallyCounter`` needs the rows. PostgreSQL has no order of its own.
    private static let order = "ORDER BY preset, state, fingerprint"

    func tallies(source: String?) throws -> [Tally] {
        var counter = TallyCounter(keys: try presetKeys(source: source))
        try statement("\(Self.tallies) \(Self.order)").forEach { columns in
            counter.add(&columns)
        }
        return counter.tallies
    }

    func tallies(of preset: PresetKey) throws -> [Tally] {
        guard let id = try presetID(preset) else { return [] }
        var counter = TallyCounter(keys: [(id, preset)])
        try statement("\(Self.tallies) WHERE preset = ? \(Self.order)").forEach(id) { columns in
            counter.add(&columns)
        }
        return counter.tallies
    }

    func instances(of presets: [PresetKey]) throws -> [Instance] {
        var instances: [Instance] = []
        // Claimed and deleted workspaces are excluded.
        let select = try statement(
            """
            SELECT id, fingerprint, state, ready_at FROM workspaces INDEXED BY workspaces_live
            WHERE preset = ? AND state <> 5 AND state <> 3
            """)
        for key in presets {
            guard let id = try presetID(key) else { continue }
            try select.forEach(id) { columns in
                let (id, fingerprint) = (columns.next(WorkspaceID.self), columns.next(Fingerprint.self))
                guard let state = WorkspaceState(code: columns.next()) else { return }
                instances.append(
                    Instance(id: id, preset: key, fingerprint: fingerprint, state: state, readyAt: columns.next()))
            }
        }
        return instances
    }
}
