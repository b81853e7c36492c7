package import PrewarmCore

/// The change of the owner of a claim whose workspace is handed over to the new owner first.
///
/// The former owner keeps the claim until the provisioner has answered. If the handover fails or its process ends, nothing
/// changes in the store.
struct ClaimTransfer: Sendable {
    let owner: Owner
    let audit: AuditEntry?

    /// Returns the outcome of the handover. A success becomes a failure if the new owner reached its limit meanwhile.
    func outcome(
        _ outcome: Outcome, of workspace: Workspace, _ engine: Engine, in store: any StoreReader
    ) throws -> Outcome {
        guard case .done = outcome else { return outcome }
        do {
            try engine.requireRoom(for: owner, .transfer(workspace), in: store, for: LocalAudience())
            return outcome
        } catch ClaimError.ownerLimit {
            return .failed("\(owner) got another workspace meanwhile and now holds as many as it may")
        }
    }

    /// Records the new owner.
    func record(of workspace: Workspace, at now: Timestamp, in store: any StoreWriter) throws {
        guard var claim = try store.claim(of: workspace) else { return }
        var workspace = workspace
        let former = claim.owner
        (claim.owner, workspace.owner) = (owner, owner)
        _ = try store.update(workspace, from: [.claimed])
        try store.save(claim)
        if let audit { try store.append(audit) }
        try store.append([
            Event(.transferred, of: workspace, "transferred from \(former) to \(owner)", at: now)
        ])
    }
}

extension Engine {
    /// Begins the handover of a claimed workspace to a new owner, if its provisioner hands workspaces over. The new owner gets
    /// the claim when it has succeeded.
    /// - Parameters:
    ///   - given: The claim parameters of the request. Those of the claim that are not secret are the defaults.
    ///   - requiresKnownOwner: See ``transfer(_:to:requiresKnownOwner:audit:for:)``.
    ///   - audience: The reader of the error.
    /// - Returns: Nil if nothing has to be handed over, so that ``transfer(_:to:requiresKnownOwner:audit:for:)`` is enough.
    /// - Throws: ``ClaimError``
    package func beginTransfer(
        _ id: WorkspaceID, to owner: Owner, _ given: [String: ParameterValue], requiresKnownOwner: Bool = false,
        audit: AuditEntry? = nil, for audience: some Audience = LocalAudience()
    ) async throws -> Handover? {
        let now = now()
        return try await store.write(.ofUser) { store -> Handover? in
            let (workspace, claim) = try held(id.rawValue, in: store)
            let isHandedOver =
                workspace.handover != .none && handoverProvisioners.contains(workspace.spec.provisioner)
            let preset = try store.presets(named: workspace.preset.description).first
            let spec = try isHandedOver ? preset.map { try handoverSpec(of: $0, in: store) } ?? .standard : .standard
            let names = Set(spec.parameters.map(\.name))
            let known = try store.claimParameters(of: id).filter { names.contains($0.key) }
            let (values, problems) = ClaimValues.check(
                known.merging(given) { _, new in new }, against: spec.parameters)
            guard problems.isEmpty else { throw ClaimError.invalidParameters(workspace.preset, problems) }
            guard isHandedOver, owner != claim.owner else { return nil }
            let operations = try store.operations(OperationFilter(workspace: id)).map(\.operation)
                .filter { $0.kind == .claim }
            guard workspace.handover != .pending, operations.allSatisfy(\.state.isFinal) else {
                throw ClaimError.handoverPending(workspace)
            }
            try requireTransferable(workspace, to: owner, requiresKnownOwner, at: now, in: store, for: audience)
            let operation = try insertHandover(
                of: workspace, attempt: operations.map(\.attempt).max() ?? 0, at: now, in: store)
            return Handover(
                engine: self, operation: operation, workspace: workspace,
                terms: HandoverTerms(spec: spec, values: values), createsWorkspace: false, askedAt: now,
                transfer: ClaimTransfer(owner: owner, audit: audit))
        }
    }
}
