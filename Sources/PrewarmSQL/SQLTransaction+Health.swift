internal import PrewarmCore
internal import PrewarmEngine

/// Health checks, and replacements on demand.
extension SQLTransaction {
    private static let saveCheckOfPreset = SQLText.save(
        into: "health", "preset, provisioner, interval_ms, failures, freshness_ms", key: "preset")
    private static let saveReplacement = SQLText.save(
        into: "replacements", "workspace, preset, at", key: "workspace")

    func health(provisioner: String) throws -> [PresetKey: Health] {
        var health: [PresetKey: Health] = [:]
        try statement(
            """
            SELECT source, name, interval_ms, failures, freshness_ms FROM health JOIN preset_keys ON id = preset
            WHERE provisioner = ?
            """
        ).forEach(provisioner) { columns in
            let key = PresetKey(source: columns.next(), name: columns.next())
            health[key] = Health(
                interval: .milliseconds(columns.next(Int64.self)), failures: columns.next(),
                freshness: .milliseconds(columns.next(Int64.self)))
        }
        return health
    }

    func healthInterval(provisioner: String) throws -> Duration? {
        let shortest =
            try statement("SELECT min(interval_ms) FROM health WHERE provisioner = ?").first(provisioner) { columns in
                columns.next(Int64?.self)
            } ?? nil
        return shortest.map { .milliseconds($0) }
    }

    /// Saves the health checks of presets.
    func saveHealth(of presets: [Preset]) throws {
        let save = try statement(Self.saveCheckOfPreset)
        for preset in presets {
            let id = try addedPresetID(preset.key)
            if let health = preset.health {
                try save.run(
                    id, preset.spec.provisioner, health.interval.wholeMilliseconds, health.failures,
                    health.freshness.wholeMilliseconds)
            } else {
                try forgetHealth(of: id)
            }
        }
    }

    /// Deletes the health checks of a preset and their last answers, so that later checks do not begin with an old answer.
    func forgetHealth(of preset: Int64) throws {
        guard try statement("DELETE FROM health WHERE preset = ?").run(preset) > 0 else { return }
        try statement(
            """
            DELETE FROM checks WHERE workspace IN (
                SELECT id FROM workspaces WHERE preset = ? AND state <> \(WorkspaceState.deleted.code))
            """
        ).run(preset)
    }

    func brokenClaims() throws -> [PresetKey: Int] {
        var counts: [PresetKey: Int] = [:]
        try statement(
            """
            SELECT source, name, count(*) FROM missing CROSS JOIN workspaces ON workspaces.id = missing.id
            CROSS JOIN preset_keys ON preset_keys.id = workspaces.preset
            WHERE missing.reported = 1 AND workspaces.state = \(WorkspaceState.claimed.code) GROUP BY source, name
            """
        ).forEach { columns in
            counts[PresetKey(source: columns.next(), name: columns.next())] = columns.next()
        }
        return counts
    }

    func unsettle(_ presets: Set<PresetKey>) throws {
        for preset in presets { try unsettle(.preset(preset)) }
    }

    func replacements() throws -> [PresetKey: Set<WorkspaceID>] {
        var replacements: [PresetKey: Set<WorkspaceID>] = [:]
        try statement(
            """
            SELECT source, name, workspace FROM replacements CROSS JOIN workspaces ON workspaces.id = workspace
            CROSS JOIN preset_keys ON preset_keys.id = replacements.preset
            WHERE state = \(WorkspaceState.ready.code)
            """
        ).forEach { columns in
            let key = PresetKey(source: columns.next(), name: columns.next())
            replacements[key, default: []].insert(columns.next())
        }
        return replacements
    }

    func replace(_ workspaces: [WorkspaceID], of preset: PresetKey, at now: Timestamp) throws {
        try unsettle(.preset(preset))
        // Rows of workspaces that were replaced or claimed have no effect any more.
        try statement(
            """
            DELETE FROM replacements WHERE NOT EXISTS (SELECT 1 FROM workspaces
                WHERE workspaces.id = workspace AND state IN (\(WorkspaceState.ready.code),\(WorkspaceState.suspect.code)))
            """
        ).run()
        let insert = try statement(Self.saveReplacement)
        for id in workspaces { try insert.run(id, addedPresetID(preset), now) }
    }
}
