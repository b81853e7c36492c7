import PrewarmCore
import PrewarmManifests
import Testing

@Suite("References between manifests")
struct CatalogTests {
    private func catalog(
        _ texts: [String], provisioners: [String]? = ["local", "cloud"], standard: String? = "local",
        unread: [String] = [], previous: [Preset] = [], previousTemplates: [Template] = []
    ) -> Catalog {
        Catalog(
            source: "presets",
            files: texts.enumerated().map { (path: "\("abcdef".dropFirst($0).prefix(1)).yaml", file: parse($1)) },
            unreadPaths: unread, provisioners: provisioners, defaultProvisioner: standard, previous: previous,
            previousTemplates: previousTemplates)
    }

    private func briefs(_ catalog: Catalog) -> [String] { catalog.diagnostics.map { "\($0.file):\($0.brief)" } }

    private static let template = templateText("provisioner: cloud\nactiveVersion: 1.4.2")

    private func preset(_ name: String, _ spec: String = "template: go-dev\nversion: 1.4.2\ninstances: 1") -> String {
        presetText(spec).replacing("name: go\n", with: "name: \(name)\n")
    }

    @Test("A preset takes the version and the provisioner from its template")
    func good() throws {
        let catalog = catalog([Self.template, presetText("template: go-dev\ninstances: 2")])
        #expect(catalog.diagnostics == [] && catalog.templates.map(\.name) == ["go-dev"])
        let preset = try #require(catalog.presets.first)
        #expect(preset.key == PresetKey(source: "presets", name: "go") && catalog.presets.count == 1)
        #expect(preset.origin == Origin(file: "b.yaml", line: 4) && preset.retirement == nil)
        #expect(
            preset.spec == WorkspaceSpec(template: "go-dev", version: "1.4.2", provisioner: "cloud", parameters: [:]))
    }

    @Test("A preset whose template has no manifest uses the default provisioner")
    func opaque() throws {
        let catalog = catalog([preset("go")])
        #expect(catalog.diagnostics == [] && catalog.presets.first?.spec.provisioner == "local")
    }

    @Test("Presets are sorted by name, also over several files")
    func order() {
        #expect(
            catalog([preset("c") + "---\n" + preset("a"), preset("b")]).presets.map(\.key.name) == ["a", "b", "c"])
    }

    @Test("A duplicate name is reported at both places, and neither definition is applied")
    func duplicates() {
        let both = catalog([preset("go"), preset("x") + "---\n" + preset("go")])
        #expect(
            briefs(both) == [
                "a.yaml:4:9 the preset \"go\" is defined here and in b.yaml:13:9 | "
                    + "rename one of the documents, or remove it: names are unique in a source",
                "b.yaml:13:9 the preset \"go\" is defined here and in a.yaml:4:9 | "
                    + "rename one of the documents, or remove it: names are unique in a source",
            ])
        #expect(both.presets.map(\.key.name) == ["x"] && both.invalidNames == ["go"])
        let templates = catalog([Self.template, Self.template, Self.template, preset("go")])
        #expect(
            templates.diagnostics.filter { $0.severity == .error }.map(\.message) == [
                "the template \"go-dev\" is defined here and in b.yaml:4:9",
                "the template \"go-dev\" is defined here and in a.yaml:4:9",
                "the template \"go-dev\" is defined here and in a.yaml:4:9",
            ])
        #expect(templates.presets == [] && templates.templates == [] && templates.invalidNames == ["go"])
    }

    @Test(
        "A reference to a missing template or preset is reported with a suggestion",
        arguments: [
            (
                "template: go-dve\ninstances: 1", "local",
                [
                    "b.yaml:6:13 cannot choose a version: there is no template \"go-dve\", and the preset has no "
                        + "`version` | did you mean \"go-dev\"?"
                ]
            ),
            (
                "template: go-dve\nversion: 1.4.2\ninstances: 1", nil,
                [
                    "b.yaml:6:13 cannot choose a provisioner: there is no template \"go-dve\", and the "
                        + "configuration has no default provisioner | did you mean \"go-dev\"?"
                ]
            ),
            (
                "template: unlike\nversion: 1.4.2\ninstances: 1", nil,
                [
                    "b.yaml:6:13 cannot choose a provisioner: there is no template \"unlike\", and the "
                        + "configuration has no default provisioner | set `default: true` on a provisioner of the "
                        + "configuration, or set `provisioner` in the template"
                ]
            ),
            (
                "template: go-dev\ninstances: 1\ndeprecated: {replacement: g}", "local",
                ["b.yaml:8:29 invalid replacement \"g\": the source has no preset of that name | did you mean \"go\"?"]
            ),
        ] as [(String, String?, [String])])
    func dangling(spec: String, standard: String?, expected: [String]) {
        let catalog = catalog([Self.template, presetText(spec)], standard: standard)
        #expect(briefs(catalog) == expected)
        #expect(catalog.presets == [] && catalog.invalidNames == ["go"])
    }

    @Test(
        "A template with an unknown provisioner or replacement is refused",
        arguments: [
            (
                "provisioner: clout",
                "a.yaml:6:16 invalid provisioner \"clout\": the configuration has no provisioner of that name | "
                    + "did you mean \"cloud\"?"
            ),
            (
                "provisioner: aws",
                "a.yaml:6:16 invalid provisioner \"aws\": the configuration has no provisioner of that name | "
                    + "use a provisioner of the configuration: cloud, local"
            ),
            (
                "deprecated: {replacement: go-def}",
                "a.yaml:6:29 invalid replacement \"go-def\": the source has no template of that name | "
                    + "did you mean \"go-dev\"?"
            ),
        ])
    func templates(spec: String, expected: String) {
        let catalog = catalog([templateText(spec), preset("go")])
        let errors = catalog.diagnostics.filter { $0.severity == .error }
        #expect(errors.map { "\($0.file):\($0.brief)" } == [expected], "only the template has an error")
        let warnings = catalog.diagnostics.filter { $0.severity == .warning }
        #expect(warnings.map(\.file) == ["a.yaml"] && warnings.first?.message.hasSuffix("as they are: go") == true)
        #expect(catalog.presets == [] && catalog.templates == [] && catalog.invalidNames == ["go"])
    }

    @Test("A preset may use only secrets that the configuration has for its provisioner")
    func secrets() {
        let text = preset(
            "go", "template: go-dev\nversion: v1\ninstances: 1\nparameters: {t: {valueFrom: {secret: TOKEN}}}")
        func problems(_ secrets: [String: Set<String>]?) -> [String] {
            let catalog = Catalog(
                source: "presets", files: [("a.yaml", parse(text))], provisioners: ["local"], secrets: secrets,
                defaultProvisioner: "local", previous: [], previousTemplates: [])
            return briefs(catalog)
        }
        #expect(problems(["local": ["TOKEN"]]) == [] && problems(nil) == [])
        let message =
            "a.yaml:9:19 invalid secret \"TOKEN\": the configuration has no such secret for the provisioner "
            + "\"local\" | "
        #expect(problems(["local": ["TOKEM"], "cloud": ["TOKEN"]]) == [message + "did you mean \"TOKEM\"?"])
        #expect(problems(["local": []]) == [message + "add TOKEN to `secrets` in the configuration"])
    }

    @Test("Without a configuration, a template may name any provisioner")
    func anyProvisioner() {
        #expect(catalog([templateText("provisioner: aws"), preset("go")], provisioners: nil).diagnostics == [])
    }

    @Test("A preset that is deprecated, or of an inactive version or a deprecated template, is retired")
    func retirement() {
        func retirement(_ template: String, _ more: String = "") -> Preset.Retirement? {
            let spec = "template: go-dev\nversion: v1\ninstances: 1\(more)"
            return catalog([templateText(template), presetText(spec)]).presets.first?.retirement
        }
        #expect(retirement("activeVersion: v1") == nil)
        #expect(retirement("activeVersion: v2") == .inactive(activeVersion: "v2"))
        #expect(retirement("deprecated: true") == .templateDeprecated(Deprecation()))
        #expect(
            retirement("deprecated: true", "\ndeprecated: {message: m}") == .deprecated(Deprecation(message: "m")))
    }

    @Test("A removed preset is pruned, and a preset with new errors stays unchanged")
    func previous() {
        let before = catalog([preset("a"), preset("b"), preset("c")]).presets
        let after = catalog([preset("a"), preset("b", "template: go-dev\ninstances: x")], previous: before)
        #expect(after.presets.map(\.key.name) == ["a", "b", "c"])
        #expect(after.presets.map(\.retirement) == [nil, nil, .pruned])
        let broken = catalog([preset("a"), "apiVersion: prewarm/v1\nkind: [\n"], previous: before)
        #expect(broken.presets.map(\.retirement) == [nil, nil, nil], "b.yaml may define the removed preset c")
        let warning = broken.diagnostics.first { $0.severity == .warning }
        #expect(warning?.message.hasSuffix("no other file defines; they stay until it can be read: c") == true)
        #expect(warning?.file == "b.yaml")
    }

    @Test(
        "A preset stays if its file no longer looks like a manifest, and is pruned if the file is of another tool",
        arguments: [
            ("apiVersoin: prewarm/v1\nkind: Preset\nmetadata: {name: b}\n", true),
            ("kind: Preset\nmetadata: {name: b}\n", true), ("apiVersion: prewarm\nkind: Preset\n", true),
            ("a: [\n# prewarm/v1\n", true), ("k\0i\0n\0d\0", true),
            ("apiVersion: prewarm.dev/v1\nkind: Preset\nmetadata: {name: b}\n", true), ("", true), ("---\n", true),
            ("foo", true), ("apiVersion:\n", true), ("x: 1\n", true), ("# see prewarm/v1\n", true),
            ("apiVersion: ENC[AES256_GCM,data:abc]\nkind: ENC[AES256_GCM,data:abc]\n", true),
            ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n", false),
            ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: prewarm/b}\n", false),
        ])
    func noneAnyMore(text: String, stays: Bool) {
        let before = catalog([preset("a"), preset("b")]).presets
        let after = catalog([preset("a"), text], previous: before)
        #expect(after.presets.map(\.retirement) == [nil, stays ? nil : .pruned])
        #expect(after.diagnostics.count { $0.severity == .error } == (stays ? 1 : 0))
        let alone = catalog([preset("a"), text])
        #expect(!alone.diagnostics.contains { $0.severity == .error }, "without an applied preset, the file is foreign")
        #expect(alone.diagnostics.isEmpty != text.contains("name: b}\n") || !stays, "a near miss is reported")
        let beside = catalog([preset("a"), preset("b") + "---\n" + text], previous: before)
        #expect(beside.presets.map(\.retirement) == [nil, nil])
    }

    @Test(
        "A typing error in the apiVersion or kind of a template does not change its presets",
        arguments: [
            "apiVersion: prewam/v1\nkind: Template\nmetadata: {name: go-dev}\nspec: {provisioner: cloud}\n",
            "kind: Template\nmetadata: {name: go-dev}\nspec: {provisioner: cloud}\n",
            "apiVersion: prewarm/v1\nkind: Tempalte\nmetadata: {name: go-dev}\nspec: {provisioner: cloud}\n",
            "apiVersion: prewarm/v1\nmetadata: {name: go-dev}\nspec: {provisioner: cloud}\n",
            "apiVersion: prewarm/v1\nkind: Template\nmetadata: {name: go}\nspec: {provisioner: absent}\n",
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            String(repeating: "# Templates\n", count: 30_000), "",
        ])
    func doubtfulTemplate(text: String) throws {
        let template = templateText("provisioner: cloud")
        let before = catalog([template, preset("a")])
        #expect(before.presets.first?.spec.provisioner == "cloud")
        for files in [[text, preset("a")], ["", preset("a"), text]] {
            // An empty file matters only if the template was in it before.
            if text.isEmpty, files.count == 3 { continue }
            let isMoved = files.count == 3
            if isMoved, text.contains("name: go}") { continue }
            let after = catalog(files, previous: before.presets, previousTemplates: before.templates)
            #expect(after.presets == before.presets, "\(after.diagnostics)")
            #expect(after.templates == before.templates)
            #expect(!after.diagnostics.isEmpty)
        }
        let removed = catalog([preset("a")], previous: before.presets, previousTemplates: before.templates)
        #expect(
            removed.templates.isEmpty && removed.presets.first?.spec.provisioner != "cloud",
            "a removed template is no longer applied")
    }

    @Test("A preset stays if it moved to a file with an error or to a document with a typing error")
    func movedAndBroken() {
        let before = catalog([preset("a"), preset("b")]).presets
        let moved = [
            preset("b") + "---\n" + preset("a", "nmae: x\ninstances: ["),
            preset("b") + "---\n" + preset("a").replacing("name: a", with: "nmae: a"),
            preset("b") + "---\n" + preset("a").replacing("prewarm/v1", with: "prewam/v1"),
        ]
        for text in moved {
            let after = catalog(["", text], previous: before)
            #expect(after.presets.map(\.retirement) == [nil, nil], "\(text)")
            #expect(after.diagnostics.contains { $0.severity == .error })
        }
    }

    @Test("A preset stays if its file or its folder became a symbolic link")
    func linked() {
        let before = catalog([preset("a"), preset("b")]).presets
        #expect(catalog([preset("a")], unread: ["b.yaml"], previous: before).presets.map(\.retirement) == [nil, nil])
        #expect(catalog([preset("a")], unread: ["b"], previous: before).presets.map(\.retirement) == [nil, .pruned])
        let moved = before.map { preset in
            Preset(
                key: preset.key, origin: Origin(file: "teams/\(preset.key.name).yaml", line: 1), spec: preset.spec,
                instances: preset.instances)
        }
        #expect(catalog([preset("a")], unread: ["teams"], previous: moved).presets.map(\.retirement) == [nil, nil])
    }

    @Test(
        "A preset stays if its file has an error, even if the document has another name now",
        arguments: [
            "template: go-dev\ninstances: x", "template: nothing\ninstances: 1",
        ])
    func renamedAndBroken(spec: String) {
        let before = catalog([preset("a"), preset("b")]).presets
        let after = catalog([preset("a"), preset("c", spec)], previous: before)
        #expect(after.presets.map(\.key.name) == ["a", "b"] && after.presets.map(\.retirement) == [nil, nil])
        #expect(after.diagnostics.count == 1)
        let twice = catalog([preset("a"), preset("a")], previous: before)
        #expect(twice.presets.map(\.retirement) == [nil, nil], "b.yaml and a.yaml define the preset a now")
        let other = catalog([preset("a"), "x: 1", preset("c", spec)], previous: before)
        #expect(other.presets.map(\.retirement) == [nil, nil], "b.yaml exists and defines nothing")
        let gone = catalog([preset("a", spec)], previous: before)
        #expect(gone.presets.map(\.retirement) == [nil, .pruned])
    }

    @Test(
        "The presets of a template with an error stay unchanged",
        arguments: [
            "apiVersion: prewarm/v1\nkind: Template\nmetadata: {name: go-dev\n",
            "apiVersion: prewarm/v1\nkind: Template\nmetadata: {name: Go_Dev}\nspec: {}\n",
            "apiVersion: prewarm/v1\nkind: Template\nmetadata: {name: go-dev}\nspec: {activeVersion: 1.5}\n",
            "apiVersion: prewarm/v1\nkind: [\n",
        ])
    func hiddenTemplate(broken: String) {
        let before = catalog([Self.template, preset("a"), preset("b", "template: opaque\nversion: 1\ninstances: 1")])
        let after = catalog(
            [broken, preset("a", "template: go-dev\nversion: 1.4.2\ninstances: 9")], previous: before.presets,
            previousTemplates: before.templates)
        #expect(after.presets.first == before.presets.first, "the version is unknown, so even the number stays")
        #expect(after.templates == before.templates)
        #expect(after.diagnostics.count { $0.severity == .error } == 1, "the error is reported once")
        #expect(after.diagnostics.contains { $0.message.hasSuffix("stay as they are: a") }, "\(after.diagnostics)")
    }

    @Test("A new preset waits if an unreadable file may define its template, and other presets are applied")
    func firstSight() {
        let broken = "apiVersion: prewarm/v1\nkind: Template\nmetadata: {name: go-dev\n"
        let other = templateText("activeVersion: v1").replacing("go-dev", with: "other")
        let catalog = catalog([broken, preset("a"), other, preset("b", "template: other\ninstances: 1")])
        #expect(catalog.presets.map(\.key.name) == ["b"])
        let foreign = self.catalog(["apiVersion: prewarm/v1\nkind: [\n", preset("a")])
        #expect(foreign.presets.map(\.key.name) == ["a"], "a file without a template delays no preset")
    }

    @Test("Errors between files quote their line after the bytes are read")
    func quotes() {
        var catalog = catalog([Self.template, preset("go", "template: go-dve\ninstances: 1")])
        #expect(catalog.unquotedPaths == ["b.yaml"])
        catalog.quote { $0 == "b.yaml" ? Array(preset("go", "template: go-dve\ninstances: 1").utf8) : nil }
        #expect(catalog.diagnostics.map(\.excerpt) == ["  template: go-dve"] && catalog.unquotedPaths == [])
    }

    @Test("With a new broken file, no preset is pruned, because the file may define it")
    func hidden() {
        let before = catalog([preset("a"), preset("b")]).presets
        let after = catalog([preset("a"), "x: 1", "apiVersion: prewarm/v1\nkind: [\n"], previous: before)
        #expect(after.hidesPresets && after.presets.map(\.retirement) == [nil, nil])
    }
}
