import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

/// Values of manifests in each place of the operator's template.
@Suite("Values in Kubernetes objects")
struct ObjectPlanTests {
    private static func plan(
        _ spec: String, _ parameters: [String: ParameterValue], kind: String = "Pod", version: String = "1.0",
        secrets: [String: String] = [:]
    ) throws -> Value {
        let text =
            "apiVersion: v1\nkind: \(kind)\nmetadata: {name: \"{name}\", annotations: {n: \"{parameters.n}\"}}\n\(spec)"
        let workspace = WorkspaceSpec(
            template: "go", version: version, provisioner: "cluster",
            parameters: ["n": .string("x")].merging(parameters) { $1 })
        let request = ProvisionerRequest(
            id: OperationID("op"), operation: .create, attempt: 1,
            workspace: Workspace(
                id: WorkspaceID("01hzy3v7k8a9b0c1d2e3f4g5h6"), preset: PresetKey(source: "s", name: "go"),
                spec: workspace, fingerprint: workspace.fingerprint, state: .creating,
                createdAt: Timestamp(milliseconds: 0)),
            secrets: secrets)
        var values = PlaceholderValues(provisioner: "cluster", workspace: request.workspace, secrets: secrets)
        values.secretPlace = "`stringData` of a Secret"
        values.namespace = "dev"
        let plan = try ObjectPlan(try templates(text), request, values)
        return try #require(plan.items.first?.document)
    }

    private static func failure(_ spec: String, _ value: ParameterValue, kind: String = "Pod") -> String? {
        do {
            _ = try plan(spec, ["x": value], kind: kind)
            return nil
        } catch {
            return (error as? OperationFailure)?.text ?? "\(error)"
        }
    }

    private static let hostile = [
        "", "a b", "../x", "/etc", "a/b", "evil.example.org/x", "a:b", "a@sha256:0", "a;b", "$(id)", "`id`", "a\nb",
        "a\u{0}b", "\"", "'", "a&b", "a|b", "{version}", "é", "a\u{202e}b", ".hidden", "-rf", "x\nkind: Secret",
        String(repeating: "a", count: 129),
    ]

    @Test("A value cannot add another part to a name, an image, a label or a number", arguments: hostile)
    func names(value: String) throws {
        for (key, spec) in [
            ("spec.image", "spec: {image: \"registry.example.org/{parameters.x}:1\"}"),
            ("spec.resources.cpu", "spec: {resources: {cpu: \"{parameters.x}\"}}"),
            ("spec.paths.0.hostPath.path", "spec: {paths: [{hostPath: {path: \"/srv/{parameters.x}\"}}]}"),
            ("spec.labels.a", "spec: {labels: {a: \"{parameters.x}\"}}"),
        ] {
            let message = try #require(Self.failure(spec, .string(value)), "\(key): \(value)")
            #expect(message.contains("the parameter x in `Pod.\(key)` of provisioner cluster"), "\(message)")
            #expect(!message.contains("\n") && !message.contains("\u{202e}"))
        }
    }

    @Test("The kubelet expands no value in a variable, and still expands the text of the template")
    func expansion() throws {
        func variable(_ text: String, _ value: String, path: String = "containers") throws -> String? {
            try Self.plan(
                "spec: {\(path): [{env: [{name: A, value: \"\(text)\"}]}]}", ["x": .string(value)])["spec"]?
                .list(path)[0].list("env")[0].text("value")
        }
        #expect(try variable("$(HOME)/{parameters.x}", "$(TOKEN) $$(TOKEN)") == "$(HOME)/$$(TOKEN) $$$$(TOKEN)")
        #expect(try variable("${parameters.x}", "(TOKEN)") == "$$(TOKEN)")
        #expect(try variable("$${parameters.x}", "(TOKEN)") == "$$(TOKEN)")
        #expect(try variable("{parameters.x}", "$5", path: "initContainers") == "$$5")
        #expect(try variable("{parameters.x}", "$(TOKEN)", path: "parts") == "$(TOKEN)")
    }

    @Test("Two objects that get the same name from parameters are refused")
    func sameNames() throws {
        let text = ["a", "b"].map { "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{name}-{parameters.\($0)}\"}" }
            .joined(separator: "\n---\n")
        let spec = WorkspaceSpec(
            template: "go", version: "1", provisioner: "cluster", parameters: ["a": .string("x"), "b": .string("x")])
        let workspace = Workspace(
            id: newID(), preset: PresetKey(source: "s", name: "go"), spec: spec, fingerprint: spec.fingerprint,
            state: .creating, createdAt: Timestamp(milliseconds: 0))
        let request = ProvisionerRequest(
            id: OperationID("op"), operation: .create, attempt: 1, workspace: workspace, secrets: [:])
        let values = PlaceholderValues(provisioner: "cluster", workspace: workspace, secrets: [:])
        let error = #expect(throws: OperationFailure.self) { try ObjectPlan(templates(text), request, values) }
        #expect(error?.kind == .invalid && error?.message.contains("Pod/\(workspace.name)-x") == true)
    }

    @Test("An argument and an annotation take no characters of a shell, and a variable and data take any text")
    func texts() throws {
        let arguments = "spec: {command: [sh, -c, \"run {parameters.x}\"]}"
        #expect(Self.failure(arguments, .string("a; rm -rf /"))?.contains("Pod.spec.command.2") == true)
        #expect(Self.failure(arguments, .string("feature/x@1,2")) == nil)
        #expect(throws: OperationFailure.self) { try Self.plan("spec: {}", ["n": .string("a; }")]) }
        let hostile = "a\": {b}\n---\nkind: Secret\n# $(id)"
        let pod = try Self.plan(
            "spec: {containers: [{env: [{name: A, value: \"{parameters.x}\"}]}]}",
            ["x": .string(hostile)])
        #expect(
            pod["spec"]?.list("containers")[0].list("env")[0].text("value") == hostile.replacing("$", with: "$$"))
        #expect(pod.text("kind") == "Pod" && pod.pairs.map(\.key) == ["apiVersion", "kind", "metadata", "spec"])
        let map = try Self.plan("data: {a: \"{parameters.x}\"}", ["x": .string(hostile)], kind: "ConfigMap")
        #expect(map["data"]?.text("a") == hostile)
    }

    @Test("A secret enters stringData of a Secret and no other place")
    func secrets() throws {
        let secret = try Self.plan(
            "stringData: {a: \"{parameters.x}\"}", ["x": .secret("S")], kind: "Secret", secrets: ["S": "value"])
        #expect(secret["stringData"]?.text("a") == "value")
        for spec in [
            "spec: {env: [{name: A, value: \"{parameters.x}\"}]}", "spec: {command: [\"{parameters.x}\"]}",
        ] {
            let message = Self.failure(spec, .secret("S"))
            #expect(
                message?.contains("secrets are only allowed in `stringData` of a Secret") == true, "\(message ?? "")")
        }
        let map = Self.failure("data: {a: \"{parameters.x}\"}", .secret("S"), kind: "ConfigMap")
        #expect(map?.contains("it is a secret") == true)
    }

    @Test("A typed placeholder inserts a number or a boolean, and no text")
    func typed() throws {
        let spec = "spec: {replicas: !!int \"{parameters.x}\", text: \"{parameters.x}\"}"
        let number = try Self.plan(spec, ["x": .integer(3)])
        #expect(number["spec"]?["replicas"]?.int == 3 && number["spec"]?.text("text") == "3")
        #expect(try Self.plan(spec, ["x": .boolean(true)])["spec"]?["replicas"]?.bool == true)
        let message = Self.failure(spec, .string("3"))
        #expect(message?.contains("`Pod.spec.replicas` of provisioner cluster: it is no number or boolean") == true)
    }

    @Test("The labels of prewarm are added, and a name that Kubernetes does not allow is refused before the apply")
    func metadata() throws {
        let pod = try Self.plan("spec: {}", [:])
        #expect(pod["metadata"]?["labels"]?.text("prewarm/workspace") == "01hzy3v7k8a9b0c1d2e3f4g5h6")
        #expect(pod["metadata"]?["annotations"]?.text("prewarm/objects") == "Pod/go-e3f4g5h6")
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{id}-{version}\"}"
        let request = request()
        let values = PlaceholderValues(provisioner: "cluster", workspace: request.workspace, secrets: [:])
        #expect(
            try ObjectPlan(templates(text), request, values).items.first?.name == "01hzy3v7k8a9b0c1d2e3f4g5h6-1.4.2")
        let upper = "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{id}-A\"}"
        #expect(throws: OperationFailure.self) { try ObjectPlan(templates(upper), request, values) }
    }
}
