import KubernetesSupport
import PrewarmCore
import Testing

@testable import PrewarmProvisioners

/// kubectl is a second client of the stand-in, so that the stand-in is more than the counterpart of our own client.
@Suite("kubectl and the stand-in of a cluster", .enabled(if: StandIn.hasKubectl, "kubectl is not installed"))
struct KubectlTests {
    private static let manifest = """
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2,
        "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "web", "image": "web"}]}}}}
        """

    private static func run(
        _ standIn: StandIn, _ namespace: String, _ arguments: String, input: String = ""
    ) async throws -> StandIn.Result {
        let words = arguments.split(separator: " ").map(String.init)
        return try await standIn.kubectl(["--namespace", namespace] + words, input: input)
    }

    @Test("kubectl applies, watches, reads, runs and deletes what the stand-in has")
    func session() async throws {
        let standIn = try await StandIn.shared()
        let namespace = try await standIn.namespace()
        func run(_ arguments: String, input: String = "", code: Int32 = 0) async throws -> StandIn.Result {
            let result = try await Self.run(standIn, namespace, arguments, input: input)
            #expect(result.code == code, "\(arguments): \(result)")
            return result
        }
        _ = try await run("apply --server-side --validate=false -f -", input: Self.manifest)
        #expect(try await run("rollout status deployment/web --timeout=200s").out.contains("successfully rolled out"))
        _ = try await run("wait --for=condition=Ready pod -l app=web --timeout=200s")
        let pods = try await run("get pods -l app=web -o name").out.split(separator: "\n").map(String.init)
        #expect(pods.count == 2)
        #expect(try await run("get pods -l app=other -o name").out == "")
        #expect(try await run("logs \(try #require(pods.first))").out == "web is starting\n")
        let conflict = Self.manifest.replacing("\"replicas\": 2", with: "\"replicas\": 3")
        let refused = try await run(
            "apply --server-side --validate=false --field-manager=other -f -", input: conflict, code: 1)
        #expect(refused.err.contains("conflict with \"kubectl\": .spec.replicas"), "\(refused)")
        _ = try await run(
            "apply --server-side --validate=false --field-manager=other --force-conflicts -f -", input: conflict)
        _ = try await run("rollout status deployment/web --timeout=200s")
        _ = try await run("delete deployment web --cascade=foreground --timeout=200s")
        #expect(try await run("get pods -o name").out == "")
    }

    @Test("kubectl sees the same rights, pages and errors")
    func errors() async throws {
        let standIn = try await StandIn.shared()
        let namespace = try await standIn.namespace()
        func run(_ arguments: String, input: String = "") async throws -> StandIn.Result {
            try await Self.run(standIn, namespace, arguments, input: input)
        }
        for index in 1...7 {
            let text = #"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c\#(index)"}}"#
            #expect(try await run("create --validate=false -f -", input: text).code == 0)
        }
        #expect(try await run("get configmaps --chunk-size=3 -o name").out.split(separator: "\n").count == 7)
        #expect(try await run("--context viewer get configmaps -o name").code == 0)
        #expect(try await run("--context viewer delete configmap c1").err.contains("User \"viewer\" cannot delete"))
        #expect(try await run("--context wrong get configmaps").err.contains("Unauthorized"))
        #expect(try await run("--context certificate get configmap c1 -o name").out == "configmap/c1\n")
        #expect(try await run("--context plugin get configmap c1 -o name").out == "configmap/c1\n")
        let invalid = try await run(
            "apply --server-side --validate=false -f -",
            input: #"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}}"#)
        #expect(invalid.err.contains("spec.containers: Required value"), "\(invalid)")
    }

    @Test("kubectl reads and deletes the objects of prewarm")
    func together() async throws {
        let shop = try await ClusterShop()
        let id = newID()
        #expect(await shop.create(id).outcome.isDone)
        let selector = "-l app.kubernetes.io/managed-by=prewarm,prewarm/workspace=\(id)"
        let names = try await Self.run(shop.standIn, shop.namespace, "get pods,services \(selector) -o name")
        let name = shop.request(.create, id).workspace.name
        #expect(names.out == "pod/\(name)\nservice/\(name)\n", "\(names)")
        let deleted = try await Self.run(shop.standIn, shop.namespace, "delete pods,services \(selector)")
        #expect(deleted.code == 0, "\(deleted)")
        #expect(try await shop.listed().isEmpty)
        #expect(await shop.inspect(id).outcome == .lost)
    }
}
