/// The state of an operation and its workspace after an outcome: the state machine of operations and workspaces.
package struct Settlement: Hashable, Sendable {
    package enum Effect: Hashable, Sendable {
        case none
        /// A build of the workspace's fingerprint failed. It counts for the failure limit.
        case failed(String)
        /// A build failed, and the provisioner says that no other try can succeed. The preset is stalled at once.
        case invalid(String)
        /// A build of the workspace's fingerprint succeeded. Its failure record is deleted.
        case worked
    }

    /// The operation after the outcome.
    package var operation: Operation
    /// The workspace after the outcome.
    package var workspace: Workspace
    package var effect = Effect.none
    /// The time from which the workspace is inspected until it is ready; nil if it is not inspected.
    package var inspectAt: Timestamp?

    /// The time before which a delete is repeated, because the workspace may still appear at the provider; nil if one delete is
    /// enough.
    private var deletesAgainAt: Timestamp?
    /// The time at which a workspace that is starting counts as failed; nil if there is no limit.
    private var deadline: Timestamp?

    /// Returns the state after the outcome of an operation.
    /// - Parameters:
    ///   - isUnanswered: true if prewarm stopped waiting for the answer of the provisioner.
    ///   - readyTimeout: the time that a workspace may be starting, counted from the inspect operation's creation; nil if
    ///     there is no limit.
    ///   - create: the create of the workspace, if the operation is its delete.
    package static func settle(
        _ operation: Operation, of workspace: Workspace, outcome: Outcome, now: Timestamp, isUnanswered: Bool = false,
        readyTimeout: Duration? = nil, create: Operation? = nil
    ) -> Settlement {
        var settlement = Settlement(operation: operation, workspace: workspace)
        if isUnanswered { settlement.operation.unansweredAt = now }
        settlement.deletesAgainAt = create?.deletesAgainAt
        if operation.kind == .inspect { settlement.deadline = readyTimeout.map { operation.createdAt + $0 } }
        switch operation.kind {
        case .delete: settlement.settleDelete(outcome, now)
        case .inspect: settlement.settleInspect(outcome, now)
        case .create, .start, .stop, .claim: settlement.settleCreate(outcome, now)
        }
        return settlement
    }

    private mutating func settleCreate(_ outcome: Outcome, _ now: Timestamp) {
        switch outcome {
        case .done(let endpoint, let metadata):
            finish(.succeeded, now)
            becomeReady(endpoint, metadata, now)
        case .starting(let endpoint, let metadata):
            finish(.succeeded, now)
            describe(endpoint, metadata)
            if isComing { inspectAt = now + Backoff.readiness.delay(attempt: 1, seed: seed) }
        case .tryLater(let message):
            // A delete of the workspace waits for this create, so the create is canceled instead of tried again.
            if workspace.state == .deleting {
                operation.error = message
                finish(.cancelled, now)
            } else {
                retry(after: .retry, message, now)
            }
        case .failed(let message): fail(message, now)
        case .refused(let error) where error.kind == .invalid: fail(error.message, now, isInvalid: true)
        case .refused(let error):
            if workspace.state == .deleting {
                operation.error = error.message
                finish(.cancelled, now)
            } else {
                retry(after: .retry, error.message, now, pause: error.retryAfter)
            }
        case .lost: fail("the provisioner reports that the workspace no longer exists", now)
        case .broken(let message): fail(message, now)
        }
    }

    private mutating func settleDelete(_ outcome: Outcome, _ now: Timestamp) {
        switch outcome {
        case .done, .lost:
            let begin = operation.startedAt ?? now
            if let again = deletesAgainAt, !again.hasCome(at: begin, atMost: Operation.unansweredCreate) {
                operation.state = .pending
                operation.error = nil
                operation.nextAttemptAt = again
                return
            }
            finish(.succeeded, now)
            workspace.state = .deleted
        case .starting: retry(after: .retry, "the provisioner reports that the delete is not finished", now)
        case .tryLater(let message): retry(after: .retry, message, now)
        case .failed(let message), .broken(let message): retry(after: .failure, message, now)
        case .refused(let error): retry(after: .failure, error.message, now, pause: error.retryAfter)
        }
    }

    private mutating func settleInspect(_ outcome: Outcome, _ now: Timestamp) {
        let wasReady: Set<WorkspaceState> = [.ready, .suspect, .unhealthy]
        guard isComing || wasReady.contains(workspace.state) else { return finish(.cancelled, now) }
        if isComing, isLate(outcome, now) {
            return fail("the workspace was not ready within the readyTimeout of its template", now)
        }
        switch outcome {
        case .done(let endpoint, let metadata):
            finish(.succeeded, now)
            becomeReady(endpoint, metadata, now)
            if wasReady.contains(workspace.state) { workspace.state = .ready }
        case .starting: retry(after: .readiness, nil, now)
        case .lost:
            finish(.succeeded, now)
            workspace.state = .lost
        case .broken(let message) where isComing: fail(message, now)
        case .broken(let message):
            // The workspace was ready before, so this is not a failed build.
            finish(.succeeded, now)
            operation.error = message
            workspace.state = workspace.state == .ready ? .failed : .unhealthy
        case .tryLater(let message): retry(after: .retry, message, now)
        case .failed(let message): retry(after: .failure, message, now)
        case .refused(let error) where error.kind == .invalid && isComing: fail(error.message, now, isInvalid: true)
        case .refused(let error): retry(after: .failure, error.message, now, pause: error.retryAfter)
        }
    }

    private func isLate(_ outcome: Outcome, _ now: Timestamp) -> Bool {
        guard let deadline, now >= deadline else { return false }
        if case .done = outcome { return false }
        return true
    }

    private var seed: UInt64 { operation.id.seed }

    /// True if the workspace is being created, for its pool or for a waiting claim.
    private var isComing: Bool {
        workspace.state == .creating || workspace.state == .claimed && workspace.readyAt == nil
    }

    private mutating func becomeReady(_ endpoint: String?, _ metadata: [String: String], _ now: Timestamp) {
        describe(endpoint, metadata)
        if isComing {
            if workspace.state == .creating { workspace.state = .ready }
            workspace.readyAt = now
            effect = .worked
        }
    }

    /// Sets the endpoint and the metadata if the answer has them. Otherwise they stay, for example after a handover.
    private mutating func describe(_ endpoint: String?, _ metadata: [String: String]) {
        if let endpoint { workspace.endpoint = endpoint }
        if !metadata.isEmpty { workspace.metadata = metadata }
    }

    private mutating func fail(_ message: String, _ now: Timestamp, isInvalid: Bool = false) {
        operation.error = message
        finish(.failed, now)
        if isComing {
            workspace.state = .failed
            effect = isInvalid ? .invalid(message) : .failed(message)
        }
    }

    private mutating func finish(_ state: Operation.State, _ now: Timestamp) {
        operation.state = state
        operation.finishedAt = now
        if state == .succeeded { operation.error = nil }
    }

    /// - Parameter pause: the shortest pause, as the provisioner asks for it; nil if it does not ask.
    private mutating func retry(
        after backoff: Backoff, _ message: String?, _ now: Timestamp, pause: Duration? = nil
    ) {
        operation.state = .pending
        operation.error = message
        let delay = backoff.delay(attempt: operation.attempt, seed: seed)
        operation.nextAttemptAt = now + min(max(delay, pause ?? .zero), Operation.longestWait)
        if let deadline, deadline > now { operation.nextAttemptAt = min(operation.nextAttemptAt, deadline) }
    }
}

extension Operation {
    /// The time for which a create without an answer may still make a workspace at the provider.
    package static let unansweredCreate = Duration.seconds(15)

    /// The time at which a workspace has to be deleted again if this is its create; nil if each attempt was answered, or none
    /// began. Without an answer, the provider may make the workspace after a delete that did not find it. That is also so if a
    /// later attempt was answered.
    fileprivate var deletesAgainAt: Timestamp? {
        kind == .create ? unansweredAt.map { $0 + Self.unansweredCreate } : nil
    }
}
