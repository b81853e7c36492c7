import PrewarmCore
import PrewarmEngine

/// The rules of the kinds that Kubernetes itself has.
extension ObjectState {
    static func service(_ object: Value) -> ObjectState {
        guard object["spec"]?.text("type") == "LoadBalancer",
            object["status"]?["loadBalancer"]?.list("ingress").isEmpty != false
        else { return .current }
        return ObjectState(.inProgress, "its load balancer has no address yet")
    }

    static func claim(_ object: Value) -> ObjectState {
        switch object["status"]?.text("phase") ?? "Pending" {
        case "Bound": .current
        case "Lost": ObjectState(.failed, "its volume is lost")
        case let phase: ObjectState(.inProgress, "its volume is not bound: it is \(phase)")
        }
    }

    static func deployment(_ object: Value) -> ObjectState {
        if let progress = object.condition("Progressing"), progress.reason == "ProgressDeadlineExceeded" {
            return ObjectState(.failed, "it makes no progress\(progress.reasonText)")
        }
        if let failure = object.condition("ReplicaFailure"), failure.isTrue { return denied(failure) }
        let status = object["status"]
        let wanted = object["spec"]?["replicas"]?.wholeNumber ?? 1
        let updated = status?.number("updatedReplicas") ?? 0
        if updated < wanted { return ObjectState(.inProgress, "\(updated) of \(wanted) replicas are updated") }
        let replicas = status?.number("replicas") ?? 0
        if replicas > updated {
            return ObjectState(.inProgress, "\(replicas - updated) old replicas are being ended")
        }
        return available(status?.number("availableReplicas") ?? 0, of: wanted, object.condition("Available"))
    }

    static func statefulSet(_ object: Value) -> ObjectState {
        if object["spec"]?["updateStrategy"]?.text("type") == "OnDelete" { return .current }
        let status = object["status"]
        let wanted = object["spec"]?["replicas"]?.wholeNumber ?? 1
        let ready = status?.number("readyReplicas") ?? 0
        guard ready >= wanted else { return ObjectState(.inProgress, "\(ready) of \(wanted) replicas are ready") }
        let partition = object["spec"]?["updateStrategy"]?["rollingUpdate"]?.number("partition") ?? 0
        let updated = status?.number("updatedReplicas") ?? 0
        if partition == 0, status?.text("currentRevision") != status?.text("updateRevision") {
            return ObjectState(.inProgress, "its replicas are being updated")
        }
        guard partition == 0 || updated >= wanted - partition else {
            return ObjectState(.inProgress, "\(updated) of \(wanted - partition) replicas are updated")
        }
        return .current
    }

    static func daemonSet(_ object: Value) -> ObjectState {
        guard let status = object["status"], status["observedGeneration"] != nil else {
            return ObjectState(.inProgress, "its controller has not seen it yet")
        }
        let wanted = status.number("desiredNumberScheduled")
        let updated = status.number("updatedNumberScheduled")
        if updated < wanted { return ObjectState(.inProgress, "\(updated) of \(wanted) pods are updated") }
        return available(status.number("numberAvailable"), of: wanted, nil)
    }

    static func replicaSet(_ object: Value) -> ObjectState {
        if let failure = object.condition("ReplicaFailure"), failure.isTrue { return denied(failure) }
        let wanted = object["spec"]?["replicas"]?.wholeNumber ?? 1
        return available(object["status"]?.number("availableReplicas") ?? 0, of: wanted, nil)
    }

    static func job(_ object: Value) -> ObjectState {
        if let failure = object.condition("Failed"), failure.isTrue {
            return ObjectState(.failed, "it failed\(failure.reasonText)")
        }
        if object.condition("Complete")?.isTrue == true { return .current }
        return ObjectState(.inProgress, "it has not completed yet")
    }

    private static func available(_ count: Int, of wanted: Int, _ condition: ObjectCondition?) -> ObjectState {
        guard count >= wanted else {
            return ObjectState(.inProgress, "\(count) of \(wanted) replicas are available")
        }
        if let condition, condition.isFalse {
            return ObjectState(.inProgress, "it is not available\(condition.reasonText)")
        }
        return .current
    }

    /// Returns the state of a controller whose pods the API server refuses, for example because of a quota.
    private static func denied(_ condition: ObjectCondition) -> ObjectState {
        ObjectState(
            .inProgress, "its pods cannot be created\(condition.reasonText)",
            kind: condition.message.contains("exceeded quota") ? .quota : .failed)
    }
}
