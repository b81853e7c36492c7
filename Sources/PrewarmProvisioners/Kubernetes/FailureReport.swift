import PrewarmCore
import PrewarmEngine

/// The reasons why an object is not ready: its state, its last event, the states of its pods and their logs.
struct FailureReport: Sendable {
    /// The reason in one sentence without an end; empty if only the object itself is known.
    private(set) var cause: String
    /// The class of the failure.
    private(set) var kind: OperationFailure.Kind
    /// The ends of the logs of the pods that failed, without secrets.
    private(set) var logs = ""
    /// Everything that was found, for the log of the operation.
    private(set) var details: String

    /// The number of pods and of containers of a pod that are looked at.
    private static let mostPods = 3
    private static let mostContainers = 4
    private static let lines = 40

    /// The report of an object whose events and logs cannot be read in time.
    init(_ item: ObjectPlan.Item, _ state: ObjectState) {
        cause = state.message
        kind = state.kind
        details = "\(item.reference): \(state.message)"
    }

    init(
        _ client: KubernetesClient, _ item: ObjectPlan.Item, _ object: Value, _ state: ObjectState, redactor: Redactor
    ) async {
        self.init(item, state)
        if let event = await client.lastEvent(of: object) {
            details += "\nlast event of \(item.reference): \(event)"
            if !object.hasCause { cause += " (\(event))" }
        }
        for pod in await client.pods(of: object, limit: Self.mostPods) {
            await look(at: pod, client, redactor, isOwn: item.kind == ObjectResource.pods.kind)
        }
    }

    private mutating func look(
        at pod: Value, _ client: KubernetesClient, _ redactor: Redactor, isOwn: Bool
    ) async {
        let state = ObjectState(pod)
        if !isOwn, state.phase != .current {
            let event = await client.lastEvent(of: pod).map { " (\($0))" } ?? ""
            details += "\nPod/\(pod.objectName): \(state.message)\(event)"
            // The first pod that is not ready explains its controller.
            if kind == .failed, logs.isEmpty, !cause.contains("the Pod ") {
                cause += "; the \(pod.objectTitle): \(state.message)"
                kind = state.kind
            }
        }
        for container in pod.containerStates.prefix(Self.mostContainers) {
            let text = await client.log(
                of: pod.objectName, container: container.name, lines: Self.lines, isPrevious: container.isRestarting,
                redactor: redactor)
            guard !text.isEmpty else { continue }
            details += "\nthe log of the container \(container.name) of Pod/\(pod.objectName) ends with:\n\(text)"
            if container.hasExited, logs.isEmpty {
                logs = text
                if let line = text.causeInLog { cause += ": \(line)" }
            }
        }
    }
}

extension Value {
    /// True if the state of the object itself names a cause, so that its last event adds nothing.
    fileprivate var hasCause: Bool { !containerStates.allSatisfy { $0.wait == nil && !$0.hasExited } }
}

extension Value {
    /// True if an object controls this pod, itself or by a ReplicaSet that it made. The name of such a ReplicaSet is the name
    /// of the object, `-`, and a hash.
    fileprivate func isOwned(by object: Value) -> Bool {
        (self["metadata"]?.list("ownerReferences") ?? []).contains { owner in
            guard owner["controller"]?.bool == true else { return false }
            if owner.text("uid") == object.objectUID { return true }
            guard owner.text("kind") == "ReplicaSet", let name = owner.text("name") else { return false }
            let prefix = "\(object.objectName)-"
            return name.hasPrefix(prefix) && !name.dropFirst(prefix.count).contains("-")
        }
    }
}

extension KubernetesClient {
    /// Returns the message of the last event about an object, without line breaks; nil if it has no events.
    func lastEvent(of object: Value) async -> String? {
        let call = KubernetesCall(
            path: "/api/v1/namespaces/\(namespace)/events",
            query: [("fieldSelector", "involvedObject.uid=\(object.objectUID)"), ("limit", "100")],
            timeout: .seconds(20))
        guard !object.objectUID.isEmpty, let events = try? await self.call(call).document.list("items") else {
            return nil
        }
        func time(_ event: Value) -> String {
            ["lastTimestamp", "eventTime"].lazy.compactMap { event.text($0) }.first
                ?? event["metadata"]?.text("creationTimestamp") ?? ""
        }
        guard let last = events.max(by: { time($0) < time($1) }), let message = last.text("message") else { return nil }
        let reason = last.text("reason").map { "\($0): " } ?? ""
        return (reason + message).withoutSecrets.printable.limited(to: 400)
    }

    /// Returns the pods of an object: the object itself, or those that its selector selects and that belong to it; empty for
    /// other kinds. A selector alone may select the pods of another workspace.
    func pods(of object: Value, limit: Int) async -> [Value] {
        if object.objectKind == ObjectResource.pods.kind { return [object] }
        let labels = object["spec"]?["selector"]?["matchLabels"]?.texts ?? [:]
        guard !labels.isEmpty else { return [] }
        let selector = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        let call = KubernetesCall(
            path: ObjectResource.pods.path(namespace: namespace),
            query: [("labelSelector", selector), ("limit", "100")], timeout: .seconds(20))
        let items = try? await self.call(call).document.list("items")
        return (items ?? []).filter { $0.isOwned(by: object) }.prefix(limit).map { pod in
            Value.object([("apiVersion", "v1"), ("kind", "Pod")])
                .merging(pod.pairs.filter { $0.key != "apiVersion" && $0.key != "kind" })
        }
    }

    /// Returns the end of a container's log without secrets; an empty text if it cannot be read.
    func log(
        of pod: String, container: String, lines: Int, isPrevious: Bool, redactor: Redactor
    ) async -> String {
        let call = KubernetesCall(
            path: ObjectResource.pods.path(namespace: namespace, name: pod) + "/log",
            query: [
                ("container", container), ("tailLines", "\(lines)"), ("limitBytes", "\(LogTail.limit)"),
                ("previous", "\(isPrevious)"),
            ], timeout: .seconds(20), sizeLimit: 2 * LogTail.limit)
        let tail = LogTail(slack: redactor.longestPattern)
        let answer = try? await stream(call, into: tail) { tail, chunk in
            tail.append(Array(chunk.readableBytesView)[...])
            return true
        }
        guard let answer, answer.0.status == 200 else { return "" }
        return answer.1.text(redactor).printableLines
    }
}
