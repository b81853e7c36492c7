internal import PrewarmCore

extension SQLiteTransaction {
    /// Nil for a preset that the store never had anything of.
    func presetID(_ key: PresetKey) throws -> Int64? {
        try statement("SELECT id FROM preset_keys WHERE source = ? AND name = ?")
            .first(key.source, key.name) { columns in columns.next() }
    }

    /// The keys with their numbers, in the order of these, of one source or of all.
    func presetKeys(source: String? = nil) throws -> [(id: Int64, key: PresetKey)] {
        var keys: [(id: Int64, key: PresetKey)] = []
        // One text for all presets of a source instead of one for each.
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

/// The numbers of presets, for batches: looked up once each, and given to presets that have none.
final class PresetKeys {
    private let find: PreparedStatement
    private let insert: PreparedStatement
    private var ids: [PresetKey: Int64] = [:]
    private var last: (key: PresetKey, id: Int64)?

    init(_ transaction: SQLiteTransaction) throws {
        find = try transaction.statement("SELECT id FROM preset_keys WHERE source = ? AND name = ?")
        insert = try transaction.statement("INSERT INTO preset_keys (source, name) VALUES (?,?) RETURNING id")
    }

    func id(of key: PresetKey) throws -> Int64 {
        if let last, last.key == key { return last.id }
        let id = try ids[key] ?? fetch(key)
        ids[key] = id
        last = (key, id)
        return id
    }

    private func fetch(_ key: PresetKey) throws -> Int64 {
        if let id = try find.first(key.source, key.name, read: { $0.next(Int64.self) }) { return id }
        return try insert.first(key.source, key.name) { $0.next(Int64.self) } ?? 0
    }
}
