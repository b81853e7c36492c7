package import PrewarmCore

/// The last check of one workspace: the answer to an `inspect` that prewarm repeats at an interval, because the provisioner
/// cannot list.
package struct Check: Hashable, Sendable {
    package let workspace: WorkspaceID
    package let provisioner: String
    /// The time of the answer.
    package let at: Timestamp
    /// The state, as a list would name it.
    package let state: String
    /// The provisioner's message about the state; nil if it gave none.
    package let message: String?
    /// The last time at which the owner used the workspace; nil if the answer has none.
    package let activeAt: Timestamp?
    /// The reason why the provisioner could not be asked; nil if it answered.
    package let failure: String?
    /// True until the answer was compared with the store.
    package let isNew: Bool

    package init(
        workspace: WorkspaceID, provisioner: String, at: Timestamp, state: String, message: String? = nil,
        activeAt: Timestamp? = nil, failure: String? = nil, isNew: Bool = true
    ) {
        self.workspace = workspace
        self.provisioner = provisioner
        self.at = at
        self.state = state
        self.message = message
        self.activeAt = activeAt
        self.failure = failure
        self.isNew = isNew
    }
}

/// The reads of checks.
package protocol CheckReader {
    /// Returns the last check of each workspace of a provisioner, by workspace.
    func checks(provisioner: String) throws -> [WorkspaceID: Check]
    func check(of workspace: WorkspaceID) throws -> Check?
    /// Returns the workspaces of a provisioner whose checks wait or run.
    func unfinishedChecks(provisioner: String) throws -> Set<WorkspaceID>
}

/// The writes of checks.
package protocol CheckWriter: CheckReader {
    /// Saves a check, which replaces the earlier one of the workspace.
    func save(_ check: Check) throws
    /// Marks the checks of workspaces as compared, and deletes those of a provisioner's workspaces that are deleted.
    func settleChecks(of workspaces: Set<WorkspaceID>, provisioner: String) throws
    /// Deletes an operation without a log. Checks would otherwise fill the history.
    func forget(operation: OperationID) throws
}
