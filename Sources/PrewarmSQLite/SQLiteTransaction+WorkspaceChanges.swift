internal import PrewarmCore
internal import PrewarmEngine

extension SQLiteTransaction {
    func insert(_ workspaces: [Workspace]) throws {
        var specs: [Fingerprint: WorkspaceSpec] = [:]
        var added = AddedTallies()
        for workspace in workspaces {
            specs[workspace.fingerprint] = workspace.spec
            added.count(workspace, try addedPresetID(workspace.preset))
        }
        let insertSpec = "INSERT OR IGNORE INTO specs (fingerprint, value)"
        try insert(specs.sorted { $0.key.rawValue < $1.key.rawValue }, by: insertSpec, row: "(?,?)") { spec, binder in
            try binder.bind(spec.key, spec.value.binary)
        }
        let insert = "INSERT OR FAIL INTO workspaces (\(WorkspaceDecoder.columns))"
        try self.insert(workspaces, by: insert, row: "(?,?,?,?,?,?,?,?,?,?,?)") { workspace, binder in
            try binder.bind(
                workspace.id, addedPresetID(workspace.preset), workspace.fingerprint, workspace.state.code,
                workspace.owner, workspace.createdAt, workspace.readyAt, workspace.claimedAt, workspace.endpoint,
                bytes(of: workspace.metadata), workspace.revision)
        }
        try added.save(in: self)
    }

    private func bytes(of metadata: [String: String]) -> [UInt8] {
        metadata.isEmpty ? [] : metadata.binary
    }

    func update(_ workspace: Workspace, from states: [WorkspaceState]) throws -> Bool {
        try statement(
            """
            UPDATE workspaces SET state = ?2, owner = ?3, ready_at = ?4, claimed_at = ?5, endpoint = ?6, metadata = ?7,
            revision = ?8 WHERE id = ?1 AND \(states.condition(on: "state"))
            """
        ).run(
            workspace.id, workspace.state.code, workspace.owner, workspace.readyAt, workspace.claimedAt,
            workspace.endpoint, bytes(of: workspace.metadata), workspace.revision) > 0
    }

    func move(
        _ workspaces: [WorkspaceID], from states: [WorkspaceState], to state: WorkspaceState
    ) throws -> Set<WorkspaceID> {
        let move = try statement(
            "UPDATE workspaces SET state = ?2 WHERE id = ?1 AND \(states.condition(on: "state"))")
        var moved: Set<WorkspaceID> = []
        for id in workspaces where try move.run(id, state.code) > 0 { moved.insert(id) }
        return moved
    }

    /// The same key gets the same workspace: nobody else writes between the look and the claim.
    func claim(_ claim: ClaimRequest) throws -> Workspace? {
        if let key = claim.idempotencyKey, let earlier = try workspace(claimedWith: key) { return earlier }
        guard let preset = try presetID(claim.preset) else { return nil }
        let decoder = try WorkspaceDecoder(self)
        return try statement(Self.claimStatement).first(
            preset, claim.current, claim.readySince, claim.owner, claim.now, claim.idempotencyKey,
            read: decoder.workspace) ?? nil
    }

    func remember(claimKey: String?, of workspace: WorkspaceID) throws {
        try statement("UPDATE workspaces SET claim_key = ?2 WHERE id = ?1").run(workspace, claimKey)
    }

    private static let claimStatement = """
        UPDATE workspaces SET state = 3, owner = ?4, claimed_at = ?5, claim_key = ?6
        WHERE state = 2 AND id = coalesce(\(oldestReady("fingerprint = ?2")), \(oldestReady("fingerprint <> ?2")))
        RETURNING \(WorkspaceDecoder.columns)
        """

    private static func oldestReady(_ condition: String) -> String {
        """
        (SELECT id FROM workspaces INDEXED BY workspaces_live
        WHERE preset = ?1 AND state = 2 AND state <> 5 AND \(condition) AND (?3 IS NULL OR ready_at > ?3)
        ORDER BY ready_at, id LIMIT 1)
        """
    }
}
