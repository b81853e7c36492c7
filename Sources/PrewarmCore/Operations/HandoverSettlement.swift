/// The state of a handover and its workspace after an attempt.
///
/// A failed handover is no failed build: it never counts for the failure record of the workspace's fingerprint.
package struct HandoverSettlement: Hashable, Sendable {
    package enum Effect: Hashable, Sendable {
        /// The workspace belongs to its owner, who can use it.
        case done
        /// The next attempt follows after this time.
        case retry(after: Duration)
        /// The handover failed, and the workspace has to be deleted.
        case replaced
        /// The handover failed, and the workspace stays claimed with this state.
        case kept
        /// The workspace was handed over before, and its provisioner did not answer a further request.
        case unanswered
        /// The claim ended before the handover.
        case ended
    }

    /// The operation after the attempt.
    package private(set) var operation: Operation
    /// The workspace after the attempt.
    package private(set) var workspace: Workspace
    package private(set) var effect = Effect.ended

    /// The error of a handover whose process ended.
    package static let interruption = "interrupted: the process that carried out the handover ended"

    /// Returns the state after an attempt.
    /// - Parameters:
    ///   - policy: The rule of the template for a workspace whose handover failed.
    ///   - left: The time that is left for further attempts.
    package static func settle(
        _ operation: Operation, of workspace: Workspace, outcome: Outcome, policy: HandoverSpec.FailurePolicy,
        left: Duration, now: Timestamp
    ) -> HandoverSettlement {
        var settlement = HandoverSettlement(operation: operation, workspace: workspace)
        guard workspace.state == .claimed else {
            settlement.finish(.cancelled, now)
            return settlement
        }
        switch outcome {
        case .done(let endpoint, let metadata): settlement.succeed(endpoint, metadata, now)
        case .tryLater(let message): settlement.retry(message, policy, left: left, now)
        case .failed(let message), .broken(let message): settlement.fail(message, policy, now)
        case .refused(let error) where error.kind == .invalid: settlement.fail(error.message, policy, now)
        case .refused(let error): settlement.retry(error.message, policy, left: left, now)
        case .starting: settlement.fail("the provisioner answered that the workspace is not ready", policy, now)
        case .lost: settlement.fail("the provisioner reports that the workspace no longer exists", policy, now)
        }
        return settlement
    }

    /// Returns the state after the process of a handover has ended. No process knows how far the provisioner came, so the
    /// workspace is deleted, whatever the template says.
    package static func interrupt(
        _ operation: Operation, of workspace: Workspace, now: Timestamp
    ) -> HandoverSettlement {
        var settlement = HandoverSettlement(operation: operation, workspace: workspace)
        if workspace.state == .claimed {
            settlement.fail(interruption, .replace, now)
        } else {
            settlement.operation.error = interruption
            settlement.finish(.failed, now)
        }
        return settlement
    }

    private init(operation: Operation, workspace: Workspace) {
        self.operation = operation
        self.workspace = workspace
    }

    private mutating func succeed(_ endpoint: String?, _ metadata: [String: String], _ now: Timestamp) {
        if let endpoint { workspace.endpoint = endpoint }
        if !metadata.isEmpty { workspace.metadata = metadata }
        workspace.handover = .done
        operation.error = nil
        finish(.succeeded, now)
        effect = .done
    }

    private mutating func retry(
        _ message: String, _ policy: HandoverSpec.FailurePolicy, left: Duration, _ now: Timestamp
    ) {
        let delay = Backoff.handover.delay(attempt: operation.attempt, seed: operation.id.seed)
        guard delay < left else { return fail("not ready in time: \(message)", policy, now) }
        operation.state = .pending
        operation.error = message
        operation.nextAttemptAt = now + delay
        effect = .retry(after: delay)
    }

    private mutating func fail(_ message: String, _ policy: HandoverSpec.FailurePolicy, _ now: Timestamp) {
        operation.error = message
        finish(.failed, now)
        switch (workspace.handover, policy) {
        case (.done, _): effect = .unanswered
        case (.failed, _): effect = .kept
        case (_, .keep):
            workspace.handover = .failed
            effect = .kept
        case (_, .replace):
            workspace.handover = .failed
            workspace.state = .deleting
            effect = .replaced
        }
    }

    private mutating func finish(_ state: Operation.State, _ now: Timestamp) {
        operation.state = state
        operation.finishedAt = now
    }
}

extension Backoff {
    /// The pause after a provisioner answered a handover with "try again later". It is short, since a user waits.
    static let handover = Backoff(base: .milliseconds(500), limit: .seconds(5))
}
