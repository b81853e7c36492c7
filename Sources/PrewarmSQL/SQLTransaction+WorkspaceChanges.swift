internal import PrewarmCore
internal import PrewarmEngine

extension SQLTransaction {
    func insert(_ workspaces: [Workspace]) throws {
        var specs: [Fingerprint: WorkspaceSpec] = [:]
        var added = AddedTallies()
        for workspace in workspaces {
            specs[workspace.fingerprint] = workspace.spec
            if workspace.id.isMade { progress.note(workspace.id) } else { progress.note() }
            added.count(
                try addedPresetID(workspace.preset), workspace.state, workspace.fingerprint, readyAt: workspace.readyAt)
        }
        try insert(specs)
        let revisions = try revisionIDs(workspaces.lazy.map(\.revision))
        let insert = "INSERT OR FAIL INTO workspaces (\(WorkspaceDecoder.columns))"
        try self.insert(workspaces, by: insert, row: "(?,?,?,?,?,?,?,?,?,?,?,?,?,?)") { workspace, binder in
            try binder.bind(
                workspace.id, addedPresetID(workspace.preset), workspace.fingerprint, workspace.state.code,
                workspace.owner?.name, workspace.owner?.kindCode, workspace.createdAt, workspace.readyAt,
                workspace.claimedAt, workspace.endpoint, bytes(of: workspace.metadata),
                workspace.revision.flatMap { revisions[$0] }, workspace.claim, workspace.handover.code)
        }
        try added.save(in: self)
    }

    func create(_ groups: [NewWorkspaces]) throws {
        let groups = groups.filter { !$0.ids.isEmpty }
        var specs: [Fingerprint: WorkspaceSpec] = [:]
        var added = AddedTallies()
        if let newest = groups.lazy.compactMap({ $0.ids.max() }).max() { progress.note(newest) }
        var rows: [(id: WorkspaceID, group: Int, round: Int)] = []
        rows.reserveCapacity(groups.reduce(0) { $0 + $1.ids.count })
        let presets = try groups.map { try addedPresetID($0.preset) }
        let revisionIDs = try revisionIDs(groups.lazy.map(\.revision))
        let revisions = groups.map { $0.revision.flatMap { revisionIDs[$0] } }
        let firstRounds = try firstRounds(of: groups)
        for (index, group) in groups.enumerated() {
            specs[group.fingerprint] = group.spec
            added.count(presets[index], .pending, group.fingerprint, count: group.ids.count)
            for (number, id) in group.ids.enumerated() { rows.append((id, index, firstRounds[index] + number)) }
        }
        try insert(specs)
        try insert(
            rows, by: "INSERT OR FAIL INTO workspaces (id, preset, fingerprint, state, created_at, metadata, revision)",
            row: "(?,?,?,\(WorkspaceState.pending.code),?,?,?)"
        ) { row, binder in
            let group = groups[row.group]
            try binder.bind(
                row.id, presets[row.group], group.fingerprint, group.createdAt, [UInt8](), revisions[row.group])
        }
        try insert(
            rows,
            by: """
                INSERT OR FAIL INTO operations
                (id, workspace, preset, provisioner, reason, next_attempt_at, created_at, lane_class, round, kind, state,
                attempt)
                """,
            row: "(?,?,?,?,?,?,?,?,?,\(Operation.Kind.create.code),\(Operation.State.pending.code),0)"
        ) { row, binder in
            let group = groups[row.group]
            try binder.bind(
                OperationID(making: row.id), row.id, presets[row.group], group.spec.provisioner,
                group.reason.rawValue, group.createdAt, group.createdAt, group.laneClass.rawValue, row.round)
        }
        try added.save(in: self)
    }

    /// Returns the row ids of the texts of revisions, and adds rows for new texts.
    private func revisionIDs(_ texts: some Sequence<String?>) throws -> [String: Int64] {
        let insert = try statement(
            "INSERT INTO revision_texts (text) VALUES (?) ON CONFLICT (text) DO UPDATE SET text = excluded.text RETURNING id"
        )
        var ids: [String: Int64] = [:]
        for case let text? in texts where ids[text] == nil {
            ids[text] = try insert.first(text) { columns in columns.next() }
        }
        return ids
    }

    private func insert(_ specs: [Fingerprint: WorkspaceSpec]) throws {
        let rows = specs.sorted { $0.key.rawValue < $1.key.rawValue }
        try insert(rows, by: "INSERT INTO specs (fingerprint, value)", row: "(?,?)", rest: "ON CONFLICT DO NOTHING") {
            spec, binder in
            try binder.bind(spec.key, spec.value.binary)
        }
    }

    private func bytes(of metadata: [String: String]) -> [UInt8] {
        metadata.isEmpty ? [] : metadata.binary
    }

    func replaceDeleted(by workspaces: [Workspace]) throws {
        let forget = try statement("DELETE FROM workspaces WHERE id = ? AND state = \(WorkspaceState.deleted.code)")
        for workspace in workspaces { try forget.run(workspace.id) }
        try insert(workspaces)
    }

    func update(_ workspace: Workspace, from states: [WorkspaceState]) throws -> Bool {
        progress.note()
        return try statement(
            """
            UPDATE workspaces SET state = ?2, owner = ?3, ready_at = ?4, claimed_at = ?5, endpoint = ?6, metadata = ?7,
                owner_kind = ?8, handover = ?9
            WHERE id = ?1 AND \(states.condition(on: "state"))
            """
        ).run(
            workspace.id, workspace.state.code, workspace.owner?.name, workspace.readyAt, workspace.claimedAt,
            workspace.endpoint, bytes(of: workspace.metadata), workspace.owner?.kindCode, workspace.handover.code) > 0
    }

    func move(
        _ workspaces: [WorkspaceID], from states: [WorkspaceState], to state: WorkspaceState
    ) throws -> Set<WorkspaceID> {
        if !workspaces.isEmpty { progress.note() }
        let move = try statement(
            "UPDATE workspaces SET state = ?2 WHERE id = ?1 AND \(states.condition(on: "state"))")
        var moved: Set<WorkspaceID> = []
        for id in workspaces where try move.run(id, state.code) > 0 { moved.insert(id) }
        return moved
    }

    /// Claims a ready workspace. Nil if no workspace can be claimed. A claim with the same idempotency key gets the same workspace,
    /// because no other transaction can write between the lookup and the claim.
    func claim(_ claim: ClaimRequest) throws -> Workspace? {
        if let key = claim.idempotencyKey, let earlier = try workspace(claimedWith: key) { return earlier }
        guard let preset = try presetID(claim.preset) else { return nil }
        let decoder = try WorkspaceDecoder(self)
        let claimed = try statement(Self.claimStatement).first(
            preset, claim.current, claim.readySince, claim.owner.name, claim.now, claim.idempotencyKey?.text,
            claim.offersOutdated ? 1 : 0, claim.offersExpired ? 1 : 0, claim.owner.kindCode,
            claim.idempotencyKey?.caller ?? "", claim.id, claim.freshSince, read: decoder.workspace)
        if claimed != nil { progress.note() }
        return claimed ?? nil
    }

    func remember(claimKey: ClaimKey?, of workspace: WorkspaceID) throws {
        try statement("UPDATE workspaces SET claim_key = ?2, claim_caller = ?3 WHERE id = ?1")
            .run(workspace, claimKey?.text, claimKey?.caller ?? "")
    }

    /// The statement that claims a workspace. It prefers workspaces whose last check was good, current workspaces to outdated
    /// ones, and unexpired to expired ones. Of the expired workspaces, it takes the youngest.
    private static let claimStatement = """
        UPDATE workspaces SET state = 3, owner = ?4, claimed_at = ?5, claim_key = ?6, owner_kind = ?9, claim_caller = ?10,
            claim = ?11
        WHERE state = 2 AND id = coalesce(
            \(ready("fingerprint = ?2 AND \(unexpired) AND \(wasListed) AND (?12 IS NULL OR ready_at >= ?12)")),
            \(ready("fingerprint = ?2 AND \(unexpired) AND \(wasListed)")),
            \(ready("fingerprint <> ?2 AND \(unexpired) AND ?7 = 1 AND \(wasListed)")),
            \(ready("fingerprint = ?2 AND \(unexpired)")), \(ready("fingerprint <> ?2 AND \(unexpired) AND ?7 = 1")),
            \(ready("fingerprint = ?2 AND ?8 = 1", order: "ready_at DESC NULLS LAST")),
            \(ready("fingerprint <> ?2 AND ?7 = 1 AND ?8 = 1", order: "ready_at DESC NULLS LAST")))
        RETURNING \(WorkspaceDecoder.columns)
        """

    /// The last list of the provisioner did not lack the workspace or report it as broken.
    private static let wasListed = "NOT EXISTS (SELECT 1 FROM missing WHERE missing.id = workspaces.id)"
    private static let unexpired = "(?3 IS NULL OR ready_at > ?3)"

    private static func ready(_ condition: String, order: String = "ready_at NULLS FIRST") -> String {
        """
        (SELECT id FROM workspaces INDEXED BY workspaces_live
        WHERE preset = ?1 AND state = 2 AND state <> 5 AND \(condition) ORDER BY \(order), id LIMIT 1)
        """
    }
}

extension WorkspaceID {
    /// True if the id has the form of ids that prewarm creates. Adopted workspaces may have any id.
    fileprivate var isMade: Bool { rawValue.utf8.count == 26 }
}
