package import PrewarmCore

/// Turns one operation into reality, or says why it did not.
///
/// The id of the workspace is the idempotency key: create of one that exists and delete of one that does not succeed.
package protocol Provisioner: Sendable {
    /// Which kinds of operation it can be asked for.
    var operations: Set<ProvisionerOperation> { get }

    /// How many operations may run at once.
    var concurrency: Int { get }

    /// How many of these slots are only for operations that somebody waits for (default: 1, where there are several).
    var reserve: Int { get }

    /// Does it. `started` is awaited once a process exists that would outlive a killed prewarm, and before that process
    /// does anything; where it throws, nothing is done. Cancelling the task ends what runs.
    func perform(
        _ request: ProvisionerRequest, started: @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply

    /// Everything that it knows of, in no order. An answer without a list is a failure, never "none": a workspace that
    /// is missing here counts as lost.
    func list() async throws(ProvisionerFailure) -> [ListedWorkspace]

    /// The time that ``list()`` may take.
    var longestList: Duration { get }

    /// Ends what an earlier prewarm that was killed left running, if it is still the same process.
    func end(_ mark: ProcessMark) async
}

extension Provisioner {
    package var longestList: Duration { .seconds(600) }
    package var reserve: Int { StartOrder.standardReserve(concurrency: concurrency) }
}

package enum ProvisionerOperation: String, CaseIterable, Sendable {
    case create, delete, start, stop, claim, inspect, list
}

package struct ProvisionerRequest: Sendable {
    package let id: OperationID
    package let operation: ProvisionerOperation
    /// From 1.
    package let attempt: Int
    package let workspace: Workspace
    package let labels: [String: String]
    /// Of the preset as written; parameters that name a secret are resolved here, at the moment of the call.
    package let secrets: [String: String]
    /// The identity of the store that asks, so that `list` can return it.
    package let store: String?

    package init(
        id: OperationID, operation: ProvisionerOperation, attempt: Int, workspace: Workspace,
        labels: [String: String] = [:], secrets: [String: String] = [:], store: String? = nil
    ) {
        self.store = store
        self.id = id
        self.operation = operation
        self.attempt = attempt
        self.workspace = workspace
        self.labels = labels
        self.secrets = secrets
    }
}

/// A process group that runs on this machine for an operation, so that the next start can end it.
package struct ProcessMark: Hashable, Sendable {
    package let group: Int32
    /// Of the group's leader, in clock ticks since boot (`/proc/PID/stat`, field 22): tells a reused pid apart.
    package let startTime: UInt64
    package let bootID: String

    package init(group: Int32, startTime: UInt64, bootID: String) {
        self.group = group
        self.startTime = startTime
        self.bootID = bootID
    }
}

package struct ProvisionerReply: Sendable {
    package let outcome: Outcome
    /// What it wrote to standard error, the beginning left out where that was too much. No secret is in it.
    package let log: String

    package init(outcome: Outcome, log: String = "") {
        self.outcome = outcome
        self.log = log
    }
}

/// One workspace as a provisioner's `list` shows it.
package struct ListedWorkspace: Hashable, Sendable {
    package let id: WorkspaceID
    /// In the provisioner's own words; nil where it does not say.
    package let state: String?
    /// The identity of the store that made it; nil where it does not say.
    package let store: String?

    package init(id: WorkspaceID, state: String? = nil, store: String? = nil) {
        self.id = id
        self.state = state
        self.store = store
    }
}

/// Why a provisioner could not list its workspaces.
package struct ProvisionerFailure: Error, Hashable, Sendable {
    package enum Reason: String, Sendable {
        /// It can't be run, and somebody has to mend the configuration or the command.
        case cannotRun = "CannotRun"
        case timedOut = "TimedOut"
        /// It ran, and said that it failed.
        case failed = "ProvisionerFailed"
        /// It ran, and what it printed is not what the contract asks for.
        case badAnswer = "BadAnswer"
        /// Busy, or cancelled: ask again later.
        case tryLater = "TryLater"
    }

    package let reason: Reason
    /// Without secrets. The end of its log follows the first line.
    package let message: String
    package let hint: String?

    package init(_ reason: Reason, _ message: String, hint: String? = nil) {
        self.reason = reason
        self.message = message
        self.hint = hint
    }
}
