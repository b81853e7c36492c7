import Glibc
package import PrewarmCore
package import PrewarmEngine

/// A provisioner that runs a command of the operator once for each operation.
///
/// The documentation describes the contract of the command. The engine limits the number of commands that run at once.
package struct CommandProvisioner: Provisioner {
    package let settings: CommandSettings
    /// Takes the facts about each call that has ended; nil if they are not needed.
    private let observe: (@Sendable (CommandCall) -> Void)?

    package init(_ settings: CommandSettings, observe: (@Sendable (CommandCall) -> Void)? = nil) {
        self.settings = settings
        self.observe = observe
    }

    package var operations: Set<ProvisionerOperation> { settings.operations }
    package var concurrency: Int { settings.concurrency }
    package var reserve: Int { settings.reserve ?? StartOrder.standardReserve(concurrency: concurrency) }

    /// Returns the problem that prevents the command from running; nil if there is no problem. `validate` and `doctor` use it.
    package func check() -> Diagnostic? {
        file(settings.baseEnvironment).problem()
    }

    /// Runs the command for one operation. If the task is canceled, the outcome is `tryLater`, which is no failure of the
    /// provisioner.
    package func perform(
        _ request: ProvisionerRequest, started: @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply {
        if let refusal = refusal(of: request.operation, name: settings.name) { return refusal }
        let document: RequestDocument
        do {
            document = try RequestDocument(request, base: settings.baseEnvironment)
        } catch {
            return ProvisionerReply(outcome: .failed(error.message))
        }
        let redactor = Redactor(secrets: request.allSecrets)
        let (operation, timeout) = (request.operation, min(request.timeout ?? settings.timeout, settings.timeout))
        do {
            let child = try child(document, operation, outputLimit: 1 << 20, redactor, timeout: timeout)
            return try await child.run(started: started) { ended in
                let reply = reply(ended, to: operation, redactor, timeout)
                observe?(CommandCall(operation, ended, isAccepted: reply.outcome.isGood))
                return (reply, reply.outcome.isGood)
            }
        } catch {
            let failure = explain(error, document.environment)
            let isLater = failure.reason == .tryLater
            return ProvisionerReply(
                outcome: isLater ? .tryLater(failure.text) : .failed(failure.text), isNotStarted: error.isLack)
        }
    }

    /// Returns the reply of an ended command. An error with a class on standard output says more than the exit code.
    private func reply(
        _ ended: EndedChild, to operation: ProvisionerOperation, _ redactor: Redactor, _ timeout: Duration
    ) -> ProvisionerReply {
        let isHandover = operation == .claim
        let redactor = isHandover ? redactor.adding(Credentials.texts(in: ended.output)) : redactor
        let log = ended.log.text(redactor)
        let reported = ended.stop == nil ? ErrorAnswer(in: ended.output, redactor) : nil
        if let error = reported?.error {
            return ProvisionerReply(outcome: Outcome.refused(error).followed(by: log), log: log)
        }
        let isUnanswered = ended.isUnanswered
        // The exit code of an error without a class says what it means, and its message says why.
        func outcome(_ message: String, _ make: (String) -> Outcome) -> Outcome {
            reported?.message.map { make($0).followed(by: log) } ?? make(message)
        }
        switch Ending(ended, log, timeout) {
        case .later(let message):
            return ProvisionerReply(
                outcome: outcome(message, Outcome.tryLater), log: log, isUnanswered: isUnanswered)
        case .outage(let message):
            return ProvisionerReply(outcome: outcome(message) { .refused(ProviderError(.outage, $0)) }, log: log)
        case .bad(_, let message):
            return ProvisionerReply(outcome: outcome(message, Outcome.failed), log: log, isUnanswered: isUnanswered)
        case .good where isHandover:
            let answer = Answer.handover(of: ended.output, redactor)
            return ProvisionerReply(
                outcome: answer.outcome.followed(by: log), log: log, credentials: answer.credentials)
        case .good:
            let answer = Answer.outcome(of: ended.output, to: operation, redactor)
            return ProvisionerReply(
                outcome: answer.outcome.followed(by: log), log: log,
                activeAt: operation == .inspect ? answer.activeAt : nil)
        }
    }

    package var longestList: Duration { settings.timeout + settings.grace }

    package var longestStop: Duration { settings.grace }

    /// Runs the command for `list` and returns the listed workspaces.
    /// - Throws: ``ProvisionerFailure`` if the command fails or its answer is no list.
    package func list() async throws(ProvisionerFailure) -> [ListedWorkspace] {
        guard operations.contains(.list) else {
            throw ProvisionerFailure(.cannotRun, "provisioner \(settings.name) does not offer list")
        }
        let document = RequestDocument(listing: settings.baseEnvironment)
        let redactor = Redactor(secrets: [])
        let result: Result<[ListedWorkspace], ProvisionerFailure>
        do {
            let child = try child(
                document, .list, outputLimit: ListAnswer.sizeLimit, redactor, timeout: settings.timeout)
            result = try await child.run(started: { _ in }) { ended in
                let result = Self.listed(ended, settings.timeout, redactor)
                let isGood = (try? result.get()) != nil
                observe?(CommandCall(.list, ended, isAccepted: isGood))
                return (result, isGood)
            }
        } catch {
            throw explain(error, document.environment)
        }
        return try result.get()
    }

    /// Ends the whole session of an earlier command by SIGTERM, and by SIGKILL after the grace period. Returns when the session
    /// has ended.
    package func end(_ mark: ProcessMark) async {
        let grace = settings.grace
        let end: @Sendable () -> Void = { ProcessSession(stillRunning: mark)?.end(grace: grace) }
        // Without a new thread this one blocks, because an operation must not run twice at the same time.
        do { try await onOwnThread(end) } catch { end() }
    }

    // MARK: - Running

    private func child(
        _ document: RequestDocument, _ operation: ProvisionerOperation, outputLimit: Int, _ redactor: Redactor,
        timeout: Duration
    ) throws(ChildFailure) -> ChildProcess {
        guard let path = file(document.environment).path() else { throw .notExecuted(SystemFailure(ENOENT)) }
        return ChildProcess(
            executable: path, arguments: settings.command.dropFirst() + [operation.rawValue],
            environment: document.environment, workingDirectory: settings.workingDirectory, input: document.input,
            limits: ChildLimits(
                timeout: timeout, grace: settings.grace, output: outputLimit,
                // The credentials of a handover are not known yet.
                longestSecret: max(redactor.longestPattern, operation == .claim ? Credentials.sizeLimit : 0)))
    }

    private func file(_ environment: [String: String]) -> CommandFile {
        CommandFile(
            provisioner: settings.name, command: settings.command.first ?? "",
            workingDirectory: settings.workingDirectory, searchPath: environment["PATH"] ?? "")
    }

    /// Returns a message for a failed start: the problem with the command if there is one, otherwise the system's error.
    private func explain(_ failure: ChildFailure, _ environment: [String: String]) -> ProvisionerFailure {
        switch failure {
        case .cancelled:
            return ProvisionerFailure(.tryLater, "canceled before the command was started")
        case .notStarted(let reason):
            if Task.isCancelled { return ProvisionerFailure(.tryLater, "the command was ended because prewarm stops") }
            return ProvisionerFailure(.failed, "cannot record the start of the command, so it was ended: \(reason)")
        case .notSpawned(let failure):
            return ProvisionerFailure(
                .tryLater, "cannot start a process for provisioner \(settings.name): \(failure)", hint: Self.lackHint)
        case .notExecuted(let failure):
            let file = file(environment)
            if failure.isTransient {
                return ProvisionerFailure(
                    .tryLater,
                    "cannot start the command \(file.command) of provisioner \(settings.name) at the moment: \(failure)",
                    hint: Self.lackHint)
            }
            if let problem = file.problem() {
                return ProvisionerFailure(.cannotRun, problem.message, hint: problem.hint)
            }
            return ProvisionerFailure(
                .cannotRun, "cannot start the command \(file.command) of provisioner \(settings.name): \(failure)",
                hint: failure.hint)
        }
    }

    /// The next step if the system gives no process.
    private static let lackHint =
        "End other processes, or raise the limits on processes (`ulimit -u`, TasksMax=) and on open files (`ulimit -n`, "
        + "LimitNOFILE=)."

    private static func listed(
        _ ended: EndedChild, _ timeout: Duration, _ redactor: Redactor
    ) -> Result<[ListedWorkspace], ProvisionerFailure> {
        switch Ending(ended, ended.log.text(redactor), timeout) {
        case .later(let message): return .failure(ProvisionerFailure(.tryLater, message))
        case .outage(let message): return .failure(ProvisionerFailure(.failed, message))
        case .bad(let reason, let message): return .failure(ProvisionerFailure(reason, message))
        case .good:
            do throws(FinalObject.Failure) {
                return .success(try ListAnswer(ended.output).workspaces)
            } catch {
                let beginning = Answer.beginning(of: ended.output, redactor)
                return .failure(
                    ProvisionerFailure(
                        .badAnswer, "\(redactor.redact(error.message)); it begins with: \(beginning)",
                        hint:
                            #"Print {"workspaces": [{"id": "…", "state": "…"}]}, with an empty list if there is no workspace."#
                    ))
            }
        }
    }
}

extension EndedChild {
    /// True if prewarm or a signal ended the command, so that it could not answer.
    fileprivate var isUnanswered: Bool {
        if stop != nil { return true }
        if case .code = status { return false }
        return true
    }
}

extension ChildFailure {
    /// True if the system lacks what a new process needs.
    fileprivate var isLack: Bool {
        switch self {
        case .notSpawned: true
        case .notExecuted(let failure): failure.isTransient
        case .cancelled, .notStarted: false
        }
    }
}

extension ProvisionerFailure {
    /// The message and the hint as one text.
    fileprivate var text: String {
        hint.map { "\(message). \($0)" } ?? message
    }
}

extension SystemFailure {
    fileprivate var hint: String? {
        switch number {
        case Self.argumentsTooLong: "Shorten the parameters. One may have 128 KiB, and all together about 2 MiB."
        case Self.noProgram: "Use a program for this machine, or a script with a #! line."
        default: nil
        }
    }
}
