package import PrewarmCore

extension Engine {
    /// Creates a workspace for one owner if the pool is empty and the manifest says `onEmpty: create`. The workspace is
    /// claimed from the beginning, so reconciliations do not touch it.
    /// - Returns: Nil if the preset does not allow it, if it is suspended or observed, or if a limit is reached.
    func claimCold(
        _ preset: Preset, owner: Owner, _ attempt: ClaimAttempt, idempotencyKey: ClaimKey?, _ terms: HandoverTerms?,
        at now: Timestamp, in store: any StoreWriter
    ) throws -> ClaimGrant? {
        guard try mayCreateForClaim(preset, at: now, in: store) else { return nil }
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
        let grant = try granted(workspace, terms, at: now, in: store)
        try store.append([
            Event(
                at: now, reason: .claimedCold, object: "workspace", name: workspace.name, source: preset.key.source,
                preset: preset.key.name, message: "no workspace was ready: a new one is created for \(owner)",
                owner: owner, claimed: grant.handover == nil ? ClaimedWorkspace(workspace) : nil)
        ])
        // A plan that is being made counts the new workspace against the limits.
        try store.markDirty(source: preset.key.source)
        return grant
    }

    /// Returns true if prewarm may create a workspace for a claim on an empty pool.
    func mayCreateForClaim(_ preset: Preset, at now: Timestamp, in store: any StoreReader) throws -> Bool {
        guard preset.options.onEmpty == .create, preset.options.mode == .reconcile, !preset.isSuspended,
            !policy.observedSources.contains(preset.key.source),
            try !store.suspensions().contains(where: { $0.scope.covers(preset.key) && $0.isInForce(at: now) })
        else { return false }
        return try hasRoom(for: preset.key, in: store)
    }

    private func hasRoom(for preset: PresetKey, in store: any StoreReader) throws -> Bool {
        let limits = policy.limits
        if let limit = limits.instancesPerPreset, try store.tallies(of: preset).liveCount >= limit { return false }
        if let limit = limits.instancesPerSource, try store.tallies(source: preset.source).liveCount >= limit {
            return false
        }
        if let limit = limits.instances, try store.tallies(source: nil).liveCount >= limit { return false }
        return true
    }
}

extension Workspace {
    /// Returns true if the workspace is claimed and still being created for its owner.
    package var isCold: Bool { state == .claimed && readyAt == nil }
}
