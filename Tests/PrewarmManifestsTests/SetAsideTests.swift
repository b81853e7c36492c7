import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Manifests that are commented out or wrapped")
struct SetAsideTests {
    private static let manifest = presetText("template: opaque\nversion: a\ninstances: 1")
    private static let other = manifest.replacing("name: go\n", with: "name: other\n")

    private static func commented(_ text: String, _ mark: String = "# ") -> String {
        text.split(separator: "\n").map { mark + $0 + "\n" }.joined()
    }

    private static func indented(_ text: String, _ lead: String) -> String {
        text.split(separator: "\n").map { lead + $0 + "\n" }.joined()
    }

    private static func list(_ head: String) -> String {
        head + "items:\n" + indented(manifest, "    ").replacing("    apiVersion", with: "  - apiVersion")
    }

    private func catalog(_ texts: [String: String], previous: Catalog? = nil) -> Catalog {
        Catalog(
            source: "s", files: texts.sorted { $0.key < $1.key }.map { ($0.key, parse($0.value)) }, provisioners: nil,
            defaultProvisioner: "local", previous: previous?.presets ?? [], previousTemplates: previous?.templates ?? []
        )
    }

    static let wrappings: [String] = [
        commented(manifest), commented(manifest, "#"), commented(manifest, "  ## "),
        "# " + manifest.replacing("\n", with: "\n\n# "), "# note\n\n" + commented(manifest) + "---\n# the end\n",
        commented("{apiVersion: prewarm/v1, kind: Preset, metadata: {name: go}, spec: {}}"),
        list("apiVersion: v1\nkind: List\n"), list("apiVersion: prewarm/v1\nkind: List\n"), list("kind: PresetList\n"),
        list(""), indented(manifest, "  ").replacing("  apiVersion", with: "- apiVersion"),
        "- - " + indented(manifest, "    ").dropFirst(4),
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items: [{apiVersion: prewarm/v1, "
            + "kind: Preset, metadata: {name: go}}]\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  go.yaml: |\n" + indented(manifest, "    "),
        "preset:\n" + indented(manifest, "  "), "", "---\n", "# nothing\n",
        manifest.replacing("prewarm/v1", with: "prewarm/v2"), manifest.replacing("prewarm/v1", with: "prewarm.dev/v1"),
        manifest.replacing("prewarm/v1", with: "prewarm.example.org/v1"),
        "{{ if .Values.on }}\n" + manifest + "{{ end }}\n", manifest.replacing("apiVersion", with: "# apiVersion"),
        manifest.replacing("kind", with: "#kind"), manifest.replacing("  name", with: "  # name"),
    ]

    @Test("A manifest that is commented out or wrapped keeps its pools and is reported", arguments: wrappings)
    func kept(text: String) {
        let before = catalog(["a.yaml": Self.manifest, "b.yaml": Self.other])
        let after = catalog(["a.yaml": text, "b.yaml": Self.other], previous: before)
        #expect(after.presets == before.presets, "\(text)\n\(after.diagnostics)")
        #expect(after.diagnostics.contains { $0.severity == .error && $0.file == "a.yaml" }, "\(after.diagnostics)")
    }

    @Test(
        "The error names why the file defines nothing any more",
        arguments: [
            ("", "the file has no content"),
            (commented(manifest), "the manifest is commented out or inside other text"),
            ("a: 1\n", "the file has no document with the apiVersion and kind of a manifest"),
        ])
    func causes(text: String, cause: String) {
        let after = catalog(["a.yaml": text], previous: catalog(["a.yaml": Self.manifest]))
        #expect(after.diagnostics.map(\.message).contains { $0.hasPrefix(cause + ": ") }, "\(after.diagnostics)")
    }

    @Test("A manifest that is commented out stays, and one that is removed from the same file is pruned")
    func oneOfSeveral() {
        let before = catalog(["a.yaml": Self.manifest + "---\n" + Self.other])
        #expect(before.presets.map(\.key.name) == ["go", "other"])
        for text in [Self.commented(Self.manifest), Self.list("apiVersion: v1\nkind: List\n")] {
            for document in [Self.other + "---\n" + text, text + "---\n" + Self.other] {
                let after = catalog(["a.yaml": document], previous: before)
                // The other document may have moved within the file.
                #expect(after.presets.map(\.key) == before.presets.map(\.key), "\(document)")
                #expect(after.presets.allSatisfy { $0.retirement == nil }, "\(document)")
                #expect(after.diagnostics.contains { $0.severity == .error && $0.message.hasSuffix(": go") })
            }
        }
        let removed = catalog(["a.yaml": "# only a note on go, a Preset\n" + Self.other], previous: before)
        #expect(removed.presets.map(\.retirement) == [.pruned, nil] && removed.diagnostics == [])
        let renamed = catalog(
            ["a.yaml": Self.manifest.replacing("name: go\n", with: "name: new # name: go\n") + "---\n" + Self.other],
            previous: before)
        #expect(renamed.presets.map(\.retirement) == [.pruned, nil, nil] && renamed.diagnostics == [])
    }

    @Test("A commented manifest keeps no pools of other files, but a wrapped one does")
    func moved() {
        let before = catalog(["a.yaml": Self.manifest, "b.yaml": Self.other])
        let comment = catalog(["b.yaml": Self.other + Self.commented(Self.manifest)], previous: before)
        #expect(comment.presets.map(\.retirement) == [.pruned, nil])
        let wrapped = catalog(
            ["b.yaml": Self.other + "---\n" + Self.list("apiVersion: v1\nkind: List\n")], previous: before)
        #expect(wrapped.presets == before.presets)
        #expect(
            wrapped.diagnostics.contains {
                $0.message == "the Preset is not read, because it is inside another document"
            })
    }

    @Test("A template that is commented out or wrapped stays, and its presets stay unchanged")
    func template() {
        let template = templateText("provisioner: cloud\nactiveVersion: a")
        let preset = presetText("template: go-dev\ninstances: 1")
        let before = catalog(["p.yaml": preset, "t.yaml": template])
        #expect(before.presets.map(\.spec.provisioner) == ["cloud"])
        for text in [
            Self.commented(template),
            "kind: List\nitems: [{apiVersion: prewarm/v1, kind: Template, "
                + "metadata: {name: go-dev}}]\n",
        ] {
            let after = catalog(["p.yaml": preset, "t.yaml": text], previous: before)
            #expect(after.presets == before.presets && after.templates == before.templates, "\(after.diagnostics)")
            #expect(after.diagnostics.contains { $0.severity == .error })
        }
    }
}
