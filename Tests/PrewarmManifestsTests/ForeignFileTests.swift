import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Foreign and broken files")
struct ForeignFileTests {
    @Test("A Git LFS pointer is reported, and the applied presets of its path stay")
    func lfsPointer() throws {
        let pointer =
            "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "4d", count: 32))\nsize 12345\n"
        let file = parse(pointer)
        #expect(file.isDoubtful && !file.isUnreadable && file.foreignDocuments == 0)
        #expect(file.diagnostics.count == 1 && file.diagnostics[0].severity == .warning)
        let before = Catalog(
            source: "s", files: [("go.yaml", parse(presetText("template: go\nversion: a\ninstances: 1")))],
            provisioners: nil, defaultProvisioner: "local", previous: [], previousTemplates: [])
        let after = Catalog(
            source: "s", files: [("go.yaml", file)], provisioners: nil, defaultProvisioner: "local",
            previous: before.presets, previousTemplates: [])
        #expect(before.presets.count == 1 && after.presets == before.presets)
        #expect(after.diagnostics.first?.file == "go.yaml")
    }

    @Test(
        "Other YAML is ignored and counted",
        arguments: [
            ("a: 1\n", 1), ("- 1\n- 2\n", 1), ("just text", 1), ("", 0),
            ("apiVersion: v1\nkind: Pod\n", 1), ("apiVersion: apps/v1\nkind: Preset\n", 1),
            ("apiVersion: example.org/v1\nimage: prewarm/agent\n---\nb: 2\n", 2),
            ("apiVersion: prewarm/v1\nkind: Config\n", 1), ("# of prewarm/v1\n", 0),
            ("# of prewarm/v1\n---\n", 0), ("kind: Preset\nspec: {image: prewarm/agent}\n", 1),
            ("apiVersion: [prewarm/v1]\n", 1), ("apiVersion: {prewarm/v1: x}\n", 1),
        ])
    func foreign(text: String, count: Int) {
        let file = parse(text)
        #expect(file.diagnostics == [] && file.invalid == [] && !file.isUnreadable)
        #expect(file.presets == [] && file.templates == [] && file.foreignDocuments == count)
    }

    @Test("A document without apiVersion and kind is reported, and the applied preset of its name stays")
    func headless() {
        let text =
            presetText("template: go\nversion: a\ninstances: 1")
            + "---\nmetadata: {name: other}\nspec: {template: go, instances: 1}\n"
        let file = parse(text)
        #expect(file.presets.count == 1 && file.foreignDocuments == 1)
        #expect(
            file.doubtful == [
                InvalidDocument(isPreset: true, name: "other"), InvalidDocument(isPreset: false, name: "other"),
            ])
        #expect(file.diagnostics.map(\.severity) == [.warning])
        #expect(file.diagnostics.first?.message.hasSuffix("it has no \"apiVersion\" and no \"kind\"") == true)
    }

    @Test("A template of another tool does not affect a preset in the same file")
    func foreignTemplate() {
        let text = presetText("template: go\nversion: a\ninstances: 1")
        let file = parse(text + "---\napiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: x}\n")
        #expect(!file.isDoubtful && file.diagnostics == [])
        #expect(
            file.doubtful == [InvalidDocument(isPreset: false, name: "x")], "a template of that name may be applied")
        #expect(parse("apiVersion: v1\nkind: Preset\nmetadata: {name: x}\n").isDoubtful)
    }

    @Test("A file that is too large may define a template, so presets of that template wait and are listed")
    func templateTooLarge() {
        let large = parse(templateText("provisioner: cloud") + String(repeating: "# more\n", count: 40_000))
        let preset = parse(presetText("template: go\nversion: a\ninstances: 1"))
        let catalog = Catalog(
            source: "s", files: [("big.yaml", large), ("go.yaml", preset)], provisioners: nil,
            defaultProvisioner: "local", previous: [], previousTemplates: [])
        #expect(catalog.presets == [] && catalog.diagnostics.contains { $0.severity == .error })
        let warning = catalog.diagnostics.first { $0.severity == .warning }
        #expect(warning?.file == "big.yaml" && warning?.message.hasSuffix("stay as they are: go") == true)
    }

    private func catalog(
        _ files: [(path: String, file: ParsedFile)], previous: Catalog? = nil
    ) -> Catalog {
        Catalog(
            source: "s", files: files, provisioners: nil, defaultProvisioner: "local",
            previous: previous?.presets ?? [], previousTemplates: previous?.templates ?? [])
    }

    /// A CustomResourceDefinition that mentions templates and presets in its text, and an image of prewarm.
    private static let resource =
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.org}\n"
        + "# apiVersion: prewarm/v1 in a comment, with a Template and a Preset\nspec: {image: prewarm/agent}\n"

    @Test(
        "A foreign file holds nothing back, even if it is large or broken",
        arguments: [
            resource + String(repeating: "x: {description: a Template of a Preset}\n", count: 10_000),
            "# a Template of a Preset for prewarm/agent\na: [\n",
            "apiVersion: v1\nkind: Template\nmetadata: {name: other}\nspec: [prewarm/agent\n",
            "{\"apiVersion\": \"v1\", \"note\": \"prewarm/v1\", \"kind\": \"Template\"",
            "kind: Template # apiVersion: prewarm/v1\na: [\n", "apiVersion: prewarm/v1\nkind: Policy\nspec: {a: 1}\n",
            "apiVersion: prewarm/v1\nkind: Policy\n---\napiVersion: prewarm/v1\nkind: Quota\nmetadata: {name: a}\n",
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        ])
    func holdsNothing(text: String) {
        let go = presetText("template: opaque\nversion: a\ninstances: 1")
        let template = ("t.yaml", parse(templateText("provisioner: cloud")))
        let other = ("b.yaml", parse(go.replacing("name: go\n", with: "name: b\n")))
        let before = catalog([("a.yaml", parse(go)), other, template])
        let changed = go.replacing("instances: 1", with: "instances: 7")
        let after = catalog([("a.yaml", parse(changed)), ("foreign.yaml", parse(text))], previous: before)
        #expect(after.presets.map(\.key.name) == ["b", "go"] && after.presets.map(\.instances) == [1, 7])
        #expect(after.presets.map(\.retirement) == [.pruned, nil], "a preset whose file is removed is pruned")
        #expect(after.templates == [] && !after.hidesPresets)
        let new = go.replacing("name: go\n", with: "name: new\n")
        let added = catalog([("a.yaml", parse(new)), ("foreign.yaml", parse(text))])
        #expect(added.presets.map(\.key.name) == ["new"], "a new preset of an opaque template does not wait")
        #expect(added.invalidNames == [])
    }

    @Test("A file of more than 8 MiB is not read, and holds back only presets that were applied from it")
    func unread() {
        let go = ("a.yaml", parse(presetText("template: opaque\nversion: a\ninstances: 1")))
        let before = catalog([go])
        let huge = ParsedFile.tooLarge(limit: ManifestParser.readLimit)
        #expect(huge.diagnostics.map(\.severity) == [.warning] && !huge.isOurs)
        #expect(catalog([("huge.yaml", huge)], previous: before).presets.map(\.retirement) == [.pruned])
        #expect(catalog([("a.yaml", huge)], previous: before).presets == before.presets)
    }

    @Test(
        "A broken file counts as a manifest if it has an apiVersion of prewarm outside of comments",
        arguments: [
            ("apiVersion: prewarm/v1\na: [\n", true), ("{apiVersion: prewarm/v1, a: [\n", true),
            ("{\"apiVersion\": \"prewarm/v1\", \"a\": [\n", true), ("{\"apiVersion\":\"prewarm\\/v2\",\"a\":[", true),
            ("'apiVersion' : 'prewarm/v1'\na: [\n", true), ("- apiVersion: !!str prewarm/v1\n  a: [\n", true),
            ("apiVersion: &v prewarm/v1\na: [\n", true), ("apiVersion:\n  prewarm/v1\na: [\n", true),
            ("a: 'it # is'\n# x\napiVersion: prewarm/v1 # yes\nb: [\n", true),
            ("{note: \"a # b\", apiVersion: prewarm/v1, b: [\n", true), ("\tapiVersion: prewarm/v1\n", true),
            ("# apiVersion: prewarm/v1\na: [\n", false), ("a: [ # apiVersion: prewarm/v1\n", false),
            ("note: it isn't # apiVersion: prewarm/v1\na: [\n", false),
            ("myapiVersion: prewarm/v1\na: [\n", false),
            ("apiVersion: v1 # prewarm/\nimage: prewarm/v1\na: [\n", false),
            ("image: prewarm/agent\na: [\n", false), ("apiVersion: example.org/prewarm/v1\na: [\n", false),
        ])
    func declares(text: String, isOurs: Bool) {
        let file = parse(text)
        #expect(file.isUnreadable == isOurs && file.diagnostics.isEmpty != isOurs)
        #expect(isOurs || file.isDoubtful && file.foreignDocuments == 1)
        let wide: [UInt8] = [0xff, 0xfe] + text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        #expect(ManifestParser.parse(wide).isUnreadable == isOurs, "UTF-16 gives the same result")
    }

    @Test("A template at a path that was not read stays, and its presets stay unchanged")
    func unreadTemplate() {
        let template = parse(
            "apiVersion: prewarm/v1\nkind: Template\nmetadata: {name: go}\nspec: {provisioner: cloud}\n")
        let preset = parse(presetText("template: go\nversion: a\ninstances: 1"))
        let before = Catalog(
            source: "s", files: [("presets/go.yaml", preset), ("templates/go.yaml", template)],
            provisioners: nil, defaultProvisioner: "local", previous: [], previousTemplates: [])
        let after = Catalog(
            source: "s", files: [("presets/go.yaml", preset)], unreadPaths: ["templates"], provisioners: nil,
            defaultProvisioner: "local", previous: before.presets, previousTemplates: before.templates)
        #expect(before.presets.map(\.spec.provisioner) == ["cloud"])
        #expect(after.presets == before.presets && after.templates == before.templates)
    }

    @Test("An error that depends on the time zones of this machine is not cached")
    func unknownZone() {
        let file = parse(
            presetText(
                "template: go\nversion: a\ninstances: 1\n"
                    + "schedule: {timezone: Nowhere/Land, windows: [{cron: \"* 8 * * *\", instances: 2}]}"))
        #expect(file.diagnostics.count == 1 && !file.isOfBytesAlone)
        #expect(parse(presetText("template: go\nversion: a\ninstances: 1")).isOfBytesAlone)
    }

    @Test(
        "A broken file that does not mention prewarm is ignored",
        arguments: ["{{ .Values.name }}: [\n", "\tx", "\u{0}", "a: *b"])
    func foreignAndBroken(text: String) {
        let file = parse(text)
        #expect(file.diagnostics == [] && !file.isUnreadable && file.foreignDocuments == 1)
    }

    @Test("Documents before broken YAML are read, and the file may define more")
    func broken() {
        let file = parse(presetText("template: go-dev\ninstances: 1") + "---\na: [1\nb: 2\n")
        #expect(file.isUnreadable && file.presets.map(\.name.value) == ["go"])
        #expect(
            file.diagnostics.map(\.brief) == [
                "10:2 cannot parse YAML: did not find expected ',' or ']' while parsing a flow sequence that begins at "
                    + "line 9"
            ])
        #expect(file.diagnostics.first?.excerpt == "b: 2")
    }

    @Test("Bytes that are not UTF-8 are reported with their position")
    func notUTF8() {
        let file = ManifestParser.parse(Array("apiVersion: prewarm/v1\nkind: ".utf8) + [0xff])
        #expect(file.isUnreadable)
        #expect(
            file.diagnostics.map(\.brief) == [
                "2:7 cannot read the file as UTF-8: invalid leading UTF-8 octet | "
                    + "save the file as UTF-8 without control characters"
            ])
    }

    @Test("UTF-16 with a byte order mark is read")
    func utf16() {
        let text = presetText("template: go-dev\ninstances: 1\nbad: 1")
        let bytes: [UInt8] = [0xff, 0xfe] + text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let file = ManifestParser.parse(bytes)
        #expect(file.diagnostics.map(\.position) == [Position(line: 8, column: 3)])
        #expect(file.diagnostics.first?.excerpt == nil)
    }

    @Test("A manifest file of 256 KiB is read, and a larger one is an error")
    func size() {
        let text = presetText("template: go-dev\ninstances: 1")
        let padding = String(repeating: "#", count: 256 * 1024 - text.utf8.count)
        #expect(parse(text + padding).presets.count == 1)
        let file = parse(text + padding + "#")
        #expect(file.isUnreadable && file.presets.isEmpty)
        #expect(
            file.diagnostics.map(\.brief) == [
                "cannot read the file: it has 262145 bytes, more than the limit of 256 KiB for manifests | "
                    + "split it into several files, or add it to `exclude` of the source if it contains no manifests"
            ])
    }
}
