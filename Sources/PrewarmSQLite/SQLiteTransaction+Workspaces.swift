internal import PrewarmCore
internal import PrewarmEngine

extension SQLiteTransaction {
    func workspace(_ idOrName: String) throws -> Workspace? {
        let decoder = try WorkspaceDecoder(self)
        let byID = try statement("SELECT \(WorkspaceDecoder.columns) FROM workspaces WHERE id = ?")
        if let found = try byID.first(idOrName, read: decoder.workspace) { return found }
        guard let id = try workspaceID(named: idOrName) else { return nil }
        return try byID.first(id, read: decoder.workspace) ?? nil
    }

    /// A name is that of the preset, a dash and the last eight characters of the id; ones that live come first.
    private func workspaceID(named name: String) throws -> WorkspaceID? {
        let indexes = ["workspaces_live WHERE state <> 5", "workspaces_deleted WHERE state = 5"]
        for index in indexes {
            for dash in name.indices where name[dash] == "-" {
                let end = String(name[name.index(after: dash)...])
                guard (1...8).contains(end.count) else { continue }
                let id = try statement(
                    """
                    SELECT id FROM workspaces INDEXED BY \(index) AND substr(id, -8) = ?2
                    AND preset IN (SELECT id FROM preset_keys WHERE name = ?1) ORDER BY id LIMIT 1
                    """
                ).first(String(name[..<dash]), end) { columns in columns.next(WorkspaceID.self) }
                if let id { return id }
            }
        }
        return nil
    }

    func workspace(claimedWith idempotencyKey: String) throws -> Workspace? {
        let decoder = try WorkspaceDecoder(self)
        return try statement("SELECT \(WorkspaceDecoder.columns) FROM workspaces WHERE claim_key = ?")
            .first(idempotencyKey, read: decoder.workspace) ?? nil
    }

    func hasWorkspaces() throws -> Bool {
        try statement("SELECT 1 FROM tallies LIMIT 1").first { columns in columns.next(Int.self) } != nil
    }

    func workspaces(_ filter: WorkspaceFilter) throws -> [Workspace] {
        var conditions = [filter.states.isEmpty ? "state <> 5" : filter.states.condition(on: "state")]
        // Said again for the partial index.
        if !filter.states.isEmpty, !filter.states.contains(.deleted) { conditions.append("state <> 5") }
        var values: [any SQLiteValue] = []
        if let key = filter.preset {
            guard let preset = try presetID(key) else { return [] }
            conditions.append("preset = ?")
            values.append(preset)
        }
        if let owner = filter.owner {
            conditions.append("owner = ?")
            values.append(owner)
        }
        if let source = filter.source {
            conditions.append("preset IN (SELECT id FROM preset_keys WHERE source = ?)")
            values.append(source)
        }
        if let after = filter.after {
            conditions.append("id > ?")
            values.append(after)
        }
        values.append(filter.limit ?? -1)
        let decoder = try WorkspaceDecoder(self)
        var workspaces: [Workspace] = []
        let condition = conditions.joined(separator: " AND ")
        try statement("SELECT \(WorkspaceDecoder.columns) FROM workspaces WHERE \(condition) ORDER BY id LIMIT ?")
            .forEach(filteredBy: values) { columns in
                if let workspace = try decoder.workspace(&columns) { workspaces.append(workspace) }
            }
        return workspaces
    }
}
