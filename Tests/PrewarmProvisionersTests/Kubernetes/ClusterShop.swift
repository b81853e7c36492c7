import Foundation
import KubernetesSupport
import PrewarmCore
import PrewarmEngine
import PrewarmManifests

@testable import PrewarmProvisioners

/// The template of most tests: a Pod and its Service.
let podAndService = """
    apiVersion: v1
    kind: Pod
    metadata:
      name: "{name}"
      labels: {workspace: "{name}"}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: dev
          image: go:{version}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: "{name}"}
    spec:
      selector: {workspace: "{name}"}
      ports: [{port: 8080}]
    """

/// Returns a template of one Pod with an image, whose name says to the stand-in what happens.
func podTemplate(image: String = "go", _ more: String = "") -> String {
    """
    apiVersion: v1
    kind: Pod
    metadata: {name: "{name}"}
    spec:
      terminationGracePeriodSeconds: 1
      \(more.isEmpty ? "restartPolicy: Always" : more)
      containers: [{name: dev, image: \(image)}]
    """
}

/// Returns a template of one Deployment with an image, like ``podTemplate(image:_:)``.
func deploymentTemplate(image: String = "go") -> String {
    """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: "{name}"}
    spec:
      selector: {matchLabels: {app: "{name}"}}
      template:
        metadata: {labels: {app: "{name}"}}
        spec: {terminationGracePeriodSeconds: 1, containers: [{name: dev, image: \(image)}]}
    """
}

/// Returns the objects of a template.
func templates(_ text: String) throws -> [ObjectTemplate] {
    let (objects, diagnostics) = ObjectTemplateParser.parse(Array(text.utf8))
    guard diagnostics.isEmpty else { throw OperationFailure(.failed, "\(diagnostics)") }
    return objects
}

/// A runner for tests without a credential plugin.
struct NoTools: ToolRunner {
    func run(_ call: ToolCall) async throws(ToolFailure) -> ToolOutput {
        throw ToolFailure(.cannotRun, "no tool is expected")
    }
}

/// A provisioner of Kubernetes objects and the requests to it, in a namespace of its own of a stand-in of a cluster.
struct ClusterShop: Sendable {
    let standIn: StandIn
    let name: String
    let namespace: String
    let provisioner: KubernetesProvisioner

    init(
        _ template: String = podAndService, on standIn: StandIn? = nil, context: String? = nil,
        timeout: Duration = .seconds(480), watchTime: Duration = .seconds(30),
        _ change: (inout KubernetesSpec) -> Void = { _ in }
    ) async throws {
        let server = if let standIn { standIn } else { try await StandIn.shared() }
        self.standIn = server
        name = "test-\(UUID().uuidString.prefix(8).lowercased())"
        namespace = try await server.namespace()
        var spec = KubernetesSpec(template: "workspace.yaml")
        spec.namespace = namespace
        // A machine that runs all tests at once is slow.
        spec.readyTimeout = .seconds(240)
        change(&spec)
        let objects = try templates(template)
        let kubeconfig = server.kubeconfig
        var settings = KubernetesSettings(
            name: name, spec: spec, timeout: timeout, tools: ChildTools(environment: ["PATH": "/usr/bin:/bin"]),
            load: {
                do throws(KubeconfigParser.Mistake) {
                    let bytes = Array((try? Data(contentsOf: URL(fileURLWithPath: kubeconfig))) ?? Data())
                    let access = try KubeconfigParser.parse(bytes, path: kubeconfig, context: context)
                    return .success(KubernetesFiles(access: access, templates: objects))
                } catch {
                    return .failure(OperationFailure(.unreachable, error.message))
                }
            })
        settings.watchTime = watchTime
        provisioner = KubernetesProvisioner(settings, now: { Timestamp(milliseconds: 1_800_000_000_000) })
    }

    /// A new workspace, or another request for the same one.
    func request(
        _ operation: ProvisionerOperation, _ id: WorkspaceID, version: String = "1.4.2",
        parameters: [String: ParameterValue] = [:], secrets: [String: String] = [:], claim: ClaimDetails? = nil,
        metadata: [String: String] = [:]
    ) -> ProvisionerRequest {
        let spec = WorkspaceSpec(template: "go-dev", version: version, provisioner: name, parameters: parameters)
        let workspace = Workspace(
            id: id, preset: PresetKey(source: "presets", name: "go"), spec: spec, fingerprint: spec.fingerprint,
            state: .creating, owner: claim == nil ? nil : Owner("ada"), createdAt: Timestamp(milliseconds: 0),
            metadata: metadata)
        return ProvisionerRequest(
            id: OperationID(making: id), operation: operation, attempt: 1, workspace: workspace, secrets: secrets,
            store: "store-a", claim: claim)
    }

    /// Returns a provisioner of the same name with other settings.
    func changed(
        template: String? = nil, _ change: (inout KubernetesSpec) -> Void = { _ in }
    ) throws -> KubernetesProvisioner {
        var settings = provisioner.settings
        change(&settings.spec)
        if let objects = try template.map(templates) {
            settings.load = { [load = settings.load] in
                load().map { KubernetesFiles(access: $0.access, templates: objects) }
            }
        }
        return KubernetesProvisioner(settings, now: { Timestamp(milliseconds: 0) })
    }

    func perform(_ request: ProvisionerRequest) async -> ProvisionerReply {
        await provisioner.perform(request) { _ in }
    }

    func create(
        _ id: WorkspaceID, version: String = "1.4.2", parameters: [String: ParameterValue] = [:],
        secrets: [String: String] = [:]
    ) async -> ProvisionerReply {
        await perform(request(.create, id, version: version, parameters: parameters, secrets: secrets))
    }

    func delete(_ id: WorkspaceID) async -> ProvisionerReply { await perform(request(.delete, id)) }
    func inspect(_ id: WorkspaceID) async -> ProvisionerReply { await perform(request(.inspect, id)) }

    /// Returns the states of the listed workspaces by their ids.
    func listed() async throws -> [WorkspaceID: String?] {
        Dictionary(try await provisioner.list().map { ($0.id, $0.state) }) { first, _ in first }
    }

    /// Returns the objects of a resource in the namespace, for example of `pods` or `deployments.apps`.
    func objects(_ resource: String) async throws -> [Value] {
        try JSONReader.read(try await standIn.objects(resource, in: namespace)).elements
    }

    /// Makes calls in the namespace fail.
    /// - Parameters:
    ///   - path: The end of the regular expression of the path, behind the namespace. A watch ends with `?watch`.
    ///   - more: The other members of the fault.
    func fault(_ method: String, _ path: String, _ more: String) async throws {
        try await standIn.fault(
            #"{"method": "\#(method)", "path": "/namespaces/\#(namespace)/\#(path)", \#(more)}"#)
    }
}

/// Returns the text of a fault that answers with a status.
func refusal(_ code: Int, _ message: String, headers: String = "{}", times: Int = 1) -> String {
    let body = Value.object([("kind", "Status"), ("status", "Failure"), ("message", .string(message))]).compactJSON
    return #""action": "status", "code": \#(code), "headers": \#(headers), "times": \#(times), "body": \#(body)"#
}

/// Waits until the condition is true, for at most four minutes. It asks less often than `eventually`, because each question
/// is a call of the stand-in.
func soon(_ isTrue: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(240)
    while try await !isTrue() {
        guard ContinuousClock.now < end else { throw TookTooLong() }
        try await Task.sleep(for: .milliseconds(100))
    }
}

extension Outcome {
    /// The class of an error that the provisioner classifies.
    var errorKind: ProviderError.Kind? { if case .refused(let error) = self { error.kind } else { nil } }
}
