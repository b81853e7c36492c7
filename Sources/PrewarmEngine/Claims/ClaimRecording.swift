package import PrewarmCore

/// The records of claims.
extension Engine {
    /// Begins a claim, or continues one that an earlier request began.
    /// - Parameters:
    ///   - presets: The presets that the claim may get.
    ///   - earlier: The claim that the earlier request missed; nil for a new claim. If it is not a missed claim of one of the
    ///     presets and of the same owner, a new claim begins.
    package func beginClaim(
        of presets: [PresetKey], by owner: Owner, continuing earlier: ClaimID? = nil
    ) async throws -> ClaimAttempt {
        let attempt = newClaim(at: now())
        if let earlier, let ticket = try await store.read({ try $0.ticket(earlier) }),
            ticket.owner == owner, ticket.presets.contains(where: presets.contains)
        {
            return ClaimAttempt(id: earlier, askedAt: ticket.since, hasWaited: true, isContinued: true)
        }
        guard let earlier, let known = try await store.read({ try $0.claim(earlier) }), known.result == .missed,
            presets.contains(known.preset), known.owner == owner
        else { return attempt }
        return ClaimAttempt(id: earlier, askedAt: known.askedAt, hasWaited: true, isContinued: true)
    }

    func newClaim(at now: Timestamp) -> ClaimAttempt {
        var identifiers = identifiers(at: now)
        return ClaimAttempt(id: ClaimID(identifiers.next()), askedAt: now, hasWaited: false, isContinued: false)
    }

    /// Records that a claim got no workspace.
    package func recordMiss(_ attempt: ClaimAttempt, of preset: PresetKey, by owner: Owner) async throws {
        let now = now()
        try await store.write { store in
            let attempt = try usable(attempt, at: now, in: store)
            try store.save(
                Claim(
                    id: attempt.id, preset: preset, owner: owner, asked: attempt.asked, result: .missed,
                    askedAt: attempt.askedAt, endedAt: now))
        }
    }

    /// Returns the attempt with a new id if another request was granted a workspace with its id.
    func usable(_ attempt: ClaimAttempt, at now: Timestamp, in store: any StoreReader) throws -> ClaimAttempt {
        guard attempt.isContinued, let known = try store.claim(attempt.id), known.result != .missed else {
            return attempt
        }
        var new = newClaim(at: now)
        new.requested = attempt.requested
        new.priority = attempt.priority
        new.asked = attempt.asked
        return new
    }
}

extension StoreReader {
    /// Returns the record of the claim that the workspace belongs to; nil if it was never claimed.
    package func claim(of workspace: Workspace) throws -> Claim? {
        try workspace.claim.flatMap { try claim($0) }
    }

    /// Returns the records of the claims that the workspaces belong to.
    package func claims(of workspaces: [Workspace]) throws -> [WorkspaceID: Claim] {
        var claims: [WorkspaceID: Claim] = [:]
        for workspace in workspaces where workspace.state == .claimed {
            claims[workspace.id] = try claim(of: workspace)
        }
        return claims
    }
}

extension StoreWriter {
    /// Records that a claim got a workspace, and begins its lease.
    /// - Parameter policy: The lease of the preset; nil if it has none. A claim that asks for a time then has a lease of that
    ///   time, which renewals extend without end.
    func record(
        _ attempt: ClaimAttempt, _ workspace: Workspace, _ result: Claim.Result, _ policy: LeasePolicy?,
        at now: Timestamp
    ) throws {
        guard let owner = workspace.owner else { return }
        let terms = policy ?? attempt.requested.map { LeasePolicy(ttl: $0) }
        try save(
            Claim(
                id: attempt.id, preset: workspace.preset, owner: owner, asked: attempt.asked, workspace: workspace.id,
                result: result, askedAt: attempt.askedAt, grantedAt: now,
                usableAt: result == .cold || workspace.handover == .pending ? nil : now,
                lease: terms.map { ClaimLease($0, requested: attempt.requested, at: now) }))
    }

    /// Records that the owner of a claimed workspace can use it from now on.
    func recordUsable(_ workspace: Workspace, at now: Timestamp) throws {
        guard var claim = try claim(of: workspace), claim.usableAt == nil else { return }
        claim.usableAt = now
        try save(claim)
    }

    /// Records the end of the claim of a workspace. It changes nothing if the claim has ended.
    /// - Parameter author: The author of the end; nil if prewarm ended the claim.
    func recordEnd(
        of workspace: Workspace, _ reason: Claim.EndReason, by author: String? = nil, _ message: String? = nil,
        at now: Timestamp
    ) throws {
        guard var claim = try claim(of: workspace), claim.endedAt == nil else { return }
        claim.endedAt = now
        claim.endReason = reason
        claim.endedBy = author
        claim.endMessage = message
        try save(claim)
    }

    /// Records the change of a claimed workspace after an operation.
    /// - Parameter before: The workspace before the operation.
    func recordSettlement(_ workspace: Workspace, after before: Workspace, at now: Timestamp) throws {
        guard before.state == .claimed else { return }
        switch workspace.state {
        case .claimed where before.readyAt == nil && workspace.readyAt != nil && workspace.handover == .none:
            try recordUsable(workspace, at: now)
        case .failed: try recordEnd(of: workspace, .failed, at: now)
        case .lost: try recordEnd(of: workspace, .lost, at: now)
        default: break
        }
    }
}
