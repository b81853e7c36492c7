internal import PrewarmCore

/// A cache of the row ids of presets for one transaction.
final class PresetKeys {
    fileprivate var ids: [PresetKey: Int64] = [:]
    /// The last lookup, because several lookups of the same preset often follow each other.
    fileprivate var last: (key: PresetKey, id: Int64)?

    /// Empties the cache after rows of `preset_keys` were deleted.
    func forget() {
        ids = [:]
        last = nil
    }
}

extension SQLTransaction {
    /// The number of presets from which reading all presets of their sources is faster than a lookup for each.
    private static let manyPresets = 100

    /// Returns the row id of a preset. Nil if the store has no data of the preset.
    func presetID(_ key: PresetKey) throws -> Int64? {
        if let last = keys.last, last.key == key { return last.id }
        let id =
            try keys.ids[key]
            ?? statement("SELECT id FROM preset_keys WHERE source = ? AND name = ?")
            .first(key.source, key.name) { columns in columns.next(Int64.self) }
        guard let id else { return nil }
        keys.ids[key] = id
        keys.last = (key, id)
        return id
    }

    /// Returns the row id of a preset, and adds a row if the preset has none.
    func addedPresetID(_ key: PresetKey) throws -> Int64 {
        if let id = try presetID(key) { return id }
        try addPresetIDs([key])
        return try presetID(key) ?? 0
    }

    /// Adds a row for each preset that has none.
    func addPresetIDs(_ presets: some Collection<PresetKey>) throws {
        if presets.count >= Self.manyPresets, presets.contains(where: { keys.ids[$0] == nil }) {
            for source in Set(presets.lazy.map(\.source)) {
                for (id, key) in try presetKeys(source: source) { keys.ids[key] = id }
            }
        }
        var new: [(id: Int64, key: PresetKey)] = []
        for key in presets where try presetID(key) == nil {
            let last = try new.last?.id ?? statement("SELECT max(id) FROM preset_keys").first { $0.next(Int64.self) }
            new.append(((last ?? 0) + 1, key))
            keys.ids[key] = new.last?.id
        }
        try insert(new, by: "INSERT OR FAIL INTO preset_keys (id, source, name)", row: "(?,?,?)") { new, binder in
            try binder.bind(new.id, new.key.source, new.key.name)
        }
    }

    /// Returns the keys of the presets of a source, or of all sources, in the order of their row ids.
    func presetKeys(source: String? = nil) throws -> [(id: Int64, key: PresetKey)] {
        var keys: [(id: Int64, key: PresetKey)] = []
        // All presets of a source share one text.
        var last = ""
        func add(_ columns: inout Columns) {
            let (id, name, source) = (columns.next(Int64.self), columns.next(String.self), columns.next(String.self))
            if source != last { last = source }
            keys.append((id, PresetKey(source: last, name: name)))
        }
        let select = "SELECT id, name, source FROM preset_keys"
        if let source {
            try statement("\(select) WHERE source = ? ORDER BY id").forEach(source, read: add)
        } else {
            try statement("\(select) ORDER BY id").forEach(read: add)
        }
        return keys
    }
}
