package import PrewarmCore

/// The workspace that a claim got.
package struct ClaimGrant: Sendable {
    package let workspace: Workspace
    /// False if an earlier claim with the same idempotency key got the workspace.
    package let isNew: Bool
    /// The operation of the handover that the caller has to carry out; nil without a handover.
    let handover: (operation: OperationID, terms: HandoverTerms)?

    init(workspace: Workspace, isNew: Bool, handover: (operation: OperationID, terms: HandoverTerms)? = nil) {
        self.workspace = workspace
        self.isNew = isNew
        self.handover = handover
    }
}

extension Engine {
    /// Returns the grant of a workspace, and begins its handover if its provisioner offers that.
    func granted(
        _ workspace: Workspace, _ terms: HandoverTerms?, at now: Timestamp, in store: any StoreWriter
    ) throws -> ClaimGrant {
        guard let terms, handoverProvisioners.contains(workspace.spec.provisioner) else {
            return ClaimGrant(workspace: workspace, isNew: true)
        }
        let begun = try beginHandover(of: workspace, terms, at: now, in: store)
        return ClaimGrant(workspace: begun.workspace, isNew: true, handover: (begun.operation, terms))
    }

    /// Returns the handover that the process has to carry out for a claim; nil without a handover.
    /// - Parameters:
    ///   - createsWorkspace: True if no daemon creates the workspace of a claim on an empty pool.
    ///   - askedAt: The time of the request.
    package func handover(of grant: ClaimGrant, createsWorkspace: Bool, askedAt: Timestamp) -> Handover? {
        grant.handover.map { operation, terms in
            Handover(
                engine: self, operation: operation, workspace: grant.workspace, terms: terms,
                createsWorkspace: createsWorkspace, askedAt: askedAt)
        }
    }

    /// Begins a further request to the provisioner of a workspace that was handed over, for its credentials.
    ///
    /// The parameters of the claim are sent again. Secrets are sent only if the caller gives them again.
    /// - Parameter given: The claim parameters of the request, which replace those of the claim.
    /// - Returns: Nil if a handover of the workspace has not ended.
    /// - Throws: ``ClaimError``
    package func handOverAgain(
        _ id: WorkspaceID, _ given: [String: ParameterValue], audit: AuditEntry? = nil
    ) async throws -> Handover? {
        let now = now()
        let (found, spec) = try await store.read { store -> (Workspace, HandoverSpec) in
            guard let found = try store.workspace(id.rawValue) else {
                throw ClaimError.unknownWorkspace(id.rawValue)
            }
            let preset = try store.presets(named: found.preset.description).first
            return (found, try preset.map { try handoverSpec(of: $0, in: store) } ?? .standard)
        }
        let (givenValues, problems) = ClaimValues.check(given, against: spec.parameters, isComplete: false)
        guard problems.isEmpty else { throw ClaimError.invalidParameters(found.preset, problems) }
        return try await store.write(.ofUser) { store -> Handover? in
            guard let workspace = try store.workspace(id.rawValue), workspace.state == .claimed,
                workspace.handover != .none, handoverProvisioners.contains(workspace.spec.provisioner)
            else { throw ClaimError.noHandover(found) }
            let operations = try store.operations(OperationFilter(workspace: id)).map(\.operation)
                .filter { $0.kind == .claim }
            guard workspace.handover != .pending, operations.allSatisfy(\.state.isFinal) else { return nil }
            if let audit { try store.append(audit) }
            var values = givenValues
            values.plain = try store.claimParameters(of: id).merging(givenValues.plain) { _, new in new }
            let attempt = operations.map(\.attempt).max() ?? 0
            return Handover(
                engine: self, operation: try insertHandover(of: workspace, attempt: attempt, at: now, in: store),
                workspace: workspace, terms: HandoverTerms(spec: spec, values: values), createsWorkspace: false,
                askedAt: now)
        }
    }
}
