import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("Templates of Kubernetes objects")
struct ObjectTemplateTests {
    private static func parse(_ text: String) -> (objects: [ObjectTemplate], diagnostics: [Diagnostic]) {
        ObjectTemplateParser.parse(Array(text.utf8))
    }

    private static func pod(_ spec: String) -> String {
        "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{name}\"}\nspec:\n  \(spec)"
    }

    @Test("All documents are read with their values")
    func values() throws {
        let (objects, diagnostics) = Self.parse(
            """
            # A comment, and an empty document
            ---
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: "ws-{id}", labels: {app: x}}
            spec:
              replicas: !!int "{parameters.replicas}"
              paused: false
              ratio: 1.5
              nothing: ~
              script: echo ${{HOME}} {parameters.a}
              port: &port 8080
              ports: [*port, "9090"]
            ---
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "{name}"}}
            """)
        #expect(diagnostics == [])
        #expect(objects.map(\.kind.description) == ["apps/v1 Deployment", "v1 Service"])
        #expect(objects.map(\.position.line) == [4, 16])
        #expect(objects[0].name.placeholders == [.id] && objects[0].kind.group == "apps")
        let spec = try #require(objects[0].root["spec"])
        #expect(spec["replicas"] == .typed(parameter: "replicas"))
        #expect(spec["paused"] == .boolean(false) && spec["ratio"] == .number(1.5) && spec["nothing"] == .null)
        #expect(try spec["script"] == .text(PlaceholderText("echo ${{HOME}} {parameters.a}", .objects)))
        #expect(try spec["ports"] == .list([.integer(8080), .text(PlaceholderText("9090", .objects))]))
    }

    private static let mistakeCases: [(text: String, expected: String)] = [
        ("", "- invalid template: it has no object | add at least one object, for example a Pod"),
        ("[]", "1:1 invalid object: expected a mapping with apiVersion, kind and metadata"),
        ("kind: Pod\nmetadata: {name: \"{id}\"}", "1:1 invalid object: apiVersion is missing | add apiVersion"),
        (
            "apiVersion: v1\nkind: \"{parameters.kind}\"",
            "2:7 invalid kind \"{parameters.kind}\": expected a kind of Kubernetes objects, for example Pod"
        ),
        (
            "apiVersion: v1\nkind: List\nmetadata: {name: \"{id}\"}",
            "1:1 invalid object: its kind is List | write each object as a document of its own"
        ),
        (
            "apiVersion: v1\nkind: Pod",
            "1:1 invalid object: metadata.name is missing | add `metadata: {name: \"{name}\"}`"
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web}",
            "3:18 invalid name \"web\": it is the same for all workspaces | write {name} or {id} in the name"
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{id}\", namespace: a}",
            "3:37 invalid metadata: namespace is not allowed | remove it, and set `namespace` of the provisioner"
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{id}\", labels: {prewarm/workspace: a}}",
            "3:35 invalid labels: the key prewarm/workspace belongs to prewarm | remove it"
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{id}\", uid: a}",
            "3:31 invalid metadata: uid is not allowed | remove it"
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: \"{id}\"}\n"
                + "spec: {selector: {matchLabels: {app: dev, of: \"{preset}\"}}}",
            "4:32 invalid selector: it selects the pods of all workspaces | "
                + "write {name} or {id} in a label, for example `workspace: \"{name}\"`"
        ),
        (
            pod("image: go:{tag}"),
            "5:13 invalid text: unknown placeholder {tag}: use one of {id}, {name}, {preset}, {version}, "
                + "{parameters.NAME}, {namespace}, or write {{ for the character {"
        ),
        (
            pod("image: \"{parameters.host}/go\""),
            "5:10 invalid image: the part before the first / selects the registry, so it cannot contain a placeholder"
        ),
        (
            pod("replicas: !!int \"{version}\""),
            "5:13 invalid value: a number or boolean of a workspace is one parameter | "
                + "write for example !!int \"{parameters.replicas}\""
        ),
        (pod("a: 1\n  a: 2"), "6:3 duplicate key \"a\" | remove one of the two"),
        (pod("a: .inf"), "5:6 invalid number: JSON has no such number | write it as text"),
        (
            pod("<<: {a: 1}"), "5:3 invalid key: merges of YAML are not supported | write the keys themselves"
        ),
        (
            pod("{}") + "\n---\n" + pod("{}"),
            "7:1 invalid template: two objects are the Pod {name} | "
                + "give each object of a kind a name of its own, for example {name}-2"
        ),
    ]

    @Test(
        "A mistake is reported at its place",
        arguments: mistakeCases)
    func mistakes(text: String, expected: String) {
        let (objects, diagnostics) = Self.parse(text)
        #expect(objects == [])
        #expect(diagnostics.map { $0.position == nil ? "- \($0.brief.drop { $0 == " " })" : $0.brief } == [expected])
    }

    @Test("The number of objects, the size of aliases and the depth are limited")
    func limits() {
        let many = (0...ObjectTemplate.most).map {
            "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{id}-\($0)\"}"
        }.joined(separator: "\n---\n")
        #expect(Self.parse(many).diagnostics.first?.message.contains("more than the limit of 32") == true)
        let deep = Self.pod("a: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40))
        #expect(Self.parse(deep).diagnostics.first?.message.contains("deeper than the limit") == true)
        var bomb = "a0: &a0 [x]\n"
        for index in 1...8 {
            let alias = Array(repeating: "*a\(index - 1)", count: 9).joined(separator: ", ")
            bomb += "  a\(index): &a\(index) [\(alias)]\n"
        }
        #expect(Self.parse(Self.pod(bomb)).diagnostics.first?.message.contains("too many aliases") == true)
    }
}
