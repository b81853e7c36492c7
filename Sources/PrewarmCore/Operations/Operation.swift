/// One task of a provisioner for one workspace: a durable row in the store that outlives the process.
package struct Operation: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case create, delete, start, stop, claim, inspect
    }

    /// The state. Next after `pending`: `running`, `cancelled`. Next after `running`: `pending` (for another attempt),
    /// `succeeded`, `failed`, `cancelled`. The others are final.
    package enum State: String, CaseIterable, Sendable {
        case pending, running, succeeded, failed, cancelled
    }

    package let id: OperationID
    package let kind: Kind
    package let workspace: WorkspaceID
    package let preset: PresetKey
    package let provisioner: String
    package let reason: Reason
    package var state: State
    /// The number of attempts so far. If it is 0, the provisioner was never called, so nothing of the workspace exists.
    package var attempt: Int
    /// The earliest time of the next attempt.
    package var nextAttemptAt: Timestamp
    /// The longest time from one attempt to the next.
    package static let longestWait = Backoff.failure.limit
    /// The error of the last attempt; nil if it had none.
    package var error: String?
    package let createdAt: Timestamp
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    /// The time at which prewarm last stopped waiting for the answer to an attempt, for example because its process ended or
    /// the time limit was reached; nil if each attempt was answered. What the attempt asked for may still happen.
    package var unansweredAt: Timestamp?

    package init(
        id: OperationID, kind: Kind, workspace: WorkspaceID, preset: PresetKey, provisioner: String, reason: Reason,
        state: State = .pending, attempt: Int = 0, nextAttemptAt: Timestamp, error: String? = nil,
        createdAt: Timestamp, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil,
        unansweredAt: Timestamp? = nil
    ) {
        self.id = id
        self.kind = kind
        self.workspace = workspace
        self.preset = preset
        self.provisioner = provisioner
        self.reason = reason
        self.state = state
        self.attempt = attempt
        self.nextAttemptAt = nextAttemptAt
        self.error = error
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.unansweredAt = unansweredAt
    }
}

extension Operation {
    /// The text that replaces a cause for readers without access to the logs of provisioners.
    package static let withheldError = "an operator can read why"

    /// The text that replaces a cause if the provisioner gave none.
    package static let withoutCause = "the provisioner gave no reason"

    /// The error for readers without access to the logs of provisioners; nil if there is no error.
    package var errorWithoutLog: String? {
        guard error != nil else { return nil }
        return state == .failed
            ? "the \(kind.rawValue) failed; \(Self.withheldError)"
            : "the last attempt did not succeed; \(Self.withheldError)"
    }
}

/// The reason of an action or operation.
package enum Reason: String, CaseIterable, Sendable {
    case belowDesired = "BelowDesired"
    /// A claim waits for a workspace of a preset with `onEmpty: create`.
    case waitingClaim = "WaitingClaim"
    case aboveDesired = "AboveDesired"
    case outdated = "Outdated"
    case expired = "Expired"
    case failed = "Failed"
    case lost = "Lost"
    /// Health checks of the workspace failed.
    case unhealthy = "Unhealthy"
    /// An operator ran `prewarm replace`.
    case replaced = "Replaced"
    case deprecated = "Deprecated"
    case inactive = "Inactive"
    case pruned = "Pruned"
    case noLongerWanted = "NoLongerWanted"
    case released = "Released"
    /// The lease of the claim ended.
    case leaseExpired = "LeaseExpired"
    /// An operator revoked the claim.
    case revoked = "Revoked"
    /// A user claimed while no workspace was ready.
    case claimed = "Claimed"
    /// The provisioner lists the workspace, and the store does not know it.
    case orphaned = "Orphaned"
    /// The create answered that the workspace is starting, so it is inspected until it is ready.
    case starting = "Starting"
    /// The handover of the workspace to its owner failed.
    case handoverFailed = "HandoverFailed"
    /// prewarm inspects a workspace at an interval, because its provisioner cannot list.
    case healthCheck = "HealthCheck"
}
