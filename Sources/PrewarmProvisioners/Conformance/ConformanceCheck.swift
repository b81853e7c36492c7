/// The checks of `prewarm provisioner test`, in the order in which they run. The raw values are the names in the output,
/// which scripts may rely on.
package enum ConformanceCheck: String, CaseIterable, Sendable {
    case command
    case list
    case inspectUnknown = "inspect-unknown"
    case deleteUnknown = "delete-unknown"
    case create
    case createAgain = "create-again"
    case listCreated = "list-created"
    case listStore = "list-store"
    case inspectCreated = "inspect-created"
    case claim
    case claimAgain = "claim-again"
    case claimCredentials = "claim-credentials"
    case listClaimed = "list-claimed"
    case delete
    case deleteAgain = "delete-again"
    case listDeleted = "list-deleted"
    case inspectDeleted = "inspect-deleted"
    case createInvalid = "create-invalid"
    case deleteFailed = "delete-failed"
    case stop
    case createStopped = "create-stopped"
    case deleteOrphan = "delete-orphan"
    case output
    case background

    /// One sentence with the rule of the protocol that the check is about.
    package var expected: String {
        switch self {
        case .command: "The command can be executed, or the container engine answers."
        case .list: "`list` answers with all workspaces, also without PREWARM_WORKSPACE_ID and without a workspace."
        case .inspectUnknown: "`inspect` of a workspace that does not exist answers `lost`."
        case .deleteUnknown: "`delete` of a workspace that does not exist succeeds."
        case .create: "`create` builds a workspace that becomes ready."
        case .createAgain: "A second `create` with the same ID succeeds and answers with the same workspace."
        case .listCreated: "The list has a created workspace exactly once, with the ID that `create` got."
        case .listStore: "An entry of the list has the `store` that `create` got."
        case .inspectCreated: "`inspect` of a ready workspace answers `ready`."
        case .claim: "`claim` prepares a workspace for its owner, with the owner and the claim parameters."
        case .claimAgain: "A second `claim`, without secret parameters, succeeds and gives the same credentials."
        case .claimCredentials: "No credential is in the endpoint or in the metadata."
        case .listClaimed: "The list still has a claimed workspace."
        case .delete: "`delete` deletes a claimed workspace."
        case .deleteAgain: "A second `delete` succeeds."
        case .listDeleted: "The list no longer has a deleted workspace."
        case .inspectDeleted: "`inspect` of a deleted workspace answers `lost`."
        case .createInvalid: "`create` with an invalid definition fails, with a cause and the class `invalid`."
        case .deleteFailed: "`delete` removes all parts that a failed `create` left behind."
        case .stop: "A running `create` ends within the grace time after SIGTERM."
        case .createStopped: "A `create` after one that was ended continues the work or starts again."
        case .deleteOrphan: "`delete` of an orphan succeeds, without a template, a version and parameters."
        case .output: "Standard output has one JSON object and no other text. Standard error is the log."
        case .background: "No process that a call leaves running holds the standard output or error of the call."
        }
    }

    /// An imperative with the next step if the check does not pass.
    package var advice: String {
        switch self {
        case .command: "Correct `command` of the provisioner, or start the container engine."
        case .list: "Do not use variables of a workspace in `list`; without workspaces, print {\"workspaces\": []}."
        case .inspectUnknown, .inspectDeleted: "Print {\"state\": \"lost\"} if the workspace does not exist."
        case .deleteUnknown, .deleteAgain: "Exit with 0 if the workspace does not exist."
        case .create: "Run `create` with the same variables, and read its log on standard error."
        case .createAgain:
            "Look for the workspace by PREWARM_WORKSPACE_ID first. If it exists, answer with it and build no other one."
        case .listCreated: "Print PREWARM_WORKSPACE_ID of the `create` as `id`, once for each workspace."
        case .listStore:
            "Keep PREWARM_STORE with the workspace, for example as a label, and print it as `store`. Then prewarm "
                + "distinguishes its workspaces from those of another prewarm."
        case .inspectCreated: "Print {\"state\": \"ready\"} if the workspace can be used."
        case .claim: "Run `claim` with the same variables, and read its log on standard error."
        case .claimAgain: "Keep the credentials with the workspace, and do not require secret parameters again."
        case .claimCredentials: "Print credentials only in `credentials`; prewarm replaces them by *** elsewhere."
        case .listClaimed: "List claimed workspaces, too. Otherwise prewarm reports them as lost."
        case .delete: "Run `delete` with the same variables, and read its log on standard error."
        case .listDeleted: "List a workspace only until `delete` has ended."
        case .createInvalid:
            "Print {\"error\": {\"class\": \"invalid\", \"message\": \"…\"}} and exit with 1. Then prewarm stalls the "
                + "preset at once, and does not build it again and again."
        case .deleteFailed: "Let `delete` also remove a workspace that is not complete."
        case .stop: "Let the command and its children end at SIGTERM, or set a longer `grace` of the provisioner."
        case .createStopped: "Build under another name and rename at the end, or remove unfinished work first."
        case .deleteOrphan: "Use only PREWARM_WORKSPACE_ID in `delete`."
        case .output: "Send other output to standard error with `>&2`; `prewarm logs` shows it."
        case .background:
            "Start the process with `>FILE 2>&1 </dev/null`, because prewarm closes the output of the call."
        }
    }
}

/// The result of one check.
package struct ConformanceFinding: Hashable, Sendable {
    package enum Result: String, CaseIterable, Sendable {
        case passed = "pass"
        /// The provisioner works, but users or operators lose something.
        case warning = "warn"
        case failed = "fail"
        /// The check did not apply, or an earlier one did not pass.
        case skipped = "skip"
    }

    package let check: ConformanceCheck
    package let result: Result
    /// A description of what happened: one line, and for a failed call the end of its log.
    package let message: String
    /// The next step of a warning or a failure.
    package let hint: String?

    package init(check: ConformanceCheck, result: Result, message: String, hint: String?) {
        self.check = check
        self.result = result
        self.message = message
        self.hint = hint
    }
}
