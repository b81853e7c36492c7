internal import PrewarmCore
internal import PrewarmEngine

/// The standings of pools, which decide which pools the next plan reads.
extension SQLTransaction {
    func openPresets(source: String, dueBy now: Timestamp) throws -> OpenPresets? {
        var (presets, due, isReadable): ([Preset], Set<PresetKey>, Bool) = ([], [], true)
        try statement(
            """
            SELECT settled, value FROM standings INDEXED BY standings_open JOIN presets ON id = preset
            WHERE source = ?1 AND settled = 0
            UNION ALL SELECT settled, value FROM standings INDEXED BY standings_next JOIN presets ON id = preset
            WHERE source = ?1 AND settled = 1 AND next_change IS NOT NULL AND next_change <= ?2
            """
        ).forEach(source, now) { columns in
            let isSettled = columns.next(Int.self) == 1
            guard let preset = try? Preset(binary: columns.next()) else { return isReadable = false }
            presets.append(preset)
            if isSettled { due.insert(preset.key) }
        }
        return isReadable ? OpenPresets(presets: presets.sorted { $0.key < $1.key }, due: due) : nil
    }

    func settledPools(
        source: String, without keys: Set<PresetKey>, after now: Timestamp
    ) throws -> SettledPools {
        func sums(_ columns: inout Columns) -> (pools: Int, unfinished: Int) {
            (pools: columns.next(), unfinished: columns.next())
        }
        var (pools, unfinished) =
            try statement("SELECT pools, unfinished FROM settled WHERE source = ?").first(source, read: sums) ?? (0, 0)
        var leftOut: Set<Int64> = []
        for key in keys {
            guard let id = try presetID(key),
                let one = try statement(
                    "SELECT 1, unfinished FROM standings WHERE preset = ? AND source = ? AND settled = 1"
                ).first(id, source, read: sums)
            else { continue }
            leftOut.insert(id)
            pools -= one.pools
            unfinished -= one.unfinished
        }
        // One of the first rows is not left out, unless all are.
        var next: Timestamp?
        try statement(
            """
            SELECT preset, next_change FROM standings INDEXED BY standings_next
            WHERE source = ? AND settled = 1 AND next_change IS NOT NULL AND next_change > ?
            ORDER BY next_change LIMIT ?
            """
        ).forEach(source, now, leftOut.count + 1) { columns in
            if !leftOut.contains(columns.next()), next == nil { next = columns.next() }
        }
        return SettledPools(count: pools, unfinished: unfinished, nextChange: next)
    }

    func unsettle(source: String) throws { try unsettle(.source(source)) }

    func unsettle(_ scope: Suspension.Scope) throws {
        switch scope {
        case .preset(let key):
            try statement(
                """
                UPDATE standings SET settled = 0 WHERE settled = 1
                AND preset = (SELECT id FROM preset_keys WHERE source = ? AND name = ?)
                """
            ).run(key.source, key.name)
        case .source(let name):
            try statement("UPDATE standings SET settled = 0 WHERE source = ? AND settled = 1").run(name)
        case .all: try statement("UPDATE standings SET settled = 0 WHERE settled = 1").run()
        }
    }

    func save(_ standings: [PoolStanding]) throws {
        let save = try statement(
            """
            UPDATE standings SET settled = ?2, next_change = ?3, unfinished = ?4
            WHERE preset = ?1 AND (settled <> ?2 OR next_change IS NOT ?3 OR unfinished <> ?4)
            """)
        // The other columns of a pool that is not settled are never read.
        let areAnySettled = try areAnySettled()
        for standing in standings where standing.isSettled || areAnySettled {
            try save.run(
                addedPresetID(standing.preset), standing.isSettled ? 1 : 0, standing.nextChange,
                standing.isUnfinished ? 1 : 0)
        }
    }

    func areAnySettled() throws -> Bool {
        try statement("SELECT 1 FROM settled WHERE pools > 0 LIMIT 1").first { _ in true } ?? false
    }

    func presets(_ keys: [PresetKey]) throws -> [Preset]? {
        let select = try statement(
            "SELECT value FROM preset_keys JOIN presets USING (id) WHERE source = ? AND name = ?")
        var presets: [Preset] = []
        for key in keys {
            let found = try select.first(key.source, key.name) { columns in try? Preset(binary: columns.next()) }
            guard let found else { continue }
            guard let preset = found else { return nil }
            presets.append(preset)
        }
        return presets
    }

    func presetCount(source: String) throws -> Int {
        try statement("SELECT count(*) FROM standings WHERE source = ?").first(source) { columns in columns.next() }
            ?? 0
    }

    func unreadablePresets(source: String) throws -> [PresetKey] {
        var keys: [PresetKey] = []
        try statement("SELECT name, value FROM preset_keys JOIN presets USING (id) WHERE source = ?")
            .forEach(source) { columns in
                let name: String = columns.next()
                if (try? Preset(binary: columns.next())) == nil { keys.append(PresetKey(source: source, name: name)) }
            }
        return keys
    }

    func template(_ name: String, source: String) throws -> Template? {
        try statement("SELECT value FROM templates WHERE source = ? AND name = ?").first(source, name) { columns in
            try? Template(binary: columns.next())
        } ?? nil
    }

    func isReplacement(_ preset: PresetKey) throws -> Bool {
        try statement(
            "SELECT 1 FROM standings WHERE source = ? AND replacement = ? AND replacement IS NOT NULL LIMIT 1"
        )
        .first(preset.source, preset.name) { columns in columns.next(Int.self) } != nil
    }

    func conditions(of presets: [PresetKey]) throws -> [PresetKey: [Condition]] {
        let select = try statement("SELECT value FROM conditions WHERE preset = ?")
        var conditions: [PresetKey: [Condition]] = [:]
        for key in presets {
            guard let id = try presetID(key) else { continue }
            conditions[key] = try select.first(id) { columns in try? [Condition](binary: columns.next()) } ?? nil
        }
        return conditions
    }

    func buildTimes(of presets: [PresetKey]) throws -> [PresetKey: Duration] {
        let select = try statement("SELECT build_ms FROM standings WHERE preset = ? AND build_ms IS NOT NULL")
        var times: [PresetKey: Duration] = [:]
        for key in presets {
            guard let id = try presetID(key) else { continue }
            times[key] = try select.first(id) { columns in .milliseconds(columns.next(Int64.self)) }
        }
        return times
    }

    func buildTimes(source: String) throws -> [PresetKey: Duration] {
        var times: [PresetKey: Duration] = [:]
        try statement(
            """
            SELECT name, build_ms FROM standings CROSS JOIN preset_keys ON id = preset
            WHERE standings.source = ? AND build_ms IS NOT NULL
            """
        ).forEach(source) { columns in
            times[PresetKey(source: source, name: columns.next())] = .milliseconds(columns.next(Int64.self))
        }
        return times
    }

    func setBuildTime(_ time: Duration, of preset: PresetKey) throws {
        try statement("UPDATE standings SET build_ms = ? WHERE preset = ?").run(
            time.wholeMilliseconds, presetID(preset))
    }

    func liveWorkspaces() throws -> [String: Int] {
        var counts: [String: Int] = [:]
        try statement(
            """
            SELECT source, CAST(sum(count) AS BIGINT) FROM tallies JOIN preset_keys ON id = preset
            WHERE state NOT IN (\(WorkspaceState.deleted.code), \(WorkspaceState.lost.code)) GROUP BY source
            """
        ).forEach { columns in counts[columns.next()] = columns.next() }
        return counts
    }

    func everReady(source: String) throws -> Set<String> {
        var names: Set<String> = []
        try statement(
            """
            SELECT name FROM preset_keys WHERE source = ? AND (
                EXISTS (SELECT 1 FROM workspaces INDEXED BY workspaces_live
                    WHERE preset = preset_keys.id AND state <> \(WorkspaceState.deleted.code) AND ready_at IS NOT NULL)
                OR EXISTS (SELECT 1 FROM workspaces INDEXED BY workspaces_deleted
                    WHERE preset = preset_keys.id AND state = \(WorkspaceState.deleted.code) AND ready_at IS NOT NULL))
            """
        ).forEach(source) { columns in names.insert(columns.next()) }
        return names
    }
}
