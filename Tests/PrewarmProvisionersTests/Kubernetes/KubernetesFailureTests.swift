import KubernetesSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Kubernetes objects that do not become ready")
struct KubernetesFailureTests {
    @Test("An image that does not exist fails at once, with the state of the container")
    func missingImage() async throws {
        let shop = try await ClusterShop(podTemplate(image: "registry.example.org/missing:1"))
        let reply = await shop.create(newID())
        #expect(reply.outcome.errorKind == .invalid, "\(reply)")
        let message = reply.outcome.message
        #expect(message.contains("is not ready: the container dev waits: "), "\(message)")
        #expect(message.contains("registry.example.org/missing:1: not found"), "\(message)")
        #expect(reply.log.contains("last event of Pod/go-"), "\(reply.log)")
    }

    @Test("A program that ends again and again fails, with its exit code and the end of its log")
    func crash() async throws {
        let shop = try await ClusterShop(podTemplate(image: "crash"))
        let reply = await shop.create(newID())
        guard case .failed(let message) = reply.outcome else {
            Issue.record("\(reply)")
            return
        }
        #expect(
            message.contains("exited with code 7 again and again: fatal: no license for this workspace"), "\(message)")
        #expect(message.hasSuffix("starting\nfatal: no license for this workspace"), "\(message)")
        #expect(reply.log.contains("the log of the container dev of Pod/go-"), "\(reply.log)")
    }

    @Test("A pod that ends is a failure, also with exit code 0")
    func ended() async throws {
        let shop = try await ClusterShop(podTemplate(image: "finish", "restartPolicy: Never"))
        let message = await shop.create(newID()).outcome.message
        #expect(message.contains("its containers have exited with code 0"), "\(message)")
    }

    @Test("At the deadline, the pod that no node takes is a lack of capacity")
    func unschedulable() async throws {
        let shop = try await ClusterShop(podTemplate("nodeSelector: {pool: nowhere}")) {
            $0.readyTimeout = .seconds(20)
        }
        let reply = await shop.create(newID())
        #expect(reply.outcome.errorKind == .capacity, "\(reply)")
        #expect(reply.outcome.message.contains("was not ready within 20s: no node takes it (Unschedulable: 0/3 nodes"))
    }

    @Test("At the deadline, a registry that is away is named, and is no fault of the definition")
    func registry() async throws {
        let shop = try await ClusterShop(podTemplate(image: "unreachable/go")) { $0.readyTimeout = .seconds(20) }
        let reply = await shop.create(newID())
        guard case .failed(let message) = reply.outcome else {
            Issue.record("\(reply)")
            return
        }
        #expect(message.contains("the container dev waits: "), "\(message)")
        #expect(message.contains("i/o timeout") && message.contains("raise `readyTimeout`"), "\(message)")
    }

    @Test("The failure of a Deployment names the pod and the reason why it does not start")
    func deployment() async throws {
        let shop = try await ClusterShop(
            deploymentTemplate(image: "crash")
        ) { $0.readyTimeout = .seconds(20) }
        let message = await shop.create(newID()).outcome.message
        #expect(message.contains("0 of 1 replicas are available"), "\(message)")
        #expect(message.contains("the Pod go-") && message.contains("exited with code 7"), "\(message)")
        #expect(message.contains("fatal: no license for this workspace"), "\(message)")
    }

    @Test("A stalled custom resource fails at once, and one that is not ready fails at the deadline")
    func custom() async throws {
        func template(_ spec: String) -> String {
            "apiVersion: example.org/v1\nkind: Sandbox\nmetadata: {name: \"{name}\"}\nspec: {\(spec)}"
        }
        let stalled = try await ClusterShop(template("stalled: true")) { $0.readyConditions = ["Sandbox": "Started"] }
        let first = await stalled.create(newID()).outcome.message
        #expect(first.contains("it is stalled (InvalidSpec: wrong size)"), "\(first)")
        let broken = try await ClusterShop(template("broken: true")) {
            $0.readyConditions = ["Sandbox": "Ready"]
            $0.readyTimeout = .seconds(20)
        }
        let second = await broken.create(newID()).outcome.message
        #expect(
            second.contains("was not ready within 20s: Ready is not true (NoRuntime: no runtime class)"), "\(second)")
    }

    @Test("A field that a kind does not have is no outage, neither at the create nor at a later apply")
    func unknownField() async throws {
        let good = try await ClusterShop(podTemplate())
        let bad = podTemplate(image: "go, imagee: x")
        let changed = try good.changed(template: bad)
        let (one, two) = (newID(), newID())
        #expect(await good.create(one).outcome.isDone)
        let created = await changed.perform(good.request(.create, two)) { _ in }
        #expect(created.outcome.errorKind == .invalid, "\(created)")
        #expect(created.outcome.message.contains("unknown field \"spec.containers[0].imagee\""), "\(created)")
        let applied = await changed.perform(good.request(.create, one)) { _ in }
        #expect(applied.outcome.errorKind == nil, "\(applied)")
        #expect(applied.outcome.message.contains("imagee: field not declared in schema"), "\(applied)")
    }

    @Test("At the deadline, a lack of capacity explains the failure before other objects that wait")
    func waiting() async throws {
        let broken = """
            apiVersion: example.org/v1
            kind: Sandbox
            metadata: {name: "{name}"}
            spec: {broken: true}
            ---

            """
        let shop = try await ClusterShop(broken + podTemplate("nodeSelector: {pool: nowhere}")) {
            $0.readyTimeout = .seconds(20)
        }
        let reply = await shop.create(newID())
        #expect(reply.outcome.errorKind == .capacity, "\(reply)")
    }

    @Test("An object that the API server finds invalid stalls the preset")
    func invalid() async throws {
        let shop = try await ClusterShop("apiVersion: v1\nkind: Pod\nmetadata: {name: \"{name}\"}\nspec: {}")
        let reply = await shop.create(newID())
        #expect(reply.outcome.errorKind == .invalid, "\(reply)")
        #expect(reply.outcome.message.contains("spec.containers: Required value"), "\(reply)")
        let policy = try await ClusterShop(podTemplate("hostNetwork: true"))
        let denied = await policy.create(newID())
        #expect(denied.outcome.errorKind == .invalid && denied.outcome.message.contains("PodSecurity"), "\(denied)")
    }

    @Test("A pod that loses its readiness is unhealthy, and a missing object is named")
    func unhealthy() async throws {
        let shop = try await ClusterShop()
        let (one, two) = (newID(), newID())
        for id in [one, two] { #expect(await shop.create(id).outcome.isDone) }
        let names = [one, two].map { shop.request(.inspect, $0).workspace.name }
        try #require(StandIn.hasKubectl)
        let annotate = try await shop.standIn.kubectl(
            "--namespace", shop.namespace, "annotate", "pod", names[0], "stand-in/unready=yes")
        let delete = try await shop.standIn.kubectl("--namespace", shop.namespace, "delete", "service", names[1])
        #expect(annotate.code == 0 && delete.code == 0, "\(annotate) \(delete)")
        try await soon { try await shop.listed() == [one: "unhealthy", two: "failed"] }
        let missing = await shop.inspect(two).outcome
        #expect(missing == .broken("the object Service/\(names[1]) no longer exists"), "\(missing)")
        let unready = await shop.inspect(one).outcome
        #expect(unready == .broken("the Pod \(names[0]) is not ready: it runs and is not ready yet"), "\(unready)")
        let pod = try await shop.standIn.kubectl("--namespace", shop.namespace, "delete", "pod,service", names[0])
        #expect(pod.code == 0, "\(pod)")
        #expect(await shop.inspect(one).outcome == .lost)
    }
}
