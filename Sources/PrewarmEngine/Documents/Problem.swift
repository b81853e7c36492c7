package import PrewarmCore

/// An error for people and for programs. HTTP answers carry it in the form of RFC 9457; the command line prints it as
/// `error: …` and `hint: …`.
package struct Problem: Error, Sendable {
    /// The kind of the problem, for example `NothingReady`. Programs rely on it, so a code never changes.
    package let code: String
    /// The status code of the HTTP answer.
    package let status: Int
    /// One sentence without secrets, in the form `cannot DO THING: CAUSE`.
    package let message: String
    /// The next step, as an imperative with the exact command or key; nil if there is no useful one.
    package let hint: String?
    /// The methods that the path accepts. The list is empty unless the code is `MethodNotAllowed`.
    package var allowedMethods: [String] = []
    /// All errors of the request, if the message summarizes several; otherwise empty.
    package var errors: [String] = []
    /// The end of the provisioner's log without secrets; nil without a log.
    package var log: String?
    /// The workspaces that an owner at its limit holds, the longest held first; otherwise empty.
    package var holds: [Workspace] = []
    /// The claim that the next request can continue; nil unless the request asked for a longer wait than one request waits.
    package var claim: ClaimID?

    package init(_ code: String, status: Int, _ message: String, hint: String? = nil) {
        self.code = code
        self.status = status
        self.message = message
        self.hint = hint
    }

    /// Returns the problem of a request with a method that its path does not accept.
    /// - Parameter methods: The methods that the path accepts.
    package static func methodNotAllowed(_ methods: [String]) -> Problem {
        var problem = Problem(
            "MethodNotAllowed", status: 405,
            "invalid method: this path accepts only \(methods.joined(separator: ", "))")
        problem.allowedMethods = methods
        return problem
    }
}

extension Problem {
    /// Translates an error of the engine, of a git source or of a store. Returns nil for any other error.
    package init?(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let failure as GitFailure:
            let isLack = failure.reason == .refNotFound || failure.reason == .pathNotFound
            self.init(failure.reason.rawValue, status: isLack ? 404 : 502, failure.message, hint: failure.hint)
        case let failure as StoreError:
            self.init(
                "Store", status: [.busy, .replaced, .unavailable].contains(failure.reason) ? 503 : 500, failure.message,
                hint: failure.hint)
        case let failure as ReconcileError: self.init(failure)
        case let failure as ClaimError: self.init(failure)
        case let failure as ApprovalError: self.init(failure)
        case let failure as AdoptionError: self.init(failure)
        case RetryError.notPending(let operation):
            self.init(
                "NotPending", status: 409,
                "cannot retry the operation \(operation.id): it is \(operation.state.rawValue), not pending",
                hint: "run `prewarm retry \(operation.preset.name)` to clear the failures of its preset")
        case ReplaceError.notReady(let workspace):
            self.init(
                "NotReady", status: 409,
                "cannot replace the workspace \(workspace.name): it is \(workspace.state.rawValue), not ready",
                hint: "a claimed workspace ends by `prewarm release \(workspace.name)`")
        case RetryError.unknownProvisioner(let name, let known):
            self.init(
                "UnknownProvisioner", status: 404, "the configuration names no provisioner \"\(name)\"",
                hint: "the provisioners are: " + known.joined(separator: ", "))
        default: return nil
        }
    }

    private init(_ error: ReconcileError) {
        switch error {
        case .unknownSource(let name):
            self.init(
                "UnknownSource", status: 404, "the configuration names no source \"\(name)\"",
                hint: "see `prewarm get sources`")
        case .leaseHeld(let source, let holder):
            let who = Holder(holder).map { "process \($0.pid)" } ?? holder
            self.init(
                "LeaseHeld", status: 409,
                "cannot reconcile the source \(source): another prewarm (\(who)) is reconciling it",
                hint: "wait until it has finished, or stop it: the next run continues its work")
        case .planChanged(let source):
            self.init(
                "PlanChanged", status: 409,
                "cannot apply the plan: the state has changed since it was made, and a sync of \(source) would now do "
                    + "something different. Nothing was changed",
                hint: "make a new plan with `prewarm plan --out FILE`")
        case .leaseLost(let source):
            self.init(
                "LeaseLost", status: 409,
                "cannot finish the reconciliation of the source \(source): another prewarm took over its lease. "
                    + "Nothing was changed",
                hint: "run the command again")
        }
    }

    private init(_ error: ApprovalError) {
        switch error {
        case .notApplied(let revision, let applied):
            self.init(
                "NotApplied", status: 409, "cannot approve \"\(revision)\": no source has applied this revision",
                hint: applied.isEmpty
                    ? "see `prewarm status` for the applied revisions"
                    : (revision.count < 6 ? "give at least six digits of the commit; " : "")
                        + "approve an applied revision ("
                        + applied.map { "\($0.source): \($0.revision.short)" }.joined(separator: ", ")
                        + "), or run `prewarm sync` first to apply a newer one")
        case .nothingHeld(let source, let revision):
            self.init(
                "NothingHeld", status: 409,
                "cannot approve \(revision.short): no deletion of the source \(source) is held",
                hint: "see `prewarm plan`")
        case .notConfigured(let revision, let sources):
            self.init(
                "NotConfigured", status: 409,
                "cannot approve \(revision.short): it is applied only by "
                    + (sources.count == 1 ? "a source that is" : "sources that are")
                    + " no longer in the configuration: \(sources.joined(separator: ", "))",
                hint: "to delete the workspaces of the source \(sources[0]), run "
                    + "`prewarm approve \(revision.commit.prefix(8)) --source \(sources[0])`")
        case .storeNotHeld:
            self.init(
                "NothingHeld", status: 409, "cannot approve the store: it is neither a restored copy nor new",
                hint: "see `prewarm status`")
        }
    }

    private init(_ error: AdoptionError) {
        switch error {
        case .notAnOrphan(let id, let known):
            self.init(
                "NotAnOrphan", status: 404,
                "cannot adopt \"\(id)\": the last lists of the provisioners do not show it as an orphan",
                hint: known.isEmpty
                    ? "run `prewarm sync --refresh` to ask the provisioners again" : "see `prewarm get orphans`")
        case .foreign(let orphan):
            self.init(
                "ForeignWorkspace", status: 409,
                "cannot adopt \(orphan.id): it belongs to another prewarm, with the store \(orphan.store?.prefix(8) ?? "")",
                hint:
                    "use the workspace there. If that store no longer exists, let the provisioner list it without `store`"
            )
        case .otherProvisioner(let orphan, let preset):
            self.init(
                "OtherProvisioner", status: 409,
                "cannot adopt \(orphan.id) into \(preset.key.name): it belongs to the provisioner "
                    + "\(orphan.provisioner), and the preset uses \(preset.spec.provisioner)",
                hint: "name a preset that uses the provisioner \(orphan.provisioner)")
        case .known(let workspace):
            self.init(
                "AlreadyKnown", status: 409,
                "cannot adopt \(workspace.id): it is \(workspace.name), which is \(workspace.state.rawValue)",
                hint: "see `prewarm describe workspace \(workspace.name)`")
        case .notReady(let orphan, let why):
            self.init(
                "NotReady", status: 409,
                "cannot adopt \(orphan.id): the provisioner \(orphan.provisioner) does not report it as ready: \(why)",
                hint: "fix the workspace and run the command again, or delete it at its provider")
        case .withoutEndpoint(let orphan, let preset, let isInspected):
            self.init(
                "PoolFull", status: 409,
                "cannot adopt \(orphan.id) into the full pool \(preset.key.name): its endpoint is unknown, and the pool "
                    + "would delete a workspace that has an endpoint",
                hint: "raise `instances` of \(preset.key.name), or "
                    + (isInspected
                        ? "answer `inspect` with `endpoint` in the provisioner \(orphan.provisioner)"
                        : "add `inspect` to the operations of \(orphan.provisioner)"))
        case .retired(let preset): self.init(retired: preset, "adopt a workspace into")
        }
    }
}
