internal import PrewarmCore
internal import PrewarmEngine

/// The claims of workspaces.
extension MemoryTransaction {
    func claim(_ claim: ClaimRequest) throws -> Workspace? {
        if let key = claim.idempotencyKey, let earlier = workspace(claimedWith: key) { return earlier }
        let ready = liveWorkspaces { $0.preset == claim.preset && $0.state == .ready }
        let suspects = Set(state.suspects.values.joined().map(\.workspace))
        let ranked = ready.compactMap { workspace in
            claim.rank(of: workspace, isSuspect: suspects.contains(workspace.id)).map { ($0, workspace.id) }
        }
        return try ranked.min { $0 < $1 }.flatMap { try take($0.1, for: claim) }
    }

    func claimStarting(_ claim: ClaimRequest) throws -> Workspace? {
        let candidates = starting(claim.preset, claim.current)
        let first = candidates.min { left, right in
            (left.state == .creating ? 0 : 1, left.id) < (right.state == .creating ? 0 : 1, right.id)
        }
        return try first.flatMap { try take($0.id, for: claim) }
    }

    func startingForClaims(of preset: PresetKey, _ fingerprint: Fingerprint) -> Int {
        starting(preset, fingerprint).count
    }

    private func starting(_ preset: PresetKey, _ fingerprint: Fingerprint) -> [Workspace] {
        let created = Set(
            state.operations.values.map(\.operation).filter { $0.kind == .create && $0.reason == .waitingClaim }
                .map(\.workspace))
        return liveWorkspaces {
            $0.preset == preset && $0.fingerprint == fingerprint && [.pending, .creating].contains($0.state)
                && created.contains($0.id)
        }
    }

    /// Gives a workspace to the owner of a claim.
    private func take(_ id: WorkspaceID, for claim: ClaimRequest) throws -> Workspace? {
        try remember(claimKey: claim.idempotencyKey, of: id)
        change(id, from: [.ready, .pending, .creating]) { $0.workspace = $0.workspace.claimed(by: claim) }
        return state.workspaces[id]?.workspace
    }

    func remember(claimKey: ClaimKey?, of workspace: WorkspaceID) throws {
        guard state.workspaces[workspace] != nil else { return }
        if let claimKey, let other = self.workspace(claimedWith: claimKey), other.id != workspace {
            throw StoreError.taken(claimKey.text)
        }
        state.workspaces[workspace]?.claimKey = claimKey
    }

    // MARK: Handovers

    func claimParameters(of workspace: WorkspaceID) -> [String: ParameterValue] {
        state.workspaces[workspace]?.claimParameters ?? [:]
    }

    func save(claimParameters: [String: ParameterValue], of workspace: WorkspaceID) {
        state.workspaces[workspace]?.claimParameters = claimParameters
    }

    // MARK: What owners hold

    /// Returns true if a workspace counts for an owner. A claim without a recorded kind counts for each owner of its name.
    private func isHeld(_ workspace: Workspace, by owner: Owner) -> Bool {
        guard workspace.state == .claimed, let holder = workspace.owner else { return false }
        return holder.name == owner.name && (holder.kind == .unrecorded || holder.kind == owner.kind)
    }

    func heldCount(of owner: Owner) -> Int { liveWorkspaces { isHeld($0, by: owner) }.count }

    func heldWorkspaces(of owner: Owner, limit: Int) -> [Workspace] {
        let held = liveWorkspaces { isHeld($0, by: owner) }
        return Array(held.sorted { $0.claimOrder < $1.claimOrder }.prefix(limit))
    }
}

extension ClaimRequest {
    /// The place of a workspace among those that the claim may get. The lowest one is taken.
    fileprivate struct Rank: Comparable {
        /// The number of the wish that the workspace fulfills, from 0 for the best one.
        let wish: Int
        /// The time since which it is ready in milliseconds, negative for expired workspaces: of these, the youngest comes first.
        let age: Int64

        static func < (left: Rank, right: Rank) -> Bool { (left.wish, left.age) < (right.wish, right.age) }
    }

    /// Returns the rank of a ready workspace; nil if the claim does not get it.
    /// - Parameter isSuspect: True if the last list lacks the workspace or reports it as broken.
    fileprivate func rank(of workspace: Workspace, isSuspect: Bool) -> Rank? {
        let isCurrent = workspace.fingerprint == current
        let readyAt = workspace.readyAt?.milliseconds
        guard isCurrent || offersOutdated else { return nil }
        guard readySince.map({ since in workspace.readyAt.map { $0 > since } ?? false }) ?? true else {
            return offersExpired ? Rank(wish: isCurrent ? 5 : 6, age: readyAt.map { -max($0, -.max) } ?? .max) : nil
        }
        let isFresh = freshSince.map { since in workspace.readyAt.map { $0 >= since } ?? false } ?? true
        let wish =
            switch (isCurrent, isSuspect) {
            case (true, false): isFresh ? 0 : 1
            case (false, false): 2
            case (true, true): 3
            case (false, true): 4
            }
        return Rank(wish: wish, age: readyAt ?? .min)
    }
}

extension Workspace {
    /// Returns the workspace as the claim changes it.
    fileprivate func claimed(by claim: ClaimRequest) -> Workspace {
        Workspace(
            id: id, preset: preset, spec: spec, fingerprint: fingerprint, state: .claimed, owner: claim.owner,
            createdAt: createdAt, readyAt: readyAt, claimedAt: claim.now, endpoint: endpoint, metadata: metadata,
            revision: revision, claim: claim.id, handover: handover)
    }

    fileprivate var claimOrder: (Timestamp, WorkspaceID) { (claimedAt ?? .distantPast, id) }
}
