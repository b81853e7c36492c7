import Foundation
import PodmanSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

extension PlaceholderText: ExpressibleByStringLiteral {
    /// A text whose placeholders are known to be valid.
    package init(stringLiteral text: String) {
        self = (try? PlaceholderText(text)) ?? .empty
    }
}

/// A spec that is changed in a closure.
func spec(
    image: PlaceholderText = "localhost/prewarm-test:1", _ change: (inout ContainerSpec) -> Void = { _ in }
) -> ContainerSpec {
    var spec = ContainerSpec(image: image)
    spec.pull = .never
    spec.command = ["sleep", "1000"]
    // A machine that runs all tests at once is slow.
    spec.readiness.timeout = .seconds(240)
    change(&spec)
    return spec
}

/// A provisioner of containers and the requests to it, in a real Podman. Each test has a provisioner name of its own, so
/// that its list has only its own containers.
struct ContainerShop: Sendable {
    let name: String
    let provisioner: ContainerProvisioner

    init(
        _ spec: ContainerSpec, timeout: Duration = .seconds(480), grace: Duration = .zero
    ) async throws {
        var spec = spec
        spec.socket = try await PodmanService.shared.socket()
        name = "test-\(UUID().uuidString.prefix(8).lowercased())"
        provisioner = ContainerProvisioner(
            ContainerSettings(name: name, spec: spec, timeout: timeout, grace: grace))
    }

    /// A new workspace, or another request for the same one.
    func request(
        _ operation: ProvisionerOperation, _ id: WorkspaceID, version: String = "1.4.2",
        parameters: [String: ParameterValue] = [:], secrets: [String: String] = [:], store: String? = "store-a"
    ) -> ProvisionerRequest {
        let spec = WorkspaceSpec(template: "go-dev", version: version, provisioner: name, parameters: parameters)
        let workspace = Workspace(
            id: id, preset: PresetKey(source: "presets", name: "go-large"), spec: spec, fingerprint: spec.fingerprint,
            state: .creating, createdAt: Timestamp(milliseconds: 0))
        return ProvisionerRequest(
            id: OperationID(making: id), operation: operation, attempt: 1, workspace: workspace, secrets: secrets,
            store: store)
    }

    func create(
        _ id: WorkspaceID, version: String = "1.4.2", parameters: [String: ParameterValue] = [:],
        secrets: [String: String] = [:]
    ) async -> ProvisionerReply {
        await provisioner.perform(
            request(.create, id, version: version, parameters: parameters, secrets: secrets)
        ) { _ in }
    }

    func delete(_ id: WorkspaceID) async -> ProvisionerReply {
        await provisioner.perform(request(.delete, id)) { _ in }
    }

    func inspect(_ id: WorkspaceID) async -> ProvisionerReply {
        await provisioner.perform(request(.inspect, id)) { _ in }
    }

    /// Returns the states of the listed workspaces by their ids.
    func listed() async throws -> [WorkspaceID: String?] {
        Dictionary(try await provisioner.list().map { ($0.id, $0.state) }) { first, _ in first }
    }

    /// Returns the value of a field of the container of a workspace, in Go's template language.
    func field(_ field: String, of id: WorkspaceID) async throws -> String {
        try await PodmanService.shared.podman("inspect", "prewarm-\(id)", "--format", "{{\(field)}}")
    }
}

/// Returns a new id in the form of prewarm.
func newID() -> WorkspaceID {
    var generator = SystemRandomNumberGenerator()
    var factory = IdentifierFactory(now: Timestamp(milliseconds: 1_800_000_000_000), using: &generator)
    return WorkspaceID(factory.next())
}

extension Outcome {
    var endpoint: String? {
        guard case .done(let endpoint, _) = self else { return nil }
        return endpoint
    }

    var metadata: [String: String] {
        guard case .done(_, let metadata) = self else { return [:] }
        return metadata
    }

    var isDone: Bool { if case .done = self { true } else { false } }

    /// The message of an outcome that is no success.
    var message: String {
        switch self {
        case .failed(let message), .tryLater(let message), .broken(let message): message
        case .refused(let error): error.message
        case .done, .starting, .lost: ""
        }
    }
}
