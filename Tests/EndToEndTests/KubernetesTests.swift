import Foundation
import KubernetesSupport
import Testing

@Suite("Kubernetes objects and the prewarm command")
struct KubernetesTests {
    /// A provisioner name of its own, because the tests share a stand-in of a cluster.
    private let provisioner = "e2e-\(UUID().uuidString.prefix(8).lowercased())"

    private static let template = """
        apiVersion: v1
        kind: Pod
        metadata:
          name: "{name}"
          labels: {workspace: "{name}"}
        spec:
          terminationGracePeriodSeconds: 1
          containers: [{name: dev, image: "go:{version}"}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: "{name}"}
        spec: {selector: {workspace: "{name}"}, ports: [{port: 8080}]}
        """

    private func sandbox(_ standIn: StandIn, _ namespace: String, _ more: String = "") async throws -> Sandbox {
        let sandbox = try await Sandbox(
            configuration: """
                apiVersion: prewarm/v1
                kind: Config
                store: sqlite:prewarm.db
                sources:
                  - {name: presets, url: "file://ROOT/repo", ref: {branch: main}, path: presets}
                provisioners:
                  - name: \(provisioner)
                    kubernetes:
                      template: workspace.yaml
                      kubeconfig: \(standIn.kubeconfig)
                      namespace: \(namespace)
                      endpoint: http://{Service.spec.clusterIP}:8080/
                      readyTimeout: 4m
                      handover:
                        patch: [{kind: Pod, annotations: {example.org/owner: "{owner}"}}]
                        exec:
                          kind: Pod
                          command: [/bin/sh, -c, "cat >/dev/null; echo '{{\\"credentials\\": {{\\"password\\": \\"for-ada\\"}}}}'"]
                \(more)
                """)
        try sandbox.write("workspace.yaml", Self.template)
        return sandbox
    }

    private func preset(_ name: String, instances: Int, version: String = "1") -> String {
        Sandbox.preset(name, instances: instances, version: version)
    }

    /// Returns the objects of a resource in a namespace.
    private func objects(_ resource: String, _ standIn: StandIn, _ namespace: String) async throws -> [JSON] {
        try JSON(String(decoding: try await standIn.objects(resource, in: namespace), as: UTF8.self)).list
    }

    /// Returns the ids of the workspaces whose pods exist.
    private func pods(_ standIn: StandIn, _ namespace: String) async throws -> Set<String> {
        Set(
            try await objects("pods", standIn, namespace).compactMap {
                $0["metadata"]?["labels"]?["prewarm/workspace"]?.string
            })
    }

    @Test("A pool of pods is filled, claimed, rolled to a new version, released and emptied")
    func session() async throws {
        let standIn = try await StandIn.shared()
        let namespace = try await standIn.namespace()
        let sandbox = try await sandbox(standIn, namespace)
        try await sandbox.commit(["go.yaml": preset("go", instances: 2)])
        let doctor = try await sandbox.prewarm("doctor")
        #expect(
            doctor.out.contains("Kubernetes v1.34.0-stand-in at 127.0.0.1:\(standIn.port) (context admin"), "\(doctor)")
        let sync = try await sandbox.prewarm("sync", "--wait", "--timeout", "4m")
        #expect(sync.code == 0, "\(sync)")
        let claim = try await sandbox.prewarm("claim", "go", "--owner", "ada", "-o", "json")
        let document = try claim.json()
        #expect(document["endpoint"]?.string?.hasPrefix("http://10.96.") == true, "\(claim)")
        #expect(document["credentials"]?["password"]?.string == "for-ada", "\(claim)")
        let id = try #require(document["id"]?.string)
        let name = try #require(document["name"]?.string)
        let pod = try await objects("pods", standIn, namespace).first { $0["metadata"]?["name"]?.string == name }
        #expect(pod?["metadata"]?["annotations"]?["example.org/owner"]?.string == "ada")

        try await sandbox.commit(["go.yaml": preset("go", instances: 2, version: "2")])
        #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "4m").code == 0)
        let workspaces = try await sandbox.prewarm("get", "workspaces", "-o", "json").json().list
        #expect(workspaces.filter { $0["state"]?.string == "ready" }.map { $0["version"]?.string } == ["2", "2"])
        #expect(try await pods(standIn, namespace) == Set(workspaces.compactMap { $0["id"]?.string }))

        #expect(try await sandbox.prewarm("release", name).code == 0)
        #expect(try await !pods(standIn, namespace).contains(id))
        try await sandbox.commit(["go.yaml": preset("go", instances: 0)])
        #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "4m").code == 0)
        for resource in ["pods", "services"] {
            #expect(try await objects(resource, standIn, namespace).isEmpty)
        }
    }

    @Test("Syncs that are killed at any moment leave no object too many and forget none")
    func killed() async throws {
        let standIn = try await StandIn.shared()
        let namespace = try await standIn.namespace()
        let sandbox = try await sandbox(standIn, namespace, "policy: {deletionGuard: {percent: 100}}")
        var kills = 0
        for round in 1...6 {
            try await sandbox.commit(["go.yaml": preset("go", instances: 1 + round % 3, version: "\(1 + round % 2)")])
            kills += try await sandbox.killSyncs(2 * round - kills, after: 20...900, tries: 20)
        }
        let last = try await sandbox.prewarm("sync", "--wait", "--timeout", "4m")
        #expect(last.code == 0 && kills > 0, "\(last.err)")
        let known = try await sandbox.prewarm("export").json()["workspaces"]?.list.compactMap { $0["id"]?.string }
        #expect(try await pods(standIn, namespace) == Set(known ?? []))
        try await sandbox.commit(["go.yaml": preset("go", instances: 0)])
        #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "4m").code == 0)
        for resource in ["pods", "services"] {
            #expect(try await objects(resource, standIn, namespace).isEmpty)
        }
    }

    @Test("A template with a mistake is reported by validate and doctor, and no preset counts a failure")
    func template() async throws {
        let standIn = try await StandIn.shared()
        let namespace = try await standIn.namespace()
        let sandbox = try await sandbox(standIn, namespace)
        try await sandbox.commit(["go.yaml": preset("go", instances: 1)])
        try sandbox.write("workspace.yaml", Self.template.replacing("{version}", with: "{tag}"))
        let validate = try await sandbox.prewarm("validate")
        #expect(validate.code != 0 && (validate.out + validate.err).contains("workspace.yaml:8:"), "\(validate)")
        #expect((validate.out + validate.err).contains("unknown placeholder {tag}"), "\(validate)")
        let sync = try await sandbox.prewarm("sync")
        #expect(sync.err.contains("cannot use the template: workspace.yaml:8:"), "\(sync)")
        let doctor = try await sandbox.prewarm("doctor")
        #expect(doctor.code == 1 && doctor.out.contains("cannot use the template"), "\(doctor)")
        let preset = try await sandbox.prewarm("get", "presets", "-o", "json").json()[0]
        #expect(preset?["failures"]?.int ?? 0 == 0)
        // The file is read again for each operation.
        try sandbox.write("workspace.yaml", Self.template)
        #expect(try await sandbox.prewarm("retry", "--all").code == 0)
        #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "4m").code == 0)
    }

    @Test("The example of Kubernetes makes workspaces with a volume and hands them over")
    func example() async throws {
        let standIn = try await StandIn()
        let folder = GuidePage.root.appending(path: "examples")
        func text(_ path: String) throws -> String {
            try String(contentsOf: folder.appending(path: path), encoding: .utf8)
        }
        let sandbox = try await Sandbox(
            configuration: try text("provisioners/kubernetes/prewarm.yaml").replacing(
                "    url: presets", with: "    url: repo"
            )
            .replacing("    ref:", with: "    path: presets\n    ref:"))
        try sandbox.write("workspace.yaml", try text("provisioners/kubernetes/workspace.yaml"))
        try FileManager.default.copyItem(
            atPath: standIn.kubeconfig, toPath: sandbox.root.appending(path: "kubeconfig").path)
        for name in ["greeter", "greeter-de"] {
            try await sandbox.commit(["\(name).yaml": try text("repository/\(name).yaml")])
        }
        let sync = try await sandbox.prewarm("sync", "--wait", "--timeout", "4m")
        #expect(sync.code == 0, "\(sync)")
        let claim = try await sandbox.prewarm("claim", "greeter-de", "--owner", "ada", "-o", "json")
        #expect(claim.code == 0, "\(claim)")
        let pods = try await objects("pods", standIn, "workspaces")
        let claimed = pods.first { $0["metadata"]?["annotations"]?["example.org/owner"]?.string == "ada" }
        let container = claimed?["spec"]?["containers"]?[0]
        #expect(container?["image"]?.string == "registry.example.org/dev/greeter:1.0.0", "\(pods)")
        #expect(container?["env"]?[0]?["value"]?.string == "de")
        #expect(try await objects("persistentvolumeclaims", standIn, "workspaces").count >= 1)
        let name = try #require(try claim.json()["name"]?.string)
        #expect(try await sandbox.prewarm("release", name).code == 0)
    }
}
