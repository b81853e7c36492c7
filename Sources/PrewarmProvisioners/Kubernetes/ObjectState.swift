import PrewarmCore
import PrewarmEngine

/// The state of one object, by the rules of kstatus
/// (https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md).
///
/// Three rules are stricter, because an object is a part of a workspace: a Job has to complete, a Pod must not end, and a
/// Service of the type LoadBalancer needs an address.
struct ObjectState: Hashable, Sendable {
    enum Phase: Hashable, Sendable {
        /// The object has reached the state that its spec asks for.
        case current
        case inProgress
        /// The object does not reach its state without a change.
        case failed
        /// The object is being deleted.
        case terminating
    }

    let phase: Phase
    /// The reason why the object is not current, as the end of a sentence; empty for a current one.
    let message: String
    /// The class of a failure if the object stays as it is.
    var kind = OperationFailure.Kind.failed

    static let current = ObjectState(.current, "")

    init(_ phase: Phase, _ message: String, kind: OperationFailure.Kind = .failed) {
        self.phase = phase
        self.message = message.withoutSecrets.printable.limited(to: 600)
        self.kind = kind
    }

    /// Returns the state of an object as the API server describes it.
    /// - Parameter condition: The type of the condition that has to be true; nil for the rule of the kind.
    init(_ object: Value, condition: String? = nil) {
        self = Self.general(object) ?? condition.map { Self.waiting(for: $0, object) } ?? Self.ofKind(object)
    }

    /// Returns the state by the rules that hold for all kinds; nil if the object may be current by them.
    private static func general(_ object: Value) -> ObjectState? {
        if object.isTerminating { return ObjectState(.terminating, "it is being deleted") }
        if let observed = object["status"]?["observedGeneration"]?.wholeNumber,
            let generation = object["metadata"]?["generation"]?.wholeNumber, observed < generation
        {
            return ObjectState(.inProgress, "its controller has not seen the last change yet")
        }
        if let stalled = object.condition("Stalled"), stalled.isTrue {
            return ObjectState(.failed, "it is stalled\(stalled.reasonText)")
        }
        if let working = object.condition("Reconciling"), working.isTrue {
            return ObjectState(.inProgress, "it is being reconciled\(working.reasonText)")
        }
        return nil
    }

    private static func waiting(for type: String, _ object: Value) -> ObjectState {
        guard let condition = object.condition(type) else {
            return ObjectState(.inProgress, "it has no condition \(type) yet")
        }
        return condition.isTrue ? .current : ObjectState(.inProgress, "\(type) is not true\(condition.reasonText)")
    }

    private static func ofKind(_ object: Value) -> ObjectState {
        let kind = object.objectKind
        switch (kind.group, kind.kind) {
        case ("", "Pod"): return pod(object)
        case ("", "Service"): return service(object)
        case ("", "PersistentVolumeClaim"): return claim(object)
        case ("apps", "Deployment"): return deployment(object)
        case ("apps", "StatefulSet"): return statefulSet(object)
        case ("apps", "DaemonSet"): return daemonSet(object)
        case ("apps", "ReplicaSet"): return replicaSet(object)
        case ("batch", "Job"): return job(object)
        default:
            guard let ready = object.condition("Ready") else { return .current }
            return ready.isTrue ? .current : ObjectState(.inProgress, "it is not ready\(ready.reasonText)")
        }
    }
}

/// A condition in the status of an object.
struct ObjectCondition: Sendable {
    let status: String
    let reason: String
    let message: String

    var isTrue: Bool { status == "True" }
    var isFalse: Bool { status == "False" }

    /// The reason and the message, for example ` (Unschedulable: 0/3 nodes are available)`; empty if there are none.
    var reasonText: String {
        let text = [reason, message].filter { !$0.isEmpty }.joined(separator: ": ")
        return text.isEmpty ? "" : " (\(text))"
    }
}

extension Value {
    /// Returns the condition of a type; nil if the status has none.
    func condition(_ type: String) -> ObjectCondition? {
        guard let found = self["status"]?.list("conditions").first(where: { $0.text("type") == type }) else {
            return nil
        }
        return ObjectCondition(
            status: found.text("status") ?? "", reason: found.text("reason") ?? "", message: found.text("message") ?? ""
        )
    }
}
