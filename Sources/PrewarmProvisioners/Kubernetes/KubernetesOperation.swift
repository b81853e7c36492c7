import PrewarmCore
import PrewarmEngine

/// One operation for one workspace, with a connection to the cluster.
struct KubernetesOperation: Sendable {
    let settings: KubernetesSettings
    let files: KubernetesFiles
    let request: ProvisionerRequest
    let client: KubernetesClient
    let directory: ResourceDirectory
    let log: OperationLog
    let redactor: Redactor

    var spec: KubernetesSpec { settings.spec }

    var values: PlaceholderValues {
        var values = PlaceholderValues(
            provisioner: settings.name, workspace: request.workspace, secrets: request.secrets)
        values.secretPlace = request.operation == .claim ? "`stringData`" : "`stringData` of a Secret"
        values.namespace = client.namespace
        values.claim = request.claim?.values
        return values
    }

    /// The selector of the objects of the workspace.
    var selector: String { ObjectLabels.selector(request.workspace.id, provisioner: settings.name) }

    func run() async throws(OperationFailure) -> Outcome {
        switch request.operation {
        case .create: try await create()
        case .delete: try await delete()
        default: try await inspect()
        }
    }

    // MARK: Objects

    /// Returns all objects of the workspace with their resources, also those of kinds that the template had before.
    func objects() async throws(OperationFailure) -> [(resource: ObjectResource, object: Value)] {
        var found: [(resource: ObjectResource, object: Value)] = []
        // prewarm makes no objects for an id that cannot be the value of a label, and it cannot select them.
        guard ObjectLabels.isLabelValue(request.workspace.id) else { return [] }
        for resource in try await directory.resources(of: files, spec, client) {
            try await client.list(resource, selector: selector) { found.append((resource, $0)) }
        }
        return found
    }

    // MARK: Inspect

    /// The longest time for which an inspect waits for objects that are not ready, for example because a pod moves to
    /// another node.
    private static let patience = Duration.seconds(20)

    private func inspect() async throws(OperationFailure) -> Outcome {
        let end = ContinuousClock.now + Self.patience
        while true {
            let objects = try await objects().map(\.object)
            if objects.isEmpty {
                try checkPlace()
                return .lost
            }
            let state = WorkspaceObjects(objects).state(conditions: spec.readyConditions, kinds: files.kinds(spec))
            if state.phase == .current {
                // A workspace that was adopted may have values that the endpoint cannot have.
                return (try? ready(objects)) ?? .done(endpoint: nil, metadata: [:])
            }
            guard state.phase == .inProgress, ContinuousClock.now < end else { return .broken(state.message) }
            do { try await Task.sleep(for: .seconds(1)) } catch { throw .canceled }
        }
    }

    /// Returns the outcome of a workspace whose objects are ready, with its endpoint.
    func ready(_ objects: [Value]) throws(OperationFailure) -> Outcome {
        var values = values
        // A list has the order of the names. The first object of a kind is the first one of the template.
        let objects = WorkspaceObjects(objects).inOrder
        values.objects = objects
        var endpoint: String?
        if let text = spec.endpoint {
            endpoint = try values.text(text, in: PlaceholderPlace(key: "endpoint", rule: .name))
        }
        let names = objects.map(\.objectReference)
        return .done(
            endpoint: endpoint, metadata: place.merging(["objects": names.joined(separator: " ")]) { $1 })
    }
}

/// The objects of one workspace, as a list returned them.
struct WorkspaceObjects {
    let objects: [Value]

    init(_ objects: [Value]) {
        self.objects = objects
    }

    /// The texts of ``ObjectLabels/objects``: all objects of the workspace, in the order of the template.
    private var expected: [String] {
        let text = objects.lazy.compactMap { $0["metadata"]?["annotations"]?.text(ObjectLabels.objects) }.first ?? ""
        return text.split(separator: " ").map(String.init)
    }

    /// The objects in the order of the template.
    var inOrder: [Value] {
        let places = Dictionary(expected.enumerated().map { ($1, $0) }) { first, _ in first }
        func place(_ object: Value) -> Int { places[object.objectReference] ?? .max }
        return objects.enumerated().sorted { (place($0.element), $0.offset) < (place($1.element), $1.offset) }
            .map(\.element)
    }

    /// Returns the state of the whole workspace, with the object that decides it.
    /// - Parameters:
    ///   - conditions: See ``KubernetesSpec/readyConditions``.
    ///   - kinds: The kinds that were listed. Objects of other kinds are not missing.
    func state(conditions: [String: String], kinds: [ObjectKind]) -> ObjectState {
        let listed = Set(kinds.map(\.qualifiedName))
        let found = Set(objects.map(\.objectReference))
        let missing = expected.first { reference in
            !found.contains(reference) && listed.contains(String(reference.prefix { $0 != "/" }))
        }
        var worst = ObjectState.current
        for object in objects {
            let state = ObjectState(object, condition: conditions[object.text("kind") ?? ""])
            guard state.phase.rank > worst.phase.rank else { continue }
            worst = ObjectState(
                state.phase, "the \(object.objectTitle) is not ready: \(state.message)", kind: state.kind)
        }
        if let missing, worst.phase.rank < ObjectState.Phase.failed.rank {
            return ObjectState(.failed, "the object \(missing.limited(to: 300)) no longer exists")
        }
        return worst
    }
}

extension ObjectState.Phase {
    /// The order in which the states of objects decide the state of their workspace.
    fileprivate var rank: Int {
        switch self {
        case .current: 0
        case .inProgress: 1
        case .failed: 2
        case .terminating: 3
        }
    }
}
