/// What a provisioner is asked to do with one workspace: a durable row that outlives the process.
package struct Operation: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case create, delete, start, stop, claim, inspect
    }

    package enum State: String, CaseIterable, Sendable {
        case pending, running, succeeded, failed, cancelled
    }

    package let id: OperationID
    package let kind: Kind
    package let workspace: WorkspaceID
    package let preset: PresetKey
    package let provisioner: String
    /// Why it was decided.
    package let reason: Reason
    package var state: State
    /// How often it was asked for; 0 means never, so that nothing of it can exist.
    package var attempt: Int
    /// Not to be asked for before.
    package var nextAttemptAt: Timestamp
    /// The longest time from an attempt to the next.
    package static let longestWait = Backoff.failure.limit
    /// What the last attempt said.
    package var error: String?
    package let createdAt: Timestamp
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?

    package init(
        id: OperationID, kind: Kind, workspace: WorkspaceID, preset: PresetKey, provisioner: String, reason: Reason,
        state: State = .pending, attempt: Int = 0, nextAttemptAt: Timestamp, error: String? = nil,
        createdAt: Timestamp, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil
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
    }
}

extension Operation {
    /// The words that readers who may not read provisioners' text get in place of a cause.
    package static let withheldError = "an operator can read why"

    /// The error for readers who may not read what provisioners wrote; nil where there was no error.
    package var errorWithoutLog: String? {
        guard error != nil else { return nil }
        return state == .failed
            ? "the \(kind.rawValue) failed; \(Self.withheldError)"
            : "the last attempt did not succeed; \(Self.withheldError)"
    }
}

/// Why an action is taken, or held.
package enum Reason: String, CaseIterable, Sendable {
    case belowDesired = "BelowDesired"
    case aboveDesired = "AboveDesired"
    case outdated = "Outdated"
    case expired = "Expired"
    case failed = "Failed"
    case lost = "Lost"
    case deprecated = "Deprecated"
    case inactive = "Inactive"
    case pruned = "Pruned"
    case noLongerWanted = "NoLongerWanted"
    case released = "Released"
    /// A user claimed where none was ready.
    case claimed = "Claimed"
    /// A provisioner lists it, and nobody knows it.
    case orphaned = "Orphaned"
    /// Not ready yet after a create that said so: it is asked again.
    case starting = "Starting"
}
