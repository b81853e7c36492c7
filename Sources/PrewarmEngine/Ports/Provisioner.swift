package import PrewarmCore

/// A provider of workspaces, which carries out operations.
///
/// The id of the workspace is the idempotency key: the create of a workspace that exists and the delete of one that does
/// not exist succeed.
package protocol Provisioner: Sendable {
    /// The kinds of operations that it supports.
    var operations: Set<ProvisionerOperation> { get }

    /// The largest number of operations that run at the same time.
    var concurrency: Int { get }

    /// The number of these slots that only operations for waiting users may use (default: 1 if there are several slots,
    /// otherwise 0).
    var reserve: Int { get }

    /// Carries out an operation. Canceling the task ends it.
    /// - Parameter started: A function that records the process of the operation. It is awaited after a process exists that
    ///   would survive a killed prewarm, and before this process does anything. If it throws, nothing is done.
    func perform(
        _ request: ProvisionerRequest, started: @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply

    /// Returns all workspaces of the provisioner, in any order. An answer without a list has to throw and must not return an
    /// empty list, since a workspace that is missing in the list counts as lost.
    func list() async throws(ProvisionerFailure) -> [ListedWorkspace]

    /// The longest time that ``list()`` takes (default: 10 minutes).
    var longestList: Duration { get }

    /// Ends a process that an earlier, killed prewarm left running, if the mark still names the same process.
    func end(_ mark: ProcessMark) async
    /// The longest time that a request takes to end after its task was canceled.
    var longestStop: Duration { get }
}

extension Provisioner {
    package var longestList: Duration { .seconds(600) }
    package var longestStop: Duration { .seconds(10) }
    package var reserve: Int { StartOrder.standardReserve(concurrency: concurrency) }
}

/// The kinds of operations of the provisioner contract.
package enum ProvisionerOperation: String, CaseIterable, Sendable {
    case create, delete, start, stop, claim, inspect, list
}

/// One operation for a provisioner.
package struct ProvisionerRequest: Sendable {
    package let id: OperationID
    package let operation: ProvisionerOperation
    /// The number of the attempt, from 1.
    package let attempt: Int
    package let workspace: Workspace
    /// The labels of the preset.
    package let labels: [String: String]
    /// The values of the secrets that the parameters name, by name. They are resolved at the moment of the call.
    package let secrets: [String: String]
    /// The identity of the store that asks, so that `list` can return it.
    package let store: String?
    /// The claim that the operation `claim` hands the workspace over for; nil for other operations.
    package let claim: ClaimDetails?
    /// The limit of the operation if it is shorter than that of the provisioner.
    package let timeout: Duration?

    package init(
        id: OperationID, operation: ProvisionerOperation, attempt: Int, workspace: Workspace,
        labels: [String: String] = [:], secrets: [String: String] = [:], store: String? = nil,
        claim: ClaimDetails? = nil, timeout: Duration? = nil
    ) {
        self.store = store
        self.claim = claim
        self.timeout = timeout
        self.id = id
        self.operation = operation
        self.attempt = attempt
        self.workspace = workspace
        self.labels = labels
        self.secrets = secrets
    }
}

/// The claim of a workspace, as the provisioner gets it.
package struct ClaimDetails: Sendable {
    package let id: String
    /// The end of the claim's lease; nil if it has none.
    package let expiresAt: Timestamp?
    package let values: ClaimValues

    package init(id: String, expiresAt: Timestamp? = nil, values: ClaimValues = ClaimValues()) {
        self.id = id
        self.expiresAt = expiresAt
        self.values = values
    }
}

/// The identity of a process group that runs on this machine for an operation. After a crash, the next prewarm uses it to
/// end the group.
package struct ProcessMark: Hashable, Sendable {
    package let group: Int32
    /// The start of the group's leader in clock ticks since boot (field 22 of `/proc/PID/stat`). It distinguishes a reused
    /// process id.
    package let startTime: UInt64
    package let bootID: String

    package init(group: Int32, startTime: UInt64, bootID: String) {
        self.group = group
        self.startTime = startTime
        self.bootID = bootID
    }
}

/// The answer of a provisioner to one request.
package struct ProvisionerReply: Sendable {
    package let outcome: Outcome
    /// The text on standard error, without secrets. If it is too long, its beginning is left out.
    package let log: String
    /// True if nothing was done for the operation, because the system gave no process or the container engine cannot be
    /// reached.
    package let isNotStarted: Bool
    /// True if the operation may have begun, and prewarm stopped waiting for its answer, for example because the time limit
    /// was reached. What it asked for may still happen.
    package let isUnanswered: Bool
    /// The secrets for the owner of a claimed workspace, by name. They are never stored, logged or shown to others.
    package let credentials: [String: String]
    /// The last time at which the owner used the workspace, in an answer to `inspect`; nil if it is unknown.
    package let activeAt: Timestamp?

    package init(
        outcome: Outcome, log: String = "", isNotStarted: Bool = false, isUnanswered: Bool = false,
        credentials: [String: String] = [:], activeAt: Timestamp? = nil
    ) {
        self.credentials = credentials
        self.activeAt = activeAt
        self.outcome = outcome
        self.log = log
        self.isNotStarted = isNotStarted
        self.isUnanswered = isUnanswered
    }
}

/// One workspace in a provisioner's list.
package struct ListedWorkspace: Hashable, Sendable {
    package let id: WorkspaceID
    /// The state in the provisioner's own words; nil if the list has none.
    package let state: String?
    /// A sentence about the state, without secrets, of at most ``messageLimit`` characters; nil if the list has none.
    package let message: String?
    /// The identity of the store that made the workspace; nil if the list has none.
    package let store: String?
    /// The last time at which the owner used the workspace; nil if the list has none.
    package let activeAt: Timestamp?

    package static let messageLimit = 300

    package init(
        id: WorkspaceID, state: String? = nil, message: String? = nil, store: String? = nil, activeAt: Timestamp? = nil
    ) {
        self.activeAt = activeAt
        self.message = message.map { $0.limited(to: Self.messageLimit) }
        self.id = id
        self.state = state
        self.store = store
    }
}

/// The reason why a provisioner could not list its workspaces.
package struct ProvisionerFailure: Error, Hashable, Sendable {
    package enum Reason: String, Sendable {
        /// The command cannot be run. An operator has to fix it or the configuration.
        case cannotRun = "CannotRun"
        case timedOut = "TimedOut"
        /// The command reported a failure.
        case failed = "ProvisionerFailed"
        /// The output of the command does not follow the contract.
        case badAnswer = "BadAnswer"
        /// The provisioner is busy or was canceled. The caller may try again later.
        case tryLater = "TryLater"
    }

    package let reason: Reason
    /// The cause in the first line, then the end of the log. It contains no secrets.
    package let message: String
    package let hint: String?

    package init(_ reason: Reason, _ message: String, hint: String? = nil) {
        self.reason = reason
        self.message = message
        self.hint = hint
    }
}
