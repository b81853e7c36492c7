internal import PrewarmCore
internal import PrewarmEngine

/// What the planner reads: index alone, no row of the table.
extension SQLiteTransaction {
    func tallies(source: String?) throws -> [Tally] {
        let keys = try presetKeys(source: source)
        var tallies: [Tally] = []
        tallies.reserveCapacity(keys.count * 2)
        try statement(
            """
            SELECT preset, state, fingerprint, count(*), min(ready_at) FROM workspaces INDEXED BY workspaces_live
            WHERE state <> 5 GROUP BY preset, state, fingerprint
            """
        ).forEach { columns in
            guard let key = keys[columns.next()], let tally = tally(of: key, &columns) else { return }
            tallies.append(tally)
        }
        return tallies
    }

    func tallies(of preset: PresetKey) throws -> [Tally] {
        guard let id = try presetID(preset) else { return [] }
        return try statement(
            """
            SELECT state, fingerprint, count(*), min(ready_at) FROM workspaces INDEXED BY workspaces_live
            WHERE preset = ? AND state <> 5 GROUP BY state, fingerprint
            """
        ).all(id) { columns in tally(of: preset, &columns) }.compactMap { $0 }
    }

    private func tally(of preset: PresetKey, _ columns: inout Columns) -> Tally? {
        guard let state = WorkspaceState(code: columns.next()) else { return nil }
        return Tally(
            preset: preset, fingerprint: columns.next(), state: state, count: columns.next(),
            oldestReadyAt: columns.next())
    }

    func instances(of presets: [PresetKey]) throws -> [Instance] {
        var instances: [Instance] = []
        // Claimed and deleted ones are left out.
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
