internal import PrewarmCore

extension SQLiteTransaction {
    /// Nil for a preset that the store never had anything of.
    func presetID(_ key: PresetKey) throws -> Int64? {
        try statement("SELECT id FROM preset_keys WHERE source = ? AND name = ?")
            .first(key.source, key.name) { columns in columns.next() }
    }

    /// The keys by their numbers, of one source or of all.
    func presetKeys(source: String? = nil) throws -> [Int64: PresetKey] {
        var keys: [Int64: PresetKey] = [:]
        // One text for all presets of a source instead of one for each.
        var last = ""
        func add(_ columns: inout Columns) {
            let id: Int64 = columns.next()
            let name: String = columns.next()
            let source: String = columns.next()
            if source != last { last = source }
            keys[id] = PresetKey(source: last, name: name)
        }
        let count = try statement("SELECT count(*) FROM preset_keys").first { $0.next(Int.self) }
        keys.reserveCapacity(count ?? 0)
        if let source {
            try statement("SELECT id, name, source FROM preset_keys WHERE source = ?").forEach(source, read: add)
        } else {
            try statement("SELECT id, name, source FROM preset_keys").forEach(read: add)
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
