import PrewarmCore

/// The records of handovers.
extension Engine {
    /// Makes a claimed workspace wait for its handover. The operation belongs to this process from the beginning.
    /// - Returns: The workspace, and the id of the operation.
    func beginHandover(
        of workspace: Workspace, _ terms: HandoverTerms, at now: Timestamp, in store: any StoreWriter
    ) throws -> (workspace: Workspace, operation: OperationID) {
        var workspace = workspace
        workspace.handover = .pending
        _ = try store.update(workspace, from: [.claimed])
        if !terms.values.plain.isEmpty {
            try store.save(claimParameters: terms.values.plain, of: workspace.id)
        }
        return (workspace, try insertHandover(of: workspace, attempt: 0, at: now, in: store))
    }

    /// - Parameter attempt: The number of attempts of earlier handovers of the workspace.
    func insertHandover(
        of workspace: Workspace, attempt: Int, at now: Timestamp, in store: any StoreWriter
    ) throws -> OperationID {
        var identifiers = identifiers(at: now)
        let operation = Operation(
            id: OperationID(identifiers.next()), kind: .claim, workspace: workspace.id, preset: workspace.preset,
            provisioner: workspace.spec.provisioner, reason: .claimed, attempt: attempt, nextAttemptAt: now,
            createdAt: now)
        try store.insert([operation])
        try store.update(OperationRecord(operation, lease: handoverLease(at: now)))
        return operation.id
    }

    /// Records the result of an attempt.
    /// - Parameters:
    ///   - before: The workspace before the attempt.
    ///   - lease: The lease for a further attempt.
    func record(
        _ settlement: HandoverSettlement, of before: Workspace, lease: Lease, at now: Timestamp,
        in store: any StoreWriter
    ) throws {
        let (operation, workspace) = (settlement.operation, settlement.workspace)
        if case .retry = settlement.effect { return try store.update(OperationRecord(operation, lease: lease)) }
        try store.update(OperationRecord(operation))
        if workspace != before { _ = try store.update(workspace, from: [before.state]) }
        switch settlement.effect {
        case .done: try noteSuccess(of: workspace, after: before, at: now, in: store)
        case .replaced: try delete(workspace, after: operation, at: now, in: store)
        case .kept where before.handover == .pending:
            try noteFailure(operation, workspace, at: now, in: store)
            let message = "claimed by \(workspace.shownOwner), but the handover failed"
            try store.append([.claimed(workspace, message, at: now)])
        case .kept, .retry, .unanswered, .ended: break
        }
        try store.markDirty(source: workspace.preset.source)
    }

    private func noteSuccess(
        of workspace: Workspace, after before: Workspace, at now: Timestamp, in store: any StoreWriter
    ) throws {
        guard before.handover != .done else { return }
        if before.handover == .pending {
            let asked = try store.claim(of: workspace)?.asked.askedText ?? ""
            try store.append([.claimed(workspace, "claimed by \(workspace.shownOwner)\(asked)", at: now)])
        }
        try store.recordUsable(workspace, at: now)
        guard let failures = try store.handoverFailures(of: workspace.preset) else { return }
        try store.setHandoverFailures(nil, of: workspace.preset)
        let preset = try store.presets([workspace.preset])?.first
        if let preset, failures.count >= preset.failureLimit {
            try store.append([
                Event(
                    at: now, reason: .handoverRecovered, object: "preset", name: workspace.preset.name,
                    source: workspace.preset.source, preset: workspace.preset.name,
                    message: "handovers succeed again")
            ])
        }
    }

    /// Counts a failed handover, and records it.
    private func noteFailure(
        _ operation: Operation, _ workspace: Workspace, at now: Timestamp, in store: any StoreWriter
    ) throws {
        let error = operation.error ?? ""
        try store.append([
            Event(
                at: now, kind: .warning, reason: .handoverFailed, object: "workspace", name: workspace.name,
                source: workspace.preset.source, preset: workspace.preset.name,
                message: "the handover failed; \(Operation.withheldError)", detail: error, owner: workspace.owner)
        ])
        // The end of a process says nothing about the preset.
        guard error != HandoverSettlement.interruption else { return }
        let known = try store.handoverFailures(of: workspace.preset)
        let failures = HandoverFailures(
            preset: workspace.preset, count: (known?.count ?? 0) + 1, failedAt: now, message: error)
        try store.setHandoverFailures(failures, of: workspace.preset)
        guard let preset = try store.presets([workspace.preset])?.first, failures.count == preset.failureLimit else {
            return
        }
        let text = "\(failures.count.counted("handover")) in a row failed"
        try store.append([
            Event(
                at: now, kind: .warning, reason: .handoverFailing, object: "preset", name: workspace.preset.name,
                source: workspace.preset.source, preset: workspace.preset.name,
                message: "\(text); \(Operation.withheldError)",
                detail: "\(text): \(error.cause ?? Operation.withoutCause)")
        ])
    }

    /// Deletes a workspace whose handover failed. Its owner may use the idempotency key again.
    private func delete(
        _ workspace: Workspace, after operation: Operation, at now: Timestamp, in store: any StoreWriter
    ) throws {
        try noteFailure(operation, workspace, at: now, in: store)
        try store.remember(claimKey: nil, of: workspace.id)
        try store.cancelOperations(of: [workspace.id], now: now)
        try store.recordEnd(of: workspace, .handoverFailed, at: now)
        try insertDelete(of: workspace, .handoverFailed, at: now, in: store)
    }

    /// Ends a handover whose process has ended.
    func interrupt(_ record: OperationRecord, in store: any StoreWriter) throws {
        let now = now()
        guard let workspace = try store.workspace(record.operation.workspace.rawValue) else {
            var operation = record.operation
            (operation.state, operation.finishedAt) = (.failed, now)
            return try store.update(OperationRecord(operation))
        }
        let settlement = HandoverSettlement.interrupt(record.operation, of: workspace, now: now)
        try self.record(settlement, of: workspace, lease: handoverLease(at: now), at: now, in: store)
    }

    /// Returns the claim of a workspace as its provisioner gets it.
    func claimDetails(
        of workspace: Workspace, _ values: ClaimValues, in store: any StoreReader
    ) throws -> ClaimDetails {
        ClaimDetails(
            id: workspace.claim?.rawValue ?? workspace.id.rawValue,
            expiresAt: try store.claim(of: workspace)?.lease?.end, values: values)
    }
}

extension Handover {
    func claimDetails(_ workspace: Workspace, in store: any StoreReader) throws -> ClaimDetails {
        try engine.claimDetails(of: workspace, terms.values, in: store)
    }
}

extension OperationRunner {
    /// Ends the handovers of ended processes, which alone had their secrets.
    func endHandovers(of records: [OperationRecord]) async throws {
        for record in records where !isLeased(record) {
            await endProcess(of: record)
            try await engine.store.write { store in
                guard let current = try store.operation(record.operation.id), !current.operation.state.isFinal,
                    !isLeased(current)
                else { return }
                try engine.interrupt(current, in: store)
            }
        }
    }
}

extension Workspace {
    var shownOwner: String { owner?.description ?? "its owner" }
}

extension Event {
    /// The event of a claimed workspace that its owner can use.
    static func claimed(_ workspace: Workspace, _ message: String, at now: Timestamp) -> Event {
        Event(
            at: now, reason: .claimed, object: "workspace", name: workspace.name, source: workspace.preset.source,
            preset: workspace.preset.name, message: message, owner: workspace.owner,
            claimed: ClaimedWorkspace(workspace))
    }
}
