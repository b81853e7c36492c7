internal import PrewarmCore
internal import PrewarmEngine

extension SQLTransaction {
    private static let replacePreset = SQLText.replacing("id, value", key: "id")
    private static let replaceConditions = SQLText.replacing("preset, value", key: "preset")
    private static let saveFailure = SQLText.save(
        into: "failures", "preset, fingerprint, count, failed_at, retry_at, message", key: "preset")

    func presets(source: String?) throws -> [Preset] {
        let select = "SELECT value FROM preset_keys JOIN presets USING (id)"
        if let source {
            return try statement("\(select) WHERE source = ? ORDER BY name").decoded(source)
        }
        return try statement("\(select) ORDER BY name, source").decoded()
    }

    func presets(named text: String) throws -> [Preset] {
        let select = "SELECT value FROM preset_keys JOIN presets USING (id) WHERE name = ?"
        var found: [Preset] = try statement("\(select) ORDER BY source").decoded(text)
        for index in text.indices where text[index] == "/" {
            let name = String(text[text.index(after: index)...])
            found += try statement("\(select) AND source = ?").decoded(name, String(text[..<index]))
        }
        return found
    }

    func templates(source: String?) throws -> [Template] {
        if let source {
            return try statement("SELECT value FROM templates WHERE source = ? ORDER BY name").decoded(source)
        }
        return try statement("SELECT value FROM templates ORDER BY name, source").decoded()
    }

    func save(_ presets: [Preset]) throws {
        try addPresetIDs(presets.lazy.map(\.key))
        try insert(
            presets, by: "INSERT INTO presets (id, value)", row: "(?,?)", rest: Self.replacePreset
        ) { preset, binder in
            try binder.bind(addedPresetID(preset.key), preset.binary)
        }
        try saveHealth(of: presets)
        try insert(
            presets,
            by: "INSERT OR FAIL INTO standings (preset, source, settled, unfinished, replacement)",
            row: "(?,?,0,0,?)",
            rest: "ON CONFLICT (preset) DO UPDATE SET settled = 0, replacement = excluded.replacement"
        ) { preset, binder in
            try binder.bind(addedPresetID(preset.key), preset.key.source, preset.replacement)
        }
    }

    func forget(_ presets: [PresetKey]) throws {
        for key in presets {
            guard let id = try presetID(key) else { continue }
            try statement("DELETE FROM presets WHERE id = ?").run(id)
            try statement("DELETE FROM failures WHERE preset = ?").run(id)
            try statement("DELETE FROM handover_failures WHERE preset = ?").run(id)
            try statement("DELETE FROM conditions WHERE preset = ?").run(id)
            try statement("DELETE FROM standings WHERE preset = ?").run(id)
            try forgetHealth(of: id)
        }
    }

    func conditions(source: String) throws -> [PresetKey: [Condition]] {
        var conditions: [PresetKey: [Condition]] = [:]
        try statement(
            "SELECT name, value FROM conditions JOIN preset_keys ON preset_keys.id = preset WHERE source = ?"
        ).forEach(source) { columns in
            let key = PresetKey(source: source, name: columns.next())
            conditions[key] = try? [Condition](binary: columns.next())
        }
        return conditions
    }

    func save(_ conditions: [PresetKey: [Condition]]) throws {
        let rows = try conditions.map { (id: try addedPresetID($0), value: $1) }.sorted { $0.id < $1.id }
        try insert(
            rows, by: "INSERT INTO conditions (preset, value)", row: "(?,?)", rest: Self.replaceConditions
        ) { row, binder in
            try binder.bind(row.id, row.value.binary)
        }
    }

    func replaceTemplates(_ templates: [Template], source: String) throws {
        try statement("DELETE FROM templates WHERE source = ?").run(source)
        let insert = try statement("INSERT INTO templates (source, name, value) VALUES (?,?,?)")
        for template in templates { try insert.run(source, template.name, template.binary) }
    }

    func failures(source: String?) throws -> [FailureRecord] {
        let select = """
            SELECT source, name, fingerprint, count, failed_at, retry_at, message \
            FROM failures CROSS JOIN preset_keys ON preset_keys.id = preset
            """
        guard let source else { return try statement("\(select) ORDER BY name, source").all(read: failureRecord) }
        return try statement("\(select) WHERE source = ? ORDER BY name").all(source, read: failureRecord)
    }

    private func failureRecord(_ columns: inout Columns) -> FailureRecord {
        FailureRecord(
            preset: PresetKey(source: columns.next(), name: columns.next()), fingerprint: columns.next(),
            count: columns.next(), failedAt: columns.next(), retryAt: columns.next(), message: columns.next())
    }

    func setFailure(_ failure: FailureRecord?, of preset: PresetKey) throws {
        try unsettle(.preset(preset))
        guard let failure else {
            guard let id = try presetID(preset) else { return }
            try statement("DELETE FROM failures WHERE preset = ?").run(id)
            return
        }
        try statement(Self.saveFailure).run(
            addedPresetID(preset), failure.fingerprint, failure.count, failure.failedAt, failure.retryAt,
            failure.message)
    }
}

extension PreparedStatement {
    /// Returns the decoded values of a query with one column. Unreadable values are left out, and
    /// ``SQLTransaction/diagnostics(source:)`` reports them.
    fileprivate func decoded<each Value: SQLValue, Result: BinaryCodable>(
        _ values: repeat each Value
    ) throws -> [Result] {
        var results: [Result] = []
        try forEach(repeat each values) { columns in
            if let result = try? Result(binary: columns.next()) { results.append(result) }
        }
        return results
    }
}
