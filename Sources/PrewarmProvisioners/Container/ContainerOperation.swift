import PrewarmCore
import PrewarmEngine

/// One operation for one workspace, with a connection to the engine.
struct ContainerOperation: Sendable {
    let settings: ContainerSettings
    let request: ProvisionerRequest
    let client: EngineClient
    let log: OperationLog
    let redactor: Redactor

    init(
        _ settings: ContainerSettings, _ request: ProvisionerRequest, _ client: EngineClient, _ log: OperationLog,
        _ redactor: Redactor
    ) {
        self.settings = settings
        self.request = request
        self.client = client
        self.log = log
        self.redactor = redactor
    }

    var spec: ContainerSpec { settings.spec }

    var values: PlaceholderValues {
        PlaceholderValues(provisioner: settings.name, workspace: request.workspace, secrets: request.secrets)
    }

    func run() async throws(OperationFailure) -> Outcome {
        guard let name = ContainerLabels.containerName(request.workspace.id) else {
            // prewarm makes no container for such an id.
            switch request.operation {
            case .delete: return .done(endpoint: nil, metadata: [:])
            case .inspect: return .lost
            default:
                throw OperationFailure(.failed, "the id of the workspace cannot be part of the name of a container")
            }
        }
        return switch request.operation {
        case .create: try await create(name)
        case .delete: try await delete(name)
        default: try await inspect(name)
        }
    }

    /// Returns the container of the workspace; nil if it does not exist.
    /// - Throws: ``OperationFailure`` if another container has the name.
    func container(_ name: String) async throws(OperationFailure) -> ContainerStatus? {
        guard let status = try await client.container(name) else { return nil }
        guard ContainerLabels.match(status.labels, request.workspace.id, provisioner: settings.name) else {
            throw OperationFailure(
                .failed, "another container has the name \(name): its labels are not those of the workspace",
                hint: "Look at it with `\(client.engine.tool) inspect \(name)`, then rename it or remove it.")
        }
        return status
    }

    // MARK: Inspect

    private func inspect(_ name: String) async throws(OperationFailure) -> Outcome {
        guard let status = try await container(name) else { return .lost }
        guard status.isRunning, !status.isPaused else {
            return .broken("the container \(status.ending)".followed(by: await output(of: name)))
        }
        if status.health == "unhealthy" { return .broken("the health check of the container fails") }
        let probe = try ReadinessProbe(self, name)
        if let problem = try await probe.problem(status, timeout: .seconds(10)) {
            return .broken("the container runs, but \(problem)")
        }
        // A workspace that was adopted may have parameters that the endpoint cannot have.
        return (try? ready(name, status)) ?? .done(endpoint: nil, metadata: [:])
    }

    /// Returns the outcome of a container that is ready, with its endpoint.
    func ready(_ name: String, _ status: ContainerStatus) throws(OperationFailure) -> Outcome {
        var values = values
        for port in spec.ports {
            values.ports[port.container] =
                spec.network == "host" ? port.container.number : status.addresses[port.container]?.port
        }
        var metadata = ["container": name]
        for (port, number) in values.ports { metadata["port.\(port)"] = "\(number)" }
        var endpoint: String?
        if let text = spec.endpoint { endpoint = try values.text(text, in: .endpoint) }
        return .done(endpoint: endpoint, metadata: metadata)
    }

    /// Returns the end of the container's output without secrets; an empty text if it cannot be read.
    func output(of name: String) async -> String {
        let tail = try? await client.output(of: name, lines: 200, slack: redactor.longestPattern)
        return tail?.text(redactor).printableLines ?? ""
    }
}
