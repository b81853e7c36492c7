import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("States of Kubernetes objects")
struct ObjectStateTests {
    private static func state(_ json: String, condition: String? = nil) throws -> ObjectState {
        ObjectState(try JSONReader.read(Array(json.utf8)), condition: condition)
    }

    private static func object(_ kind: String, _ rest: String) -> String {
        let version = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].contains(kind) ? "apps/v1" : "v1"
        return #"{"apiVersion": "\#(kind == "Job" ? "batch/v1" : version)", "kind": "\#(kind)", \#(rest)}"#
    }

    private static func condition(_ type: String, _ status: String, _ reason: String = "") -> String {
        #"{"type": "\#(type)", "status": "\#(status)", "reason": "\#(reason)"}"#
    }

    private static let stateCases: [(json: String, phase: ObjectState.Phase, message: String)] = [
        (object("Pod", #""status": {"phase": "Pending"}"#), ObjectState.Phase.inProgress, "it is Pending"),
        (
            object("Pod", #""status": {"phase": "Running", "conditions": [\#(condition("Ready", "True"))]}"#),
            .current,
            ""
        ),
        (
            object("Pod", #""status": {"phase": "Running", "conditions": [\#(condition("Ready", "False"))]}"#),
            .inProgress, "it runs and is not ready yet"
        ),
        (
            object(
                "Pod", #""status": {"phase": "Failed", "reason": "Evicted", "message": "The node was low on disk"}"#
            ),
            .failed, "it has ended with a failure: Evicted: The node was low on disk"
        ),
        (
            object(
                "Pod",
                #""status": {"phase": "Running", "containerStatuses": [{"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]}"#
            ), .failed, "the container a was ended because it reached its memory limit again and again"
        ),
        (
            object(
                "Pod",
                #""status": {"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "InvalidImageName", "message": "bad"}}}]}"#
            ), .failed, "the container i waits: InvalidImageName: bad"
        ),
        (
            object("Pod", #""metadata": {"deletionTimestamp": "x"}, "status": {"phase": "Running"}"#), .terminating,
            "it is being deleted"
        ),
        (object("Service", #""spec": {"type": "ClusterIP"}"#), .current, ""),
        (
            object("Service", #""spec": {"type": "LoadBalancer"}"#), .inProgress,
            "its load balancer has no address yet"
        ),
        (object("PersistentVolumeClaim", #""status": {"phase": "Lost"}"#), .failed, "its volume is lost"),
        (object("PersistentVolumeClaim", #""spec": {}"#), .inProgress, "its volume is not bound: it is Pending"),
        (
            object("Deployment", #""metadata": {"generation": 2}, "status": {"observedGeneration": 1}"#),
            .inProgress,
            "its controller has not seen the last change yet"
        ),
        (
            object("Deployment", #""spec": {"replicas": 2}, "status": {"updatedReplicas": 1}"#), .inProgress,
            "1 of 2 replicas are updated"
        ),
        (
            object("Deployment", #""spec": {"replicas": 1}, "status": {"updatedReplicas": 1, "replicas": 3}"#),
            .inProgress, "2 old replicas are being ended"
        ),
        (
            object(
                "Deployment",
                #""spec": {}, "status": {"conditions": [\#(condition("Progressing", "False", "ProgressDeadlineExceeded"))]}"#
            ), .failed, "it makes no progress (ProgressDeadlineExceeded)"
        ),
        (
            object(
                "Deployment",
                #""spec": {}, "status": {"updatedReplicas": 1, "replicas": 1, "availableReplicas": 1}"#),
            .current, ""
        ),
        (object("Deployment", #""spec": {"replicas": 0}"#), .current, ""),
        (
            object(
                "StatefulSet",
                #""spec": {"replicas": 1}, "status": {"readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"}"#
            ),
            .inProgress, "its replicas are being updated"
        ),
        (object("DaemonSet", #""spec": {}"#), .inProgress, "its controller has not seen it yet"),
        (
            object(
                "DaemonSet",
                #""status": {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}"#
            ), .inProgress, "1 of 2 replicas are available"
        ),
        (object("ReplicaSet", #""spec": {"replicas": 1}, "status": {"availableReplicas": 1}"#), .current, ""),
        (object("Job", #""status": {"active": 1}"#), .inProgress, "it has not completed yet"),
        (object("Job", #""status": {"conditions": [\#(condition("Complete", "True"))]}"#), .current, ""),
        (
            object("Job", #""status": {"conditions": [\#(condition("Failed", "True", "BackoffLimitExceeded"))]}"#),
            .failed, "it failed (BackoffLimitExceeded)"
        ),
        (object("Sandbox", #""spec": {}"#), .current, ""),
        (
            object("Sandbox", #""status": {"conditions": [\#(condition("Ready", "Unknown", "Starting"))]}"#),
            .inProgress,
            "it is not ready (Starting)"
        ),
        (
            object(
                "Sandbox",
                #""status": {"conditions": [\#(condition("Ready", "True")), \#(condition("Reconciling", "True"))]}"#
            ),
            .inProgress, "it is being reconciled"
        ),
        (
            object("Sandbox", #""status": {"conditions": [\#(condition("Stalled", "True", "Bad"))]}"#), .failed,
            "it is stalled (Bad)"
        ),
    ]

    @Test(
        "The state follows from the status of the kind",
        arguments: stateCases)
    func states(json: String, phase: ObjectState.Phase, message: String) throws {
        let state = try Self.state(json)
        #expect(state.phase == phase && state.message == message, "\(state)")
    }

    @Test("A configured condition replaces the rule of the kind, and has to exist")
    func conditions() throws {
        let missing = try Self.state(Self.object("Sandbox", #""spec": {}"#), condition: "Started")
        #expect(missing.phase == .inProgress && missing.message == "it has no condition Started yet")
        let object = Self.object(
            "Sandbox",
            #""status": {"conditions": [\#(Self.condition("Ready", "False")), \#(Self.condition("Started", "True"))]}"#)
        let started = try Self.state(object, condition: "Started")
        #expect(started == .current)
    }

    @Test("Text of a cluster has no control characters, and is cut")
    func text() throws {
        let long = String(repeating: "a", count: 2000)
        let state = try Self.state(
            Self.object(
                "Pod", #""status": {"phase": "Failed", "message": "\u001b[31mred\n\u202e \#(long)"}"#))
        #expect(!state.message.unicodeScalars.contains { !$0.isPrintable })
        #expect(state.message.unicodeScalars.count <= 600)
    }

    @Test("Lines of a watch are read whole, however they are cut, up to a limit")
    func lines() throws {
        var lines = WatchLines(limit: 10)
        var found: [String] = []
        func add(_ text: String) throws(WatchLines.TooLong) -> Bool {
            try lines.append(Array(text.utf8)) {
                found.append(String(decoding: $0, as: UTF8.self))
                return found.last != "end"
            }
        }
        for piece in ["a", "b\ncd", "\n\ne\n"] {
            let goesOn = try add(piece)
            #expect(goesOn)
        }
        #expect(found == ["ab", "cd", "e"])
        let goesOn = try add("end\nmore\n")
        #expect(!goesOn)
        #expect(throws: WatchLines.TooLong.self) { try add("01234567890") }
    }
}
