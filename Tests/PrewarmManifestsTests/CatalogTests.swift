import PrewarmCore
import PrewarmManifests
import Testing

@Suite("References between manifests")
struct CatalogTests {
    private func catalog(
        _ texts: [String], provisioners: [String]? = ["local", "cloud"], standard: String? = "local",
        previous: [Preset] = []
    ) -> Catalog {
        Catalog(
            source: "presets",
            files: texts.enumerated().map { (path: "\("abcdef".dropFirst($0).prefix(1)).yaml", file: parse($1)) },
            provisioners: provisioners, defaultProvisioner: standard, previous: previous, previousTemplates: [])
    }

    private func briefs(_ catalog: Catalog) -> [String] { catalog.diagnostics.map { "\($0.file):\($0.brief)" } }

    private static let template = templateText("provisioner: cloud\nactiveVersion: 1.4.2")

    private func preset(_ name: String, _ spec: String = "template: go-dev\nversion: 1.4.2\ninstances: 1") -> String {
        presetText(spec).replacing("name: go\n", with: "name: \(name)\n")
    }

    @Test("A preset takes version and provisioner from its template")
    func good() throws {
        let catalog = catalog([Self.template, presetText("template: go-dev\ninstances: 2")])
        #expect(catalog.diagnostics == [] && catalog.templates.map(\.name) == ["go-dev"])
        let preset = try #require(catalog.presets.first)
        #expect(preset.key == PresetKey(source: "presets", name: "go") && catalog.presets.count == 1)
        #expect(preset.origin == Origin(file: "b.yaml", line: 4) && preset.retirement == nil)
        #expect(
            preset.spec == WorkspaceSpec(template: "go-dev", version: "1.4.2", provisioner: "cloud", parameters: [:]))
    }

    @Test("A template without a manifest is opaque, and goes to the default provisioner")
    func opaque() throws {
        let catalog = catalog([preset("go")])
        #expect(catalog.diagnostics == [] && catalog.presets.first?.spec.provisioner == "local")
    }

    @Test("Presets are in the order of their names, wherever they lie")
    func order() {
        #expect(
            catalog([preset("c") + "---\n" + preset("a"), preset("b")]).presets.map(\.key.name) == ["a", "b", "c"])
    }

    @Test("A name that is there twice is told at both places, and neither is in force")
    func duplicates() {
        let both = catalog([preset("go"), preset("x") + "---\n" + preset("go")])
        #expect(
            briefs(both) == [
                "a.yaml:4:9 the preset \"go\" is defined here and in b.yaml:13:9 | "
                    + "a name is unique in a source: rename one or remove it",
                "b.yaml:13:9 the preset \"go\" is defined here and in a.yaml:4:9 | "
                    + "a name is unique in a source: rename one or remove it",
            ])
        #expect(both.presets.map(\.key.name) == ["x"] && both.invalidNames == ["go"])
        let templates = catalog([Self.template, Self.template, Self.template, preset("go")])
        #expect(
            templates.diagnostics.map(\.message) == [
                "the template \"go-dev\" is defined here and in b.yaml:4:9",
                "the template \"go-dev\" is defined here and in a.yaml:4:9",
                "the template \"go-dev\" is defined here and in a.yaml:4:9",
            ])
        #expect(templates.presets == [] && templates.templates == [] && templates.invalidNames == ["go"])
    }

    @Test(
        "A reference to nothing is told where it stands, with what may be meant",
        arguments: [
            (
                "template: go-dve\ninstances: 1", "local",
                [
                    "b.yaml:6:3 the preset has no version, and there is no template \"go-dve\" to take it from | "
                        + "add `version:` to its spec"
                ]
            ),
            (
                "template: go-dve\nversion: 1.4.2\ninstances: 1", nil,
                [
                    "b.yaml:6:13 there is no template \"go-dve\", and no provisioner is the default one | "
                        + "did you mean \"go-dev\"?"
                ]
            ),
            (
                "template: unlike\nversion: 1.4.2\ninstances: 1", nil,
                [
                    "b.yaml:6:13 there is no template \"unlike\", and no provisioner is the default one | "
                        + "set `default: true` on a provisioner of the configuration, or name one in the template"
                ]
            ),
            (
                "template: go-dev\ninstances: 1\ndeprecated: {replacement: g}", "local",
                ["b.yaml:8:29 there is no preset \"g\" to replace this one | did you mean \"go\"?"]
            ),
        ] as [(String, String?, [String])])
    func dangling(spec: String, standard: String?, expected: [String]) {
        let catalog = catalog([Self.template, presetText(spec)], standard: standard)
        #expect(briefs(catalog) == expected)
        #expect(catalog.presets == [] && catalog.invalidNames == ["go"])
    }

    @Test(
        "A template names a provisioner and a replacement that exist",
        arguments: [
            (
                "provisioner: clout",
                "a.yaml:6:16 the configuration names no provisioner \"clout\" | did you mean \"cloud\"?"
            ),
            (
                "provisioner: aws",
                "a.yaml:6:16 the configuration names no provisioner \"aws\" | it names cloud, local"
            ),
            (
                "deprecated: {replacement: go-def}",
                "a.yaml:6:29 there is no template \"go-def\" to replace this one | did you mean \"go-dev\"?"
            ),
        ])
    func templates(spec: String, expected: String) {
        let catalog = catalog([templateText(spec), preset("go")])
        #expect(briefs(catalog) == [expected], "the preset's trouble is its template's, and told once")
        #expect(catalog.presets == [] && catalog.templates == [] && catalog.invalidNames == ["go"])
    }

    @Test("Where the configuration is not known, any provisioner will do")
    func anyProvisioner() {
        #expect(catalog([templateText("provisioner: aws"), preset("go")], provisioners: nil).diagnostics == [])
    }

    @Test("A preset of another version than the active one, or of what is deprecated, is retired")
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

    @Test("A preset that has gone is pruned; one that has errors now stays as it was")
    func previous() {
        let before = catalog([preset("a"), preset("b"), preset("c")]).presets
        let after = catalog([preset("a"), preset("b", "template: go-dev\ninstances: x")], previous: before)
        #expect(after.presets.map(\.key.name) == ["a", "b", "c"])
        #expect(after.presets.map(\.retirement) == [nil, nil, .pruned])
        let broken = catalog([preset("a"), "apiVersion: prewarm/v1\nkind: [\n"], previous: before)
        #expect(broken.presets.map(\.retirement) == [nil, nil, .pruned], "c.yaml is gone, b.yaml is broken")
    }

    @Test("A new file that is broken may hold what seems to be gone, so nothing is pruned")
    func hidden() {
        let before = catalog([preset("a"), preset("b")]).presets
        let after = catalog([preset("a"), "x: 1", "apiVersion: prewarm/v1\nkind: [\n"], previous: before)
        #expect(after.hidesPresets && after.presets.map(\.retirement) == [nil, nil])
    }
}
