internal import PrewarmCore
internal import PrewarmEngine

extension SQLTransaction {
    func workspace(_ idOrName: String) throws -> Workspace? {
        let decoder = try WorkspaceDecoder(self)
        let byID = try statement("SELECT \(WorkspaceDecoder.columns) FROM workspaces WHERE id = ?")
        if let found = try byID.first(idOrName, read: decoder.workspace) { return found }
        guard let id = try workspaceID(named: idOrName) else { return nil }
        return try byID.first(id, read: decoder.workspace) ?? nil
    }

    /// Returns the id of the workspace with a name (``Workspace/name(preset:id:)``). Live workspaces take precedence.
    private func workspaceID(named name: String) throws -> WorkspaceID? {
        for index in ["workspaces_live WHERE state <> 5", "workspaces_deleted WHERE state = 5"] {
            for dash in name.indices where name[dash] == "-" {
                let (start, ending) = (String(name[..<dash]), String(name[name.index(after: dash)...]))
                guard (1...8).contains(ending.count) else { continue }
                if let id = try workspaceID(start, ending, index) { return id }
            }
        }
        return nil
    }

    private func workspaceID(_ start: String, _ ending: String, _ index: String) throws -> WorkspaceID? {
        let room = Workspace.nameLimit - 1 - ending.utf8.count
        var presets = "SELECT id FROM preset_keys WHERE name = ?1"
        // A long preset name may be shortened in the name. No index supports this search.
        if start.utf8.count > room / 2 {
            presets += " OR length(name) > \(room) AND rtrim(substr(name, 1, \(room)), '-') = ?1"
        }
        // The names of workspaces with ids from a provisioner may end with a digest.
        let candidates = try statement(
            """
            SELECT id FROM workspaces INDEXED BY \(index) AND preset IN (\(presets))
            AND (length(id) <> 26 OR substr(id, 19) = ?2) ORDER BY id
            """
        ).all(start, ending) { columns in columns.next(WorkspaceID.self) }
        return candidates.first { Workspace.name(preset: start, id: $0) == "\(start)-\(ending)" }
    }

    func workspace(claimedWith key: ClaimKey) throws -> Workspace? {
        let decoder = try WorkspaceDecoder(self)
        return try statement(
            "SELECT \(WorkspaceDecoder.columns) FROM workspaces WHERE claim_key = ? AND claim_caller = ?"
        ).first(key.text, key.caller, read: decoder.workspace) ?? nil
    }

    func workspaces(_ filter: WorkspaceFilter) throws -> [Workspace] {
        var conditions = [filter.states.isEmpty ? "state <> 5" : filter.states.condition(on: "state")]
        // The condition is repeated so that SQLite can use the partial index.
        if !filter.states.isEmpty, !filter.states.contains(.deleted) { conditions.append("state <> 5") }
        var values: [any SQLValue] = []
        if let key = filter.preset {
            guard let preset = try presetID(key) else { return [] }
            conditions.append("preset = ?")
            values.append(preset)
        }
        if let owners = filter.owners {
            conditions.append("owner IN (\(owners.map { _ in "?" }.joined(separator: ",")))")
            values += owners
        }
        if let source = filter.source {
            conditions.append("preset IN (SELECT id FROM preset_keys WHERE source = ?)")
            values.append(source)
        }
        if let key = filter.claimKey {
            conditions.append("claim_key = ? AND claim_caller = ?")
            values += [key.text, key.caller] as [any SQLValue]
        }
        if let after = filter.after {
            conditions.append("id > ?")
            values.append(after)
        }
        values.append(filter.limit ?? .max)
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
