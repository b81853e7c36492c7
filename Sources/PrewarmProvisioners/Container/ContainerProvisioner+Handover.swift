import PrewarmCore
import PrewarmEngine

extension ContainerProvisioner {
    /// Runs the program of `handover` in the container of the workspace. It gets the request in its environment.
    ///
    /// The engine cannot end a program in a container. A program that runs for too long stays there until the container is
    /// deleted.
    func handOver(_ request: ProvisionerRequest, _ redactor: Redactor) async -> ProvisionerReply {
        let timeout = min(request.timeout ?? settings.timeout, settings.timeout)
        let environment: [String: String]
        do throws(RequestDocument.Problem) {
            environment = try RequestDocument(request, base: [:]).environment
        } catch {
            return ProvisionerReply(outcome: .failed(error.message))
        }
        let result = await within(timeout) { [settings] () -> Result<EngineClient.ExecResult, ContainerFailure> in
            do throws(ContainerFailure) {
                return .success(
                    try await EngineClient.with(try settings.socket) { (client) throws(ContainerFailure) in
                        try await ContainerOperation(settings, request, client, OperationLog(redactor), redactor)
                            .runHandover(environment, timeout: timeout)
                    })
            } catch {
                return .failure(error)
            }
        }
        if Task.isCancelled { return ProvisionerReply(outcome: ContainerFailure.canceled.outcome) }
        switch result {
        case .success(let exec): return exec.reply(redactor)
        case .failure(let failure):
            return ProvisionerReply(
                outcome: redactor.redact(failure.outcome), isNotStarted: failure.kind == .unreachable)
        case nil: return ProvisionerReply(outcome: .failed("timed out after \(timeout.prewarmText)"))
        }
    }
}

extension ContainerOperation {
    fileprivate func runHandover(
        _ environment: [String: String], timeout: Duration
    ) async throws(ContainerFailure) -> EngineClient.ExecResult {
        guard let name = ContainerLabels.containerName(request.workspace.id), let status = try await container(name)
        else { throw ContainerFailure(.failed, "the container of the workspace does not exist") }
        guard status.isRunning, !status.isPaused else {
            throw ContainerFailure(.failed, "the container \(status.ending)")
        }
        let arguments = try ContainerPlan.arguments(spec.handover ?? [], values, in: .handover)
        return try await client.execute(
            arguments, in: name, environment: environment, isAnswer: true, timeout: timeout,
            slack: max(redactor.longestPattern, Credentials.sizeLimit))
    }
}

extension EngineClient.ExecResult {
    /// Returns the reply of a handover. The log is standard error without secrets and credentials.
    fileprivate func reply(_ redactor: Redactor) -> ProvisionerReply {
        let redactor = redactor.adding(Credentials.texts(in: answer))
        let log = output.text(redactor).printableLines
        guard answer.count <= Self.answerLimit else {
            return ProvisionerReply(
                outcome: .failed("wrote more than \(Self.answerLimit >> 20) MiB to standard output"), log: log)
        }
        switch code {
        case 0:
            let (outcome, credentials) = Answer.handover(of: answer, redactor)
            return ProvisionerReply(outcome: outcome.followed(by: log), log: log, credentials: credentials)
        case Int(Ending.tryLaterCode):
            let line = log.split(whereSeparator: \.isNewline).last.map { String($0.suffix(2048)) }
            return ProvisionerReply(outcome: .tryLater(line ?? "exit code 75: try again later"), log: log)
        default:
            let cause = log.causeInLog.map { ": \($0)" } ?? ""
            return ProvisionerReply(
                outcome: .failed("exit code \(code)\(cause)".followed(by: log)), log: log)
        }
    }
}
