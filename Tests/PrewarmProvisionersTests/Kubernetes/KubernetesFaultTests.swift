import KubernetesSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Faults of a Kubernetes API server")
struct KubernetesFaultTests {
    private static let classCases: [(code: Int, message: String, kind: ProviderError.Kind)] = [
        (500, "etcdserver: leader changed", ProviderError.Kind.outage),
        (
            500,
            "failed to create typed patch object (dev/x; v1, Kind=Pod): .spec.x: field not declared in schema",
            .invalid
        ),
        (403, #"pods "x" is forbidden: error looking up service account dev/default: not found"#, .transient),
        (503, "the server is currently unable to handle the request", .outage),
        (
            403, #"pods "x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=2, limited: pods=2"#,
            .quota
        ),
        (403, #"pods is forbidden: User "prewarm" cannot create resource "pods" in API group """#, .outage),
        (403, "unable to create new content in namespace dev because it is being terminated", .outage),
        (403, #"admission webhook "policy" denied the request: no"#, .invalid),
        (400, "the object is not valid", .invalid), (422, #"Pod "x" is invalid: spec"#, .invalid),
        (409, "Operation cannot be fulfilled: the object has been modified", .transient),
        (429, "the server has received too many requests", .transient), (401, "Unauthorized", .outage),
    ]

    @Test(
        "Each refusal has its class",
        arguments: classCases)
    func classes(code: Int, message: String, kind: ProviderError.Kind) async throws {
        let shop = try await ClusterShop(podTemplate())
        try await shop.fault("POST", "pods", refusal(code, message, times: 10))
        let reply = await shop.create(newID())
        #expect(reply.outcome.errorKind == kind, "\(reply)")
        #expect(code == 401 || reply.outcome.message.contains(message), "\(reply)")
        #expect(reply.isNotStarted == (kind == .outage), "\(reply)")
    }

    @Test("A conflict and a busy server are tried again at once")
    func again() async throws {
        let shop = try await ClusterShop(podTemplate())
        try await shop.fault("POST", "pods", refusal(409, "the object has been modified"))
        try await shop.fault("POST", "pods", refusal(429, "too many requests", headers: #"{"Retry-After": "1"}"#))
        #expect(await shop.create(newID()).outcome.isDone)
    }

    @Test("A long pause that the server asks for is left to the queue of operations")
    func pause() async throws {
        let shop = try await ClusterShop(podTemplate())
        try await shop.fault("POST", "pods", refusal(429, "slow down", headers: #"{"Retry-After": "60"}"#))
        let reply = await shop.create(newID())
        guard case .refused(let error) = reply.outcome else {
            Issue.record("\(reply)")
            return
        }
        #expect(error.kind == .transient && error.retryAfter == .seconds(60))
    }

    /// A stand-in whose pods take long to be ready, so that a watch begins before also on a busy machine.
    private static let slow = Task {
        let standIn = try await StandIn()
        try await standIn.set(#"{"delay": 20}"#)
        return standIn
    }

    @Test(
        "A watch whose history is forgotten, that is cut off or refused begins anew",
        arguments: [
            refusal(410, "too old resource version"), #""action": "reset""#, refusal(500, "internal error"),
        ])
    func watch(fault: String) async throws {
        let shop = try await ClusterShop(podTemplate(), on: Self.slow.value)
        try await shop.fault("GET", "pods\\\\?watch", fault)
        let reply = await shop.create(newID())
        #expect(reply.outcome.isDone, "\(reply)")
        #expect(try await shop.standIn.requests("\(shop.namespace)/pods?labelSelector").count >= 2)
    }

    @Test("A watch that no byte comes from is given up, and a new list finds the change")
    func halfOpen() async throws {
        let shop = try await ClusterShop(podTemplate(), watchTime: .seconds(1))
        try await shop.fault("GET", "pods\\\\?watch", #""action": "hang", "times": 2"#)
        let reply = await shop.create(newID())
        #expect(reply.outcome.isDone, "\(reply)")
    }

    @Test("A server that forgets its history in the middle of a watch is listed anew")
    func compacted() async throws {
        let standIn = try await StandIn()
        try await standIn.set(#"{"delay": 20}"#)
        let shop = try await ClusterShop(podTemplate(), on: standIn)
        let create = Task { await shop.create(newID()) }
        try await soon { try await standIn.requests("\(shop.namespace)/pods?watch").count == 1 }
        try await standIn.compact()
        #expect(await create.value.outcome.isDone)
        #expect(try await standIn.requests("\(shop.namespace)/pods?watch").count >= 2)
    }

    @Test("A list is read page by page, and begins anew if the server has forgotten it")
    func pages() async throws {
        let shop = try await ClusterShop(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{name}\"}\ndata: {a: b}")
        let first = newID()
        #expect(await shop.create(first).outcome.isDone)
        let page = Value.object([
            ("items", .array(try await shop.objects("configmaps"))),
            ("metadata", .object([("continue", "WzEsIDBd"), ("resourceVersion", "1")])),
        ]).compactJSON
        try await shop.fault("GET", "configmaps", #""action": "status", "code": 200, "body": \#(page)"#)
        try await shop.standIn.compact()
        #expect(try await shop.listed() == [first: "ready"])
        let calls = try await shop.standIn.requests("GET /api/v1/namespaces/\(shop.namespace)/configmaps?label")
        #expect(calls.filter { $0.contains("continue=WzEsIDBd") }.count == 1, "\(calls)")
        #expect(calls.allSatisfy { $0.contains("limit=500") })
    }

    @Test("A list that fails in any part throws, because missing workspaces count as lost")
    func brokenList() async throws {
        let shop = try await ClusterShop()
        #expect(await shop.create(newID()).outcome.isDone)
        for fault in [
            refusal(500, "internal error"), #""action": "reset""#,
            #""action": "status", "code": 200, "body": {"a": 1}"#,
            #""action": "status", "code": 200, "body": "no JSON object""#,
        ] {
            try await shop.fault("GET", "services", fault)
            await #expect(throws: ProvisionerFailure.self, "\(fault)") { try await shop.provisioner.list() }
        }
    }

    @Test("A server that cannot be reached is an outage, and nothing was started")
    func unreachable() async throws {
        let standIn = try await StandIn()
        let shop = try await ClusterShop(on: standIn)
        let text = try String(contentsOfFile: standIn.kubeconfig, encoding: .utf8)
        try text.replacing(":\(standIn.port)", with: ":1").write(
            toFile: standIn.kubeconfig, atomically: true, encoding: .utf8)
        let reply = await shop.create(newID())
        #expect(reply.outcome.errorKind == .outage && reply.isNotStarted, "\(reply)")
        #expect(reply.outcome.message.contains("127.0.0.1:1: connection refused"), "\(reply)")
    }

    @Test("A kind that the cluster does not have is an outage with a hint, and no fault of the preset")
    func unknownKind() async throws {
        let shop = try await ClusterShop("apiVersion: example.org/v1\nkind: Box\nmetadata: {name: \"{name}\"}")
        let reply = await shop.create(newID())
        #expect(reply.outcome.errorKind == .outage, "\(reply)")
        #expect(reply.outcome.message.contains("has no kind Box in example.org/v1. Install it"), "\(reply)")
    }

    @Test("A namespace that does not exist is an outage with the command that creates it")
    func noNamespace() async throws {
        let shop = try await ClusterShop { $0.namespace = "nowhere" }
        let reply = await shop.create(newID())
        #expect(reply.outcome.errorKind == .outage, "\(reply)")
        #expect(reply.outcome.message.contains("`kubectl create namespace nowhere`"), "\(reply)")
    }

    @Test("A pod beyond the quota is a quota error, also if a controller creates it")
    func quota() async throws {
        let standIn = try await StandIn()
        try await standIn.set(#"{"podQuota": 0}"#)
        let pod = try await ClusterShop(podTemplate(), on: standIn)
        #expect(await pod.create(newID()).outcome.errorKind == .quota)
        let deployment = try await ClusterShop(
            deploymentTemplate(), on: standIn
        ) { $0.readyTimeout = .seconds(20) }
        let reply = await deployment.create(newID())
        #expect(reply.outcome.errorKind == .quota && reply.outcome.message.contains("exceeded quota"), "\(reply)")
    }
}
