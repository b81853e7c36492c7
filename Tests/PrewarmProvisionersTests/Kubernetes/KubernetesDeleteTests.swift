import KubernetesSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Deletes of Kubernetes objects")
struct KubernetesDeleteTests {
    @Test("A delete waits until all objects are gone, and a second one succeeds")
    func delete() async throws {
        let shop = try await ClusterShop()
        let (one, two) = (newID(), newID())
        for id in [one, two] { #expect(await shop.create(id).outcome.isDone) }
        #expect(await shop.delete(one).outcome == .ready)
        let kept = shop.request(.delete, two).workspace.name
        #expect(try await shop.objects("pods").map(\.objectName) == [kept])
        #expect(try await shop.objects("services").map(\.objectName) == [kept])
        #expect(await shop.delete(one).outcome == .ready)
        #expect(await shop.delete(newID()).outcome == .ready)
    }

    @Test("A delete in the foreground has ended when the pods of a Deployment are gone")
    func foreground() async throws {
        let shop = try await ClusterShop(deploymentTemplate())
        let id = newID()
        #expect(await shop.create(id).outcome.isDone)
        #expect(try await shop.objects("pods").count == 1)
        #expect(await shop.delete(id).outcome == .ready)
        #expect(try await shop.objects("pods").isEmpty)
    }

    @Test("A delete in the background leaves the pods to the cluster")
    func background() async throws {
        let shop = try await ClusterShop(deploymentTemplate()) { $0.deletion = .background }
        let id = newID()
        #expect(await shop.create(id).outcome.isDone)
        #expect(await shop.delete(id).outcome == .ready)
        #expect(try await shop.objects("deployments.apps").isEmpty)
        try await soon { try await shop.objects("pods").isEmpty }
    }

    @Test("A finalizer that nothing removes is named, and the delete is tried again")
    func finalizer() async throws {
        let shop = try await ClusterShop(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: "{name}", finalizers: [example.org/hold]}
            """, timeout: .seconds(60))
        let id = newID()
        #expect(await shop.create(id).outcome.isDone)
        let reply = await shop.delete(id)
        guard case .tryLater(let message) = reply.outcome else {
            Issue.record("\(reply)")
            return
        }
        #expect(message.contains("nothing has removed its finalizers example.org/hold"), "\(message)")
        #expect(try await shop.listed() == [id: "deleting"])
        try #require(StandIn.hasKubectl)
        let patch = try await shop.standIn.kubectl(
            "--namespace", shop.namespace, "patch", "configmap", shop.request(.delete, id).workspace.name, "--type",
            "merge", "--patch", #"{"metadata": {"finalizers": null}}"#)
        #expect(patch.code == 0, "\(patch)")
        #expect(await shop.delete(id).outcome == .ready)
    }

    @Test("An object that another client replaced meanwhile is not deleted by its name")
    func replaced() async throws {
        let shop = try await ClusterShop(podTemplate())
        let id = newID()
        #expect(await shop.create(id).outcome.isDone)
        _ = await shop.delete(id)
        let call = try #require(try await shop.standIn.requests("DELETE").last { $0.contains(shop.namespace) })
        #expect(call.contains("/pods/"))
        // The body has the UID as a precondition; the stand-in refuses any other one with 409.
        try await shop.fault("DELETE", "pods", refusal(409, "the UID in the precondition does not match"))
        #expect(await shop.create(id).outcome.isDone)
        #expect(await shop.delete(id).outcome == .ready)
        #expect(try await shop.objects("pods").isEmpty)
    }

    private static let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{name}\"}"

    @Test("A kind that the template had before and whose API does not answer is an outage, and no end of a delete")
    func outage() async throws {
        let standIn = try await StandIn()
        let before = try await ClusterShop(
            "apiVersion: example.org/v1\nkind: Sandbox\nmetadata: {name: \"{name}\"}", on: standIn)
        let id = newID()
        #expect(await before.create(id).outcome.isDone)
        let after = try before.changed(template: Self.map) {
            $0.previousKinds = [ObjectKind(apiVersion: "example.org/v1", kind: "Sandbox")]
        }
        try await standIn.fault(
            #"{"method": "GET", "path": "^/apis/example.org/v1$", \#(refusal(500, "internal error", times: 2))}"#)
        let reply = await after.perform(before.request(.delete, id)) { _ in }
        #expect(reply.outcome.errorKind == .outage, "\(reply)")
        await #expect(throws: ProvisionerFailure.self) { try await after.list() }
        #expect(await after.perform(before.request(.delete, id)) { _ in }.outcome == .ready)
        #expect(try await before.objects("sandboxes.example.org").isEmpty)
    }

    @Test("A workspace of another namespace or context is neither deleted nor lost when its objects are not found")
    func otherPlace() async throws {
        let shop = try await ClusterShop(podTemplate())
        let other = try await ClusterShop(podTemplate())
        let id = newID()
        let metadata = await shop.create(id).outcome.metadata
        #expect(metadata["context"] == "admin" && metadata["namespace"] == shop.namespace)
        let moved = try shop.changed { $0.namespace = other.namespace }
        for operation in [ProvisionerOperation.delete, .inspect] {
            let reply = await moved.perform(shop.request(operation, id, metadata: metadata)) { _ in }
            #expect(reply.outcome.errorKind == .outage, "\(reply)")
            #expect(
                reply.outcome.message.contains("Set `kubernetes.namespace: \(shop.namespace)` of provisioner"),
                "\(reply)")
            let elsewhere = metadata.merging(["context": "other", "namespace": other.namespace]) { $1 }
            let second = await moved.perform(shop.request(operation, id, metadata: elsewhere)) { _ in }
            #expect(second.outcome.message.contains("created in the context other"), "\(second)")
        }
        #expect(try await shop.objects("pods").count == 1)
        // Objects that are found belong to the workspace, by whatever context.
        let renamed = metadata.merging(["context": "other"]) { $1 }
        #expect(await shop.perform(shop.request(.delete, id, metadata: renamed)).outcome == .ready)
        #expect(try await shop.objects("pods").isEmpty)
    }

    @Test("Objects of kinds that the template had before are listed and deleted")
    func previousKinds() async throws {
        let before = try await ClusterShop()
        let id = newID()
        #expect(await before.create(id).outcome.isDone)
        let after = try before.changed(template: Self.map) {
            $0.previousKinds = [
                ObjectKind(apiVersion: "v1", kind: "Pod"), ObjectKind(apiVersion: "example.org/v1", kind: "Gone"),
            ]
        }
        #expect(try await after.list().map(\.id) == [id])
        let reply = await after.perform(before.request(.delete, id)) { _ in }
        #expect(reply.outcome == .ready, "\(reply)")
        #expect(try await before.objects("pods").isEmpty)
        #expect(try await before.objects("services").count == 1)
    }
}
