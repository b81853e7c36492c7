import PrewarmCore

/// The answers to health checks.
extension OperationRunner {
    /// Records the answer to a health check, which changes no workspace by itself (``Engine/checkHealth(of:force:)``). The
    /// operation is deleted, except for the first one of a workspace that fails.
    func settleCheck(_ record: OperationRecord, reply: ProvisionerReply) async throws -> Settled? {
        let now = engine.now()
        return try await store.write { store in
            guard let current = try leased(record, in: store) else { return nil }
            var operation = current.operation
            operation.finishedAt = now
            guard let workspace = try store.workspace(operation.workspace.rawValue) else {
                try store.forget(operation: operation.id)
                return nil
            }
            guard let check = check(workspace, reply, operation.provisioner, at: now) else {
                operation.state = .cancelled
                try store.forget(operation: operation.id)
                return Settled(operation: operation, workspace: workspace, isNotStarted: false)
            }
            operation.state = check.failure == nil ? .succeeded : .failed
            operation.error = check.failure
            let hasFailed = try store.check(of: workspace.id)?.failure != nil
            if check.failure == nil || hasFailed {
                try store.forget(operation: operation.id)
            } else {
                try store.update(OperationRecord(operation))
            }
            try store.save(check)
            if let activeAt = check.activeAt { try store.noteActivity([workspace.id: activeAt], at: now) }
            return Settled(operation: operation, workspace: workspace, isNotStarted: reply.isNotStarted)
        }
    }

    /// Returns nil if the check was ended because something more urgent waits for the workspace.
    private func check(
        _ workspace: Workspace, _ reply: ProvisionerReply, _ provisioner: String, at now: Timestamp
    ) -> Check? {
        func check(_ state: String, message: String? = nil, failure: String? = nil) -> Check {
            Check(
                workspace: workspace.id, provisioner: provisioner, at: now, state: state,
                message: message.map { $0.limited(to: ListedWorkspace.messageLimit) }, activeAt: reply.activeAt,
                failure: failure)
        }
        switch engine.withMaskedText(reply.outcome) {
        case .done, .starting: return check("ready")
        case .lost: return check("lost")
        case .broken(let reason):
            let (state, message) = Outcome.state(in: reason.cause ?? reason)
            return check(state, message: message)
        case .tryLater where workspace.state == .deleting || workspace.handover == .pending: return nil
        case .tryLater(let message), .failed(let message): return check("unknown", failure: message)
        case .refused(let error): return check("unknown", failure: error.message)
        }
    }
}
