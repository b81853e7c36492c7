package import PrewarmCore

/// The end of a claim, with its reason in the record, in the delete operation and in the event.
struct ClaimEnding: Sendable {
    let reason: Claim.EndReason
    let operation: Reason
    let event: EventReason
    var kind = Event.Kind.normal
    /// The sentence of the event.
    let message: String
    /// The author of the end, as in the audit log; nil if prewarm ends the claim.
    var author: String?
    /// The operator's words; nil if there are none.
    var words: String?
}

extension Engine {
    /// Ends the claim of a workspace, which is then deleted. A repeated release changes nothing.
    /// - Parameter author: The author of the release, as in the audit log.
    /// - Throws: ``ClaimError/unknownWorkspace(_:)``, ``ClaimError/notClaimed(_:of:)``, ``ClaimError/claimEnded(_:_:)``
    package func release(_ idOrName: String, by author: String? = nil) async throws -> Workspace {
        let now = now()
        let (workspace, isNew) = try await store.write { store in
            guard let workspace = try store.workspace(idOrName) else { throw ClaimError.unknownWorkspace(idOrName) }
            if workspace.claimedAt != nil, workspace.state == .deleting || workspace.state == .deleted {
                if let claim = try store.claim(of: workspace), [.expired, .revoked].contains(claim.endReason) {
                    throw ClaimError.claimEnded(workspace, claim)
                }
                return (workspace, false)
            }
            let owner = workspace.owner?.description ?? "its owner"
            let ending = ClaimEnding(
                reason: .released, operation: .released, event: .released, message: "released by \(owner)",
                author: author)
            return (try end(workspace, ending, at: now, in: store), true)
        }
        if isNew { observe(.claimEnded(workspace.preset, .released)) }
        return workspace
    }

    /// Ends the claim of a workspace and inserts its delete operation.
    /// - Throws: ``ClaimError/notClaimed(_:of:)``
    func end(
        _ claimed: Workspace, _ ending: ClaimEnding, at now: Timestamp, in store: any StoreWriter
    ) throws -> Workspace {
        var workspace = claimed
        func refusal() throws -> ClaimError {
            .notClaimed(claimed, of: try store.presets(named: claimed.preset.description).first)
        }
        guard workspace.state == .claimed else { throw try refusal() }
        workspace.state = .deleting
        try store.cancelOperations(of: [workspace.id], now: now)
        guard try store.update(workspace, from: [.claimed]) else { throw try refusal() }
        try store.recordEnd(of: workspace, ending.reason, by: ending.author, ending.words, at: now)
        try insertDelete(of: workspace, ending.operation, at: now, in: store)
        try store.append([Event(ending.event, ending.kind, of: workspace, ending.message, at: now)])
        // The next reconciliation moves the deletion to the front if a limit on workspaces holds creates back.
        if policy.limits.areOfInstances { try store.markDirty(source: workspace.preset.source) }
        return workspace
    }

    /// Inserts the delete operation of a workspace whose claim has ended. Its other operations have to be canceled before.
    func insertDelete(
        of workspace: Workspace, _ reason: Reason, at now: Timestamp, in store: any StoreWriter
    ) throws {
        var identifiers = identifiers(at: now)
        try store.insert([
            Operation(
                id: OperationID(identifiers.next()), kind: .delete, workspace: workspace.id, preset: workspace.preset,
                provisioner: workspace.spec.provisioner, reason: reason, nextAttemptAt: now, createdAt: now)
        ])
    }
}

extension Event {
    /// Makes an event about a claimed workspace.
    init(
        _ reason: EventReason, _ kind: Kind = .normal, of workspace: Workspace, _ message: String, at now: Timestamp
    ) {
        self.init(
            at: now, kind: kind, reason: reason, object: "workspace", name: workspace.name,
            source: workspace.preset.source, preset: workspace.preset.name, message: message, owner: workspace.owner)
    }
}
