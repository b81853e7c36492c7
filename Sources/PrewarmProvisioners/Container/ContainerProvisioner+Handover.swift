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
        let result = await within(timeout) { [settings] () -> Result<ProgramResult, OperationFailure> in
            do throws(OperationFailure) {
                return .success(
                    try await EngineClient.with(try settings.socket) { (client) throws(OperationFailure) in
                        try await ContainerOperation(settings, request, client, OperationLog(redactor), redactor)
                            .runHandover(environment, timeout: timeout)
                    })
            } catch {
                return .failure(error)
            }
        }
        if Task.isCancelled { return ProvisionerReply(outcome: OperationFailure.canceled.outcome, isUnanswered: true) }
        switch result {
        case .success(let exec): return exec.reply(redactor)
        case .failure(let failure):
            return ProvisionerReply(
                outcome: redactor.redact(failure.outcome), isNotStarted: failure.kind == .unreachable,
                isUnanswered: failure.isUnanswered)
        case nil:
            return ProvisionerReply(
                outcome: .failed("timed out after \(timeout.prewarmText)"), isUnanswered: true)
        }
    }
}

extension ContainerOperation {
    fileprivate func runHandover(
        _ environment: [String: String], timeout: Duration
    ) async throws(OperationFailure) -> ProgramResult {
        guard let name = ContainerLabels.containerName(request.workspace.id), let status = try await container(name)
        else { throw OperationFailure(.failed, "the container of the workspace does not exist") }
        guard status.isRunning, !status.isPaused else {
            throw OperationFailure(.failed, "the container \(status.ending)")
        }
        let arguments = try ContainerPlan.arguments(spec.handover ?? [], values, in: .handover)
        return try await client.execute(
            arguments, in: name, environment: environment, isAnswer: true, timeout: timeout,
            slack: max(redactor.longestPattern, Credentials.sizeLimit))
    }
}
