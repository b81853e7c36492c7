import KubernetesSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Workspaces of Kubernetes objects")
struct KubernetesCreateTests {
    @Test("A create makes all objects with their labels, and returns the endpoint when they are ready")
    func create() async throws {
        let shop = try await ClusterShop {
            $0.endpoint = try? PlaceholderText(
                "http://{Service.spec.clusterIP}:{Service.spec.ports.0.port}/{name}?pod={Pod.status.podIP}",
                .objectAddress)
        }
        let id = newID()
        let reply = await shop.create(id)
        let request = shop.request(.create, id)
        #expect(reply.outcome.isDone, "\(reply)")
        let service = try #require(try await shop.objects("services").first)
        let pod = try #require(try await shop.objects("pods").first)
        let address = try #require(service["spec"]?.text("clusterIP"))
        let podAddress = try #require(pod["status"]?.text("podIP"))
        let name = request.workspace.name
        #expect(reply.outcome.endpoint == "http://\(address):8080/\(name)?pod=\(podAddress)")
        #expect(
            reply.outcome.metadata == [
                "context": "admin", "namespace": shop.namespace, "objects": "Pod/\(name) Service/\(name)",
            ])
        for object in [pod, service] {
            #expect(object.objectName == name)
            let labels = object["metadata"]?["labels"]
            #expect(labels?.text("app.kubernetes.io/managed-by") == "prewarm")
            #expect(labels?.text("prewarm/workspace") == id.rawValue && labels?.text("prewarm/store") == "store-a")
        }
        #expect(pod["spec"]?.list("containers").first?.text("image") == "go:1.4.2")
        #expect(try await shop.listed() == [id: "ready"])
        #expect(try await shop.provisioner.list().first?.store == "store-a")
        #expect(await shop.inspect(id).outcome == reply.outcome)
    }

    @Test("A second create of the same workspace finds its objects and makes no others")
    func idempotent() async throws {
        let shop = try await ClusterShop()
        let id = newID()
        let first = await shop.create(id)
        let uid = try await shop.objects("pods").first?.objectUID
        let second = await shop.create(id)
        #expect(first.outcome == second.outcome && first.outcome.isDone, "\(second)")
        #expect(try await shop.objects("pods").map(\.objectUID) == [uid])
        #expect(try await shop.objects("services").count == 1)
    }

    @Test("Several creates at the same time make one set of objects for each workspace")
    func concurrent() async throws {
        let shop = try await ClusterShop()
        let ids = (0..<6).map { _ in newID() }
        let replies = await withTaskGroup(of: ProvisionerReply.self) { group in
            for id in ids + ids { group.addTask { await shop.create(id) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(replies.filter { !$0.outcome.isDone }.isEmpty, "\(replies)")
        #expect(try await shop.objects("pods").count == 6)
        #expect(Set(try await shop.listed().keys) == Set(ids))
    }

    @Test("A create takes back fields that another manager has changed")
    func conflict() async throws {
        let shop = try await ClusterShop(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: "{name}"}
            data: {version: "{version}"}
            """)
        let id = newID()
        #expect(await shop.create(id).outcome.isDone)
        let name = shop.request(.create, id).workspace.name
        let (standIn, namespace) = (shop.standIn, shop.namespace)
        if StandIn.hasKubectl {
            let patch = try await standIn.kubectl(
                "--namespace", namespace, "patch", "configmap", name, "--type", "merge", "--field-manager", "other",
                "--patch", #"{"data": {"version": "9", "more": "kept"}}"#)
            #expect(patch.code == 0, "\(patch)")
        }
        #expect(await shop.create(id, version: "2").outcome.isDone)
        let data = try await shop.objects("configmaps").first?["data"]
        #expect(data?.text("version") == "2")
        #expect(!StandIn.hasKubectl || data?.text("more") == "kept")
    }

    @Test("An object of the same name that is not prewarm's is left alone")
    func foreignObject() async throws {
        let (one, other) = (try await ClusterShop(podTemplate()), newID())
        #expect(await one.create(other).outcome.isDone)
        // The same name and namespace, but another provisioner.
        let two = try await ClusterShop(podTemplate()) { $0.namespace = one.namespace }
        let reply = await two.create(other)
        #expect(reply.outcome.message.contains("another Pod has the name"), "\(reply)")
        #expect(await two.delete(other).outcome.isDone)
        #expect(try await one.objects("pods").count == 1)
        #expect(try await two.listed().isEmpty)
        #expect(await two.inspect(other).outcome == .lost)
    }

    @Test("An object that another client creates between the look and the create is left alone")
    func race() async throws {
        let (one, id) = (try await ClusterShop(podTemplate()), newID())
        #expect(await one.create(id).outcome.isDone)
        let two = try await ClusterShop(podTemplate(image: "other")) { $0.namespace = one.namespace }
        // The first look finds no object, because the other client is faster than the create.
        try await one.fault("GET", "pods/", refusal(404, "not found"))
        let reply = await two.create(id)
        #expect(reply.outcome.message.contains("another Pod has the name"), "\(reply)")
        let pod = try await one.objects("pods").first
        #expect(pod?["spec"]?.list("containers").first?.text("image") == "go")
        #expect(pod?["metadata"]?["labels"]?.text("prewarm/provisioner") == one.name)
    }

    @Test("The endpoint names the first object of the template, whatever the order of a list is")
    func order() async throws {
        func map(_ name: String) -> String {
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"\(name)\"}"
        }
        let shop = try await ClusterShop(map("z-{name}") + "\n---\n" + map("a-{name}")) {
            $0.endpoint = try? PlaceholderText("{ConfigMap.metadata.name}", .objectAddress)
        }
        let id = newID()
        let reply = await shop.create(id)
        #expect(reply.outcome.endpoint?.hasPrefix("z-") == true, "\(reply)")
        #expect(await shop.inspect(id).outcome == reply.outcome)
    }

    @Test("A Deployment, a StatefulSet, a Job, a claim of a volume and a custom resource become ready")
    func kinds() async throws {
        let pods = """
            selector: {matchLabels: {app: "{name}-KIND"}}
              template:
                metadata: {labels: {app: "{name}-KIND"}}
                spec: {containers: [{name: dev, image: go}]}
            """
        let template = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: "{name}"}
            spec:
              replicas: !!int "{parameters.replicas}"
              \(pods.replacing("KIND", with: "d"))
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: "{name}"}
            spec:
              \(pods.replacing("KIND", with: "s"))
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: {name: "{name}"}
            spec:
              template:
                spec: {restartPolicy: Never, containers: [{name: dev, image: finish}]}
            ---
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: "{name}"}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: "{parameters.disk}"}}}
            ---
            apiVersion: example.org/v1
            kind: Sandbox
            metadata: {name: "{name}"}
            spec: {size: "{parameters.disk}"}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: "{name}"}
            spec: {type: LoadBalancer, ports: [{port: 80}]}
            """
        let shop = try await ClusterShop(template) {
            $0.endpoint = try? PlaceholderText(
                "{Sandbox.status.url}/{Service.status.loadBalancer.ingress.0.ip}", .objectAddress)
            $0.readyConditions = ["Sandbox": "Ready"]
        }
        let id = newID()
        let reply = await shop.create(id, parameters: ["replicas": .integer(2), "disk": .string("10Gi")])
        let name = shop.request(.create, id).workspace.name
        #expect(reply.outcome.endpoint == "https://\(name).sandboxes.example.org/192.0.2.10", "\(reply)")
        #expect(try await shop.objects("deployments.apps").first?["spec"]?["replicas"]?.int == 2)
        #expect(try await shop.objects("pods").count == 4)
        #expect(await shop.delete(id).outcome.isDone)
        for kind in ["deployments.apps", "statefulsets.apps", "jobs.batch", "replicasets.apps", "services", "pods"] {
            #expect(try await shop.objects(kind).isEmpty, "\(kind)")
        }
    }

    @Test("A canceled create leaves its objects, and the next one continues with them")
    func canceled() async throws {
        let shop = try await ClusterShop(podTemplate(image: "slow"))
        let id = newID()
        let create = Task { await shop.create(id) }
        try await soon { try await !shop.objects("pods").isEmpty }
        create.cancel()
        let reply = await create.value
        #expect(reply.outcome == .tryLater("the operation was ended because prewarm stops"), "\(reply)")
        #expect(try await shop.objects("pods").count == 1)
        #expect(await shop.delete(id).outcome.isDone)
    }
}
