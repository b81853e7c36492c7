package import PrewarmCore
package import PrewarmEngine

/// The check of a provisioner against its protocol, by real calls of the driver that the daemon uses.
///
/// It builds, claims and deletes a few workspaces, one call at a time. An error of a provisioner is a finding; only a
/// cancellation is thrown. After ``run()``, also after a cancellation, ``cleanUp()`` deletes what is left.
package actor ConformanceTest {
    let provisioner: any Provisioner
    let subject: ConformanceSubject
    let calls: CommandCalls
    private let report: @Sendable (ConformanceFinding) -> Void
    private let now: @Sendable () -> Timestamp
    private var identifiers: IdentifierFactory
    private var results: [ConformanceCheck: ConformanceFinding.Result] = [:]
    /// The workspaces that may exist, in the order of their creates.
    private var built: [Workspace] = []

    /// - Parameters:
    ///   - calls: The calls that the provisioner observes; none are added for a container provisioner.
    ///   - report: Takes each finding as soon as it is known.
    package init(
        _ provisioner: any Provisioner, _ subject: ConformanceSubject, calls: CommandCalls,
        identifiers: IdentifierFactory, now: @escaping @Sendable () -> Timestamp,
        report: @escaping @Sendable (ConformanceFinding) -> Void
    ) {
        self.provisioner = provisioner
        self.subject = subject
        self.calls = calls
        self.identifiers = identifiers
        self.now = now
        self.report = report
    }

    /// Runs the checks, and reports one finding for each.
    /// - Throws: `CancellationError`
    package func run() async throws {
        guard await canCall() else { return skipOthers("the provisioner cannot be called") }
        try await checkList()
        try await checkUnknown(nextWorkspace())
        let workspace = nextWorkspace()
        if let time = try await checkBuild(workspace) {
            try await checkClaim(of: workspace)
            try await checkDeletion(of: workspace)
            try await checkInvalid()
            try await checkStop(lasting: time)
        }
        checkCalls()
        skipOthers("no workspace was created")
    }

    /// Deletes the workspaces that may still exist.
    /// - Returns: The workspaces that were deleted, and those that could not be deleted with the causes.
    package func cleanUp() async -> (deleted: [Workspace], left: [(workspace: Workspace, cause: String)]) {
        var (deleted, left) = ([Workspace](), [(workspace: Workspace, cause: String)]())
        for workspace in built {
            switch await provisioner.perform(request(.delete, workspace), started: { _ in }).outcome {
            case .done: deleted.append(workspace)
            case let outcome: left.append((workspace, outcome.inWords))
            }
        }
        built = []
        return (deleted, left)
    }

    // MARK: Findings

    func conclude(
        _ check: ConformanceCheck, _ result: ConformanceFinding.Result, _ message: String, hint: String? = nil
    ) {
        results[check] = result
        let needsHint = result == .warning || result == .failed
        report(
            ConformanceFinding(
                check: check, result: result, message: message, hint: needsHint ? hint ?? check.advice : hint))
    }

    func hasPassed(_ check: ConformanceCheck) -> Bool {
        results[check] == .passed || results[check] == .warning
    }

    func hasFailed(_ check: ConformanceCheck) -> Bool { results[check] == .failed }

    private func skipOthers(_ reason: String) {
        for check in ConformanceCheck.allCases where results[check] == nil { conclude(check, .skipped, reason) }
    }

    // MARK: Calls

    func nextWorkspace(_ spec: WorkspaceSpec? = nil) -> Workspace {
        let spec = spec ?? subject.spec
        return Workspace(
            id: WorkspaceID(identifiers.next()), preset: subject.preset, spec: spec, fingerprint: spec.fingerprint,
            state: .creating, createdAt: now())
    }

    func request(
        _ operation: ProvisionerOperation, _ workspace: Workspace, attempt: Int = 1, claim: ClaimDetails? = nil,
        timeout: Duration? = nil
    ) -> ProvisionerRequest {
        ProvisionerRequest(
            id: OperationID(identifiers.next()), operation: operation, attempt: attempt, workspace: workspace,
            labels: subject.labels, secrets: subject.secrets, store: subject.store, claim: claim, timeout: timeout)
    }

    func nextClaim() -> String { identifiers.next() }

    /// Calls the provisioner. If it asks for another try, it is called up to five times, once a second.
    /// - Throws: `CancellationError`
    func call(
        _ operation: ProvisionerOperation, _ workspace: Workspace, attempt: Int = 1, claim: ClaimDetails? = nil,
        timeout: Duration? = nil
    ) async throws -> ProvisionerReply {
        if operation == .create { note(workspace) }
        var attempt = attempt
        while true {
            let reply = await provisioner.perform(
                request(operation, workspace, attempt: attempt, claim: claim, timeout: timeout), started: { _ in })
            try Task.checkCancellation()
            if case .done = reply.outcome, operation == .delete { built.removeAll { $0.id == workspace.id } }
            guard case .tryLater = reply.outcome, attempt < 5 else { return reply }
            try await Task.sleep(for: .seconds(1))
            attempt += 1
        }
    }

    /// Notes a workspace that a call outside of ``call(_:_:attempt:claim:timeout:)`` may build.
    func note(_ workspace: Workspace) {
        if !built.contains(where: { $0.id == workspace.id }) { built.append(workspace) }
    }

    private func canCall() async -> Bool {
        do throws(ProvisionerFailure) {
            switch provisioner {
            case let command as CommandProvisioner:
                if let problem = command.check() {
                    throw ProvisionerFailure(.cannotRun, problem.message, hint: problem.hint)
                }
                let text = command.settings.command.joined(separator: " ")
                conclude(.command, .passed, "\(text) is executable")
            case let container as ContainerProvisioner:
                conclude(.command, .passed, "\(try await container.engine()) answers")
            default: conclude(.command, .passed, "the provisioner is built in")
            }
            return true
        } catch {
            conclude(.command, .failed, error.message, hint: error.hint)
            return false
        }
    }
}

extension Outcome {
    /// The outcome as the end of a sentence, with the end of the log.
    var inWords: String {
        switch self {
        case .done(let endpoint, _): endpoint.map { "it is ready at \($0)" } ?? "it is ready"
        case .starting: "it is starting"
        case .lost: "it is lost"
        case .broken(let message), .failed(let message): message
        case .tryLater(let message): "another try is needed: \(message)"
        case .refused(let error): "an error of the class \(error.kind.rawValue): \(error.message)"
        }
    }

    var endpoint: String? {
        switch self {
        case .done(let endpoint, _), .starting(let endpoint, _): endpoint
        default: nil
        }
    }
}
