package import PrewarmCore

extension Engine {
    /// Gives an owner a workspace that is not ready yet, if the pool is empty and the manifest says `onEmpty: create`: one that
    /// the pool creates for waiting claims already, otherwise a new one. The workspace is claimed from then on, so
    /// reconciliations do not touch it.
    /// - Returns: Nil if the preset does not allow it, if it is suspended or observed, or if a limit is reached.
    func claimCold(
        _ preset: Preset, owner: Owner, _ attempt: ClaimAttempt, idempotencyKey: ClaimKey?, _ terms: HandoverTerms?,
        at now: Timestamp, in store: any StoreWriter
    ) throws -> ClaimGrant? {
        let suspensions = try store.suspensions()
        guard allowsCold(preset, suspensions, at: now) else { return nil }
        let request = try request(
            of: preset, by: owner, suspensions, at: now, in: store, idempotencyKey: idempotencyKey, id: attempt.id)
        if let begun = try store.claimStarting(request) {
            try store.record(attempt, begun, .cold, preset.lease, at: now)
            let what = "a workspace that is starting is given to \(owner)\(attempt.askedText)"
            return try coldGrant(begun, terms, what, at: now, in: store)
        }
        var supply = try ClaimSupply(self, count: 1, at: now, in: store)
        guard try supply.hasRoom(for: preset.key, in: store) else { return nil }
        var identifiers = identifiers(at: now)
        let workspace = Workspace(
            id: WorkspaceID(identifiers.next()), preset: preset.key, spec: preset.spec,
            fingerprint: preset.fingerprint, state: .claimed, owner: owner, createdAt: now, claimedAt: now,
            revision: try store.source(preset.key.source)?.applied?.description, claim: attempt.id)
        try store.insert([workspace])
        try store.record(attempt, workspace, .cold, preset.lease, at: now)
        if let idempotencyKey { try store.remember(claimKey: idempotencyKey, of: workspace.id) }
        try store.insert([
            Operation(
                id: OperationID(making: workspace.id), kind: .create, workspace: workspace.id, preset: preset.key,
                provisioner: preset.spec.provisioner, reason: .claimed, nextAttemptAt: now, createdAt: now)
        ])
        let what = "a new one is created for \(owner)\(attempt.askedText)"
        return try coldGrant(workspace, terms, what, at: now, in: store)
    }

    private func coldGrant(
        _ workspace: Workspace, _ terms: HandoverTerms?, _ what: String, at now: Timestamp, in store: any StoreWriter
    ) throws -> ClaimGrant {
        let grant = try granted(workspace, terms, at: now, in: store)
        try store.append([
            Event(
                at: now, reason: .claimedCold, object: "workspace", name: workspace.name,
                source: workspace.preset.source, preset: workspace.preset.name,
                message: "no workspace was ready: \(what)", owner: workspace.owner,
                claimed: grant.handover == nil ? ClaimedWorkspace(workspace) : nil)
        ])
        // A plan that is being made counts the new workspace against the limits.
        try store.markDirty(source: workspace.preset.source)
        return grant
    }

    /// Returns true if claims on an empty pool of the preset may get workspaces that are not ready yet, as far as limits allow.
    func allowsCold(_ preset: Preset, _ suspensions: [Suspension], at now: Timestamp) -> Bool {
        preset.options.onEmpty == .create && preset.options.mode == .reconcile && !preset.isSuspended
            && !policy.observedSources.contains(preset.key.source)
            && !suspensions.contains { $0.scope.covers(preset.key) && $0.isInForce(at: now) }
    }
}

extension Workspace {
    /// Returns true if the workspace is claimed and still being created for its owner.
    package var isCold: Bool { state == .claimed && readyAt == nil }
}
