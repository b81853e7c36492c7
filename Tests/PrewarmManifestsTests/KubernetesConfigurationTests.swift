import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("Kubernetes objects in the configuration")
struct KubernetesConfigurationTests {
    private static func parse(
        _ kubernetes: String, _ more: String = "", _ environment: [String: String] = [:]
    ) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        let text = """
            apiVersion: prewarm/v1
            kind: Config
            sources:
              - {name: presets, url: ../presets}
            provisioners:
              - name: cluster
                kubernetes:
            \(kubernetes.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n"))
            \(more)
            """
        return ConfigurationParser.parse(Array(text.utf8), file: "prewarm.yaml") { environment[$0] }
    }

    @Test("Every field is read")
    func everything() throws {
        let (configuration, diagnostics) = Self.parse(
            """
            template: workspace.yaml
            kubeconfig: ~/.kube/config
            context: dev
            namespace: workspaces
            endpoint: http://{Service.spec.clusterIP}:8080/${TOKEN}
            readyTimeout: 90s
            readyConditions: {Sandbox: Ready}
            deletion: Background
            previousKinds: [{apiVersion: apps/v1, kind: Deployment}]
            handover:
              patch:
                - kind: Pod
                  labels: {owner: "{owner}"}
                  annotations: {example.org/branch: "{claim.branch}"}
                - {kind: Secret, stringData: {key: "{claim.key}"}}
              exec: {kind: Pod, container: dev, command: [/hand-over, "{owner}"]}
            """, "    timeout: 20m", ["TOKEN": "{a}"])
        #expect(diagnostics == [])
        let provisioner = try #require(configuration?.provisioners.first)
        #expect(provisioner.operations == ["create", "delete", "inspect", "list", "claim"])
        #expect(provisioner.timeout == .seconds(1200) && provisioner.command.isEmpty && provisioner.container == nil)
        #expect(configuration?.handoverProvisioners == ["cluster"])
        let spec = try #require(provisioner.kubernetes?.spec)
        #expect(spec.template == "workspace.yaml" && spec.kubeconfig == "~/.kube/config" && spec.context == "dev")
        #expect(spec.namespace == "workspaces" && spec.readyTimeout == .seconds(90) && spec.deletion == .background)
        #expect(spec.endpoint?.placeholders == [.field(kind: "Service", path: ["spec", "clusterIP"])])
        #expect(spec.endpoint?.parts.last == .literal(":8080/{a}"))
        #expect(spec.readyConditions == ["Sandbox": "Ready"])
        #expect(spec.previousKinds == [ObjectKind(apiVersion: "apps/v1", kind: "Deployment")])
        let handover = try #require(spec.handover)
        #expect(handover.patches.map(\.kind) == ["Pod", "Secret"])
        #expect(handover.patches[0].labels["owner"]?.placeholders == [.owner])
        #expect(handover.patches[0].annotations.values.first?.placeholders == [.claim("branch")])
        #expect(handover.patches[1].stringData["key"]?.placeholders == [.claim("key")])
        #expect(handover.exec?.container == "dev" && handover.exec?.command.count == 2)
    }

    @Test("Only the template is required, and the other keys take the defaults of the schema")
    func defaults() throws {
        let (configuration, diagnostics) = Self.parse("template: w.yaml")
        #expect(diagnostics == [])
        let spec = try #require(configuration?.provisioners.first?.kubernetes?.spec)
        #expect(spec == KubernetesSpec(template: "w.yaml"))
        #expect(spec.readyTimeout == .seconds(300) && spec.deletion == .foreground && spec.previousKinds == [])
        #expect(configuration?.provisioners.first?.operations == ["create", "delete", "inspect", "list"])
    }

    private static let mistakeCases: [(kubernetes: String, expected: String)] = [
        (
            "template: w\nendpoint: \"{ports.22}\"",
            "9:17 invalid endpoint \"{ports.22}\": unknown placeholder {ports.22}: use one of {id}, {name}, {preset}, "
                + "{version}, {parameters.NAME}, {namespace}, {KIND.FIELD}, or write {{ for the character {"
        ),
        (
            "template: w\nhandover: {patch: [{kind: Pod, labels: {a: \"{Pod.status}\"}}]}",
            "9:50 invalid a \"{Pod.status}\": unknown placeholder {Pod.status}: use one of {id}, {name}, {preset}, "
                + "{version}, {parameters.NAME}, {namespace}, {owner}, {claim.NAME}, or write {{ for the character {"
        ),
        (
            "template: w\nhandover: {}",
            "9:17 invalid handover: it has neither patch nor exec | add patch or exec, or remove handover"
        ),
        (
            "template: w\nhandover: {patch: [{kind: Pod, stringData: {a: b}}]}",
            "9:50 invalid patch: only a Secret has stringData | write kind: Secret, or use annotations"
        ),
        (
            "template: w\nhandover: {patch: [{kind: Pod, labels: {prewarm/workspace: a}}]}",
            "9:66 invalid labels: the key prewarm/workspace belongs to prewarm | remove it"
        ),
    ]

    @Test(
        "A mistake is reported at its place",
        arguments: mistakeCases)
    func mistakes(kubernetes: String, expected: String) {
        let found = Self.parse(kubernetes).diagnostics.map(\.brief)
        #expect(found == [expected])
    }

    @Test("A kind that the template does not have is an error at the key that names it")
    func unknownKinds() throws {
        let (configuration, diagnostics) = Self.parse(
            """
            template: w.yaml
            endpoint: http://{Service.spec.clusterIP}
            readyConditions: {Sandbox: Ready}
            handover: {patch: [{kind: Secret, stringData: {a: b}}], exec: {kind: Pod, command: [a]}}
            """)
        #expect(diagnostics == [])
        let kubernetes = try #require(configuration?.provisioners.first?.kubernetes)
        let objects = ObjectTemplateParser.parse(
            Array("apiVersion: v1\nkind: Pod\nmetadata: {name: \"{id}\"}".utf8)
        ).objects
        let found = kubernetes.problems(with: objects)
        #expect(found.map(\.position?.line) == [9, 10, 11])
        #expect(
            found.first?.message == "invalid endpoint: the template w.yaml has no object of the kind Service"
                && found.allSatisfy { $0.hint == "use one of these kinds: Pod" })
    }
}
