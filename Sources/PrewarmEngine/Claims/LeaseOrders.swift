package import PrewarmCore

/// A claimed workspace with the record of its claim.
package struct HeldClaim: Sendable {
    package let workspace: Workspace
    package let claim: Claim
    /// The bound that shortened a renewal; nil if it got its time.
    package var clamp: ClaimLease.Clamp?
}

/// The orders of owners and operators about a claim. Each one is a transaction with its event and audit entry.
extension Engine {
    /// Renews the lease of a claim.
    /// - Parameter requested: The time from now to the new end; nil for the ttl of the claim. An earlier end changes nothing.
    /// - Throws: ``ClaimError``
    package func renew(
        _ idOrName: String, for requested: Duration? = nil, audit: AuditEntry? = nil
    ) async throws -> HeldClaim {
        try await change(idOrName, audit) { claim, workspace, now, _ in
            guard var lease = claim.lease else { throw ClaimError.noLease(workspace) }
            let before = lease.end
            let clamp = lease.renew(for: requested, at: now)
            if clamp != nil, lease.end == before, before <= now { throw ClaimError.leaseAtMax(workspace, lease) }
            claim.lease = lease
            return (.renewed, "renewed until \(lease.end.inSentence)", clamp)
        }
    }

    /// Holds a claim, so that its lease does not end before a time. It replaces an earlier hold.
    /// - Parameter hold: The hold; nil to end it.
    /// - Throws: ``ClaimError``
    package func hold(
        _ idOrName: String, _ hold: ClaimLease.Hold?, audit: AuditEntry? = nil
    ) async throws -> HeldClaim {
        try await change(idOrName, audit) { claim, workspace, now, _ in
            guard claim.lease != nil else { throw ClaimError.noLease(workspace) }
            claim.lease?.set(hold, at: now)
            let message =
                hold.map { "held by \($0.by) until \($0.until.inSentence): \($0.reason)" } ?? "the hold has ended"
            return (.leaseHeld, message, nil)
        }
    }

    /// Gives a claim to another owner, if the new owner may hold one more workspace.
    /// - Parameters:
    ///   - requiresKnownOwner: True if prewarm has to know the new owner (``knows(_:in:)``) where the workspaces of owners are
    ///     limited. Otherwise a claimer could pass its limit by transfers to owners that it invents.
    ///   - audience: The reader of the error.
    /// - Throws: ``ClaimError``
    package func transfer(
        _ idOrName: String, to owner: Owner, requiresKnownOwner: Bool = false, audit: AuditEntry? = nil,
        for audience: some Audience = LocalAudience()
    ) async throws -> HeldClaim {
        try await change(idOrName, audit) { claim, workspace, now, store in
            let former = claim.owner
            if owner != former {
                try requireTransferable(workspace, to: owner, requiresKnownOwner, at: now, in: store, for: audience)
            }
            (claim.owner, workspace.owner) = (owner, owner)
            return (.transferred, "transferred from \(former) to \(owner)", nil)
        }
    }

    /// Throws if the new owner of a workspace is unknown, although it has to be known, or may not have one more workspace.
    /// - Throws: ``ClaimError``
    func requireTransferable(
        _ workspace: Workspace, to owner: Owner, _ requiresKnownOwner: Bool, at now: Timestamp,
        in store: any StoreReader, for audience: some Audience
    ) throws {
        if requiresKnownOwner, policy.owners.limitsClaims, try !knows(owner, at: now, in: store) {
            throw ClaimError.unknownOwner(owner, workspace)
        }
        try requireRoom(for: owner, .transfer(workspace), in: store, for: audience)
    }

    /// Returns true if an owner is known: it is an API token that may claim, or it asked for a workspace itself in the time for
    /// which claims are recorded.
    private func knows(_ owner: Owner, at now: Timestamp, in store: any StoreReader) throws -> Bool {
        if owner.kind == .token {
            return try store.accessTokens().contains {
                $0.name == owner.name && $0.role >= .claimer && !$0.isExpired(at: now)
            }
        }
        return try store.hasClaimed(owner)
    }

    /// Ends a claim by the order of an operator. The workspace is then deleted.
    /// - Throws: ``ClaimError``
    package func revoke(
        _ idOrName: String, reason: String, by author: String, audit: AuditEntry? = nil
    ) async throws -> Workspace {
        let now = now()
        let workspace = try await store.write { store in
            let (workspace, _) = try held(idOrName, in: store)
            if let audit { try store.append(audit) }
            let ending = ClaimEnding(
                reason: .revoked, operation: .revoked, event: .revoked, kind: .warning,
                message: "revoked by \(author): \(reason)", author: author, words: reason)
            return try end(workspace, ending, at: now, in: store)
        }
        observe(.claimEnded(workspace.preset, .revoked))
        return workspace
    }

    /// Changes a claim and its workspace in one transaction.
    /// - Parameter body: A function that changes both and returns the event and the bound that shortened a renewal.
    private func change(
        _ idOrName: String, _ audit: AuditEntry?,
        _ body:
            @escaping @Sendable (inout Claim, inout Workspace, Timestamp, any StoreReader) throws -> (
                EventReason, String, ClaimLease.Clamp?
            )
    ) async throws -> HeldClaim {
        let now = now()
        return try await store.write { store in
            var (workspace, claim) = try held(idOrName, in: store)
            let owner = workspace.owner
            let (reason, message, clamp) = try body(&claim, &workspace, now, store)
            if workspace.owner != owner { _ = try store.update(workspace, from: [.claimed]) }
            try store.save(claim)
            if let audit { try store.append(audit) }
            try store.append([Event(reason, of: workspace, message, at: now)])
            return HeldClaim(workspace: workspace, claim: claim, clamp: clamp)
        }
    }

    /// Returns a claimed workspace with the record of its claim, as the store has them now.
    /// - Throws: ``ClaimError`` if the claim has ended.
    package func claim(of id: WorkspaceID) async throws -> HeldClaim {
        try await store.read { store in
            let (workspace, claim) = try held(id.rawValue, in: store)
            return HeldClaim(workspace: workspace, claim: claim)
        }
    }

    /// Returns a claimed workspace with the record of its claim.
    /// - Throws: ``ClaimError/unknownWorkspace(_:)``, ``ClaimError/claimEnded(_:_:)``, ``ClaimError/notClaimed(_:of:)``
    func held(_ idOrName: String, in store: any StoreReader) throws -> (Workspace, Claim) {
        guard let workspace = try store.workspace(idOrName) else { throw ClaimError.unknownWorkspace(idOrName) }
        let claim = try store.claim(of: workspace)
        if let claim, claim.endedAt != nil { throw ClaimError.claimEnded(workspace, claim) }
        guard workspace.state == .claimed, let claim else {
            throw ClaimError.notClaimed(workspace, of: try store.presets(named: workspace.preset.description).first)
        }
        return (workspace, claim)
    }
}

extension StoreWriter {
    /// Lengthens the leases of running claims after a commit. A commit never shortens them: git does not end what is claimed.
    func lengthenLeases(of changes: [PresetChange], at now: Timestamp) throws {
        for change in changes where change.before?.lease != change.now.lease && change.before?.lease != nil {
            let filter = ClaimFilter(preset: change.now.key, isHeld: true)
            for var claim in try claims(filter) where claim.lease != nil {
                if let lease = change.now.lease {
                    claim.lease?.lengthen(
                        from: change.before?.lease, to: lease, grantedAt: claim.grantedAt ?? now, at: now)
                } else {
                    claim.lease = nil
                }
                try save(claim)
            }
        }
    }
}
