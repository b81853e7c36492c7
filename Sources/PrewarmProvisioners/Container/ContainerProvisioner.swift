import PrewarmCore
package import PrewarmEngine

/// A provisioner that makes each workspace as a container, by the Docker Engine API of Docker or Podman.
///
/// The name of a container comes from the id of its workspace, and its labels say to which store and provisioner it
/// belongs. So each operation finds what an earlier, killed prewarm left behind.
package struct ContainerProvisioner: Provisioner {
    package let settings: ContainerSettings

    package init(_ settings: ContainerSettings) {
        self.settings = settings
    }

    package var operations: Set<ProvisionerOperation> {
        let always: Set<ProvisionerOperation> = [.create, .delete, .inspect, .list]
        return settings.spec.handover == nil ? always : always.union([.claim])
    }
    package var concurrency: Int { settings.concurrency }
    package var reserve: Int { settings.reserve ?? StartOrder.standardReserve(concurrency: concurrency) }
    package var longestList: Duration { .seconds(180) }

    /// Carries out an operation. No process of this machine belongs to it, so `started` is not called. If the task is
    /// canceled, the outcome is `tryLater`; the container stays, and the next attempt continues with it.
    package func perform(
        _ request: ProvisionerRequest, started: @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply {
        if let refusal = refusal(of: request.operation, name: settings.name) { return refusal }
        let redactor = Redactor(secrets: request.allSecrets + [settings.spec.login?.password].compactMap(\.self))
        if request.operation == .claim { return await handOver(request, redactor) }
        let log = OperationLog(redactor)
        let result = await within(settings.timeout) { [settings] () -> Result<Outcome, OperationFailure> in
            do throws(OperationFailure) {
                let socket = try settings.socket
                return .success(
                    try await EngineClient.with(socket) { (client) throws(OperationFailure) in
                        try await ContainerOperation(settings, request, client, log, redactor).run()
                    })
            } catch {
                return .failure(error)
            }
        }
        let failure: OperationFailure
        switch result {
        case .success(let outcome) where !Task.isCancelled:
            return ProvisionerReply(outcome: redactor.redact(outcome), log: log.text)
        case .failure(let error) where !Task.isCancelled: failure = error
        case nil where !Task.isCancelled:
            failure = OperationFailure(
                .failed, "timed out after \(settings.timeout.prewarmText)", log: log.text)
        default: failure = .canceled
        }
        return ProvisionerReply(
            outcome: redactor.redact(failure.outcome), log: log.text, isNotStarted: failure.kind == .unreachable,
            isUnanswered: failure.isUnanswered || result == nil)
    }

    /// Returns the containers that this provisioner made, also those of other stores.
    package func list() async throws(ProvisionerFailure) -> [ListedWorkspace] {
        do throws(OperationFailure) {
            return try await EngineClient.with(try settings.socket) { (client) throws(OperationFailure) in
                let label = "\(ContainerLabels.provisioner)=\(settings.name)"
                return try await client.containers(label: label)
                    .compactMap { ListedWorkspace($0, provisioner: settings.name) }
            }
        } catch {
            throw error.listFailure
        }
    }

    /// Returns the engine and its socket for people, for example `docker at /var/run/docker.sock`. `doctor` uses it.
    package func engine() async throws(ProvisionerFailure) -> String {
        do throws(OperationFailure) {
            return try await EngineClient.with(try settings.socket) { (client) throws(OperationFailure) in
                "\(client.engine.tool) at \(client.socket.path.printable)"
            }
        } catch {
            throw error.listFailure
        }
    }

    /// Does nothing, because no process of an operation survives prewarm.
    package func end(_ mark: ProcessMark) async {}
}

extension ContainerSettings {
    var socket: EngineSocket {
        get throws(OperationFailure) {
            try EngineSocket(configured: spec.socket, environment: ownEnvironment, provisioner: name)
        }
    }
}

extension Redactor {
    /// Returns an outcome with the secrets in its texts replaced.
    func redact(_ outcome: Outcome) -> Outcome {
        switch outcome {
        case .done(let endpoint, let metadata):
            .done(endpoint: endpoint.map(redact), metadata: metadata.mapValues(redact))
        case .starting(let endpoint, let metadata):
            .starting(endpoint: endpoint.map(redact), metadata: metadata.mapValues(redact))
        case .broken(let message): .broken(redact(message))
        case .tryLater(let message): .tryLater(redact(message))
        case .refused(let error): .refused(error.with(message: redact(error.message)))
        case .failed(let message): .failed(redact(message))
        case .lost: .lost
        }
    }
}
