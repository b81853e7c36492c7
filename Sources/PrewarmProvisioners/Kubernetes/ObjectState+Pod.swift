import PrewarmCore
import PrewarmEngine

extension ObjectState {
    static func pod(_ object: Value) -> ObjectState {
        let status = object["status"]
        switch status?.text("phase") ?? "Pending" {
        case "Failed":
            let reason = [status?.text("reason"), status?.text("message")].compactMap(\.self).joined(separator: ": ")
            let ending = object.containerStates.compactMap(\.ending).first
            return ObjectState(
                .failed, "it has ended with a failure\(reason.isEmpty ? ending.map { ": \($0)" } ?? "" : ": \(reason)")"
            )
        case "Succeeded": return ObjectState(.failed, "its containers have exited with code 0")
        case let phase:
            if let problem = object.containerStates.lazy.compactMap(\.failure).first { return problem }
            if let scheduled = object.condition("PodScheduled"), scheduled.isFalse {
                return ObjectState(
                    .inProgress, "no node takes it\(scheduled.reasonText)",
                    kind: scheduled.reason == "Unschedulable" ? .capacity : .failed)
            }
            if phase == "Running", object.condition("Ready")?.isTrue == true { return .current }
            if let wait = object.containerStates.lazy.compactMap(\.wait).first {
                return ObjectState(.inProgress, wait)
            }
            return ObjectState(.inProgress, phase == "Running" ? "it runs and is not ready yet" : "it is \(phase)")
        }
    }
}

/// The state of one container of a pod.
struct ContainerState: Sendable {
    let name: String
    private let status: Value

    init(_ status: Value) {
        self.status = status
        name = (status.text("name") ?? "").printable.limited(to: 63)
    }

    /// The reason why the container waits and its message; nil if it does not wait for a reason.
    private var waiting: (reason: String, message: String)? {
        guard let state = status["state"]?["waiting"], let reason = state.text("reason"),
            reason != "ContainerCreating", reason != "PodInitializing"
        else { return nil }
        return (reason, state.text("message") ?? "")
    }

    /// The sentence for a container that waits, for example `the container dev waits: ImagePullBackOff: …`; nil otherwise.
    var wait: String? {
        waiting.map { state in
            "the container \(name) waits: \(state.reason)" + (state.message.isEmpty ? "" : ": \(state.message)")
        }
    }

    /// The sentence for the last exit of the container, for example `the container dev exited with code 7`; nil if it did
    /// not exit.
    var ending: String? {
        let states = [status["state"]?["terminated"], status["lastState"]?["terminated"]]
        guard let ended = states.lazy.compactMap(\.self).first else { return nil }
        if ended.text("reason") == "OOMKilled" {
            return "the container \(name) was ended because it reached its memory limit"
        }
        return "the container \(name) exited with code \(ended.number("exitCode"))"
    }

    /// True if the container has run and ended at least once.
    var hasExited: Bool { ending != nil }

    /// True if the container waits for its next start, so that its log is the one of its last run.
    var isRestarting: Bool { status["state"]?["waiting"] != nil && status["lastState"]?["terminated"] != nil }

    /// The state of the pod if this container does not start without a change; nil otherwise. A registry that is away for
    /// a moment is no failure, so an image counts only if the registry does not have it.
    var failure: ObjectState? {
        guard let (reason, message) = waiting, let wait else { return nil }
        switch reason {
        case "InvalidImageName", "ErrImageNeverPull": return ObjectState(.failed, wait, kind: .invalid)
        case "ErrImagePull", "ImagePullBackOff":
            let isMissing = ["manifest unknown", "not found", "no such manifest"].contains { message.contains($0) }
            return isMissing ? ObjectState(.failed, wait, kind: .invalid) : nil
        case "CrashLoopBackOff": return ObjectState(.failed, ending.map { "\($0) again and again" } ?? wait)
        default: return nil
        }
    }
}

extension Value {
    /// The states of the containers of a pod, those that run before the others first.
    var containerStates: [ContainerState] {
        (self["status"]?.list("initContainerStatuses") ?? []).map { ContainerState($0) }
            + (self["status"]?.list("containerStatuses") ?? []).map { ContainerState($0) }
    }
}
