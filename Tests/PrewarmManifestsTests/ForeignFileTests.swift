import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Files that hold no manifests, or hold them badly")
struct ForeignFileTests {
    @Test("A pointer of git LFS is told, and what was in force of its path stays")
    func lfsPointer() throws {
        let pointer =
            "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "4d", count: 32))\nsize 12345\n"
        let file = parse(pointer)
        #expect(file.isUnreadable && file.foreignDocuments == 0)
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
        "Other YAML is left alone, and counted",
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

    @Test("A document that lost its head is told, and what is in force of its name stays")
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
        #expect(file.diagnostics.first?.message.contains("lacks \"apiVersion\" and \"kind\"") == true)
    }

    @Test("A template of another tool beside a preset keeps nothing of it")
    func foreignTemplate() {
        let text = presetText("template: go\nversion: a\ninstances: 1")
        let file = parse(text + "---\napiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: x}\n")
        #expect(!file.isDoubtful && file.diagnostics == [])
        #expect(file.doubtful == [InvalidDocument(isPreset: false, name: "x")], "where one of that name is in force")
        #expect(parse("apiVersion: v1\nkind: Preset\nmetadata: {name: x}\n").isDoubtful)
    }

    @Test("A file too large to be read may hold templates, and what names one of them waits")
    func templateTooLarge() {
        let preset = parse(presetText("template: go\nversion: a\ninstances: 1"))
        let catalog = Catalog(
            source: "s", files: [("big.yaml", .tooLarge(limit: 1024)), ("go.yaml", preset)], provisioners: nil,
            defaultProvisioner: "local", previous: [], previousTemplates: [])
        #expect(catalog.presets == [] && catalog.diagnostics.contains { $0.severity == .error })
    }

    @Test("A template at a path that has nothing any more stays, and so does what its presets have")
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

    @Test("What only this machine's time zones make an error is not kept")
    func unknownZone() {
        let file = parse(
            presetText(
                "template: go\nversion: a\ninstances: 1\n"
                    + "schedule: {timezone: Nowhere/Land, windows: [{cron: \"* 8 * * *\", instances: 2}]}"))
        #expect(file.diagnostics.count == 1 && !file.isOfBytesAlone)
        #expect(parse(presetText("template: go\nversion: a\ninstances: 1")).isOfBytesAlone)
    }

    @Test(
        "What is no YAML, but names us nowhere, is left alone",
        arguments: ["{{ .Values.name }}: [\n", "\tx", "\u{0}", "a: *b"])
    func foreignAndBroken(text: String) {
        let file = parse(text)
        #expect(file.diagnostics == [] && !file.isUnreadable && file.foreignDocuments == 1)
    }

    @Test("What is before broken YAML counts, and the file may hold more")
    func broken() {
        let file = parse(presetText("template: go-dev\ninstances: 1") + "---\na: [1\nb: 2\n")
        #expect(file.isUnreadable && file.presets.map(\.name.value) == ["go"])
        #expect(
            file.diagnostics.map(\.brief) == [
                "10:2 this is not YAML: did not find expected ',' or ']' while parsing a flow sequence that begins at line 9"
            ])
        #expect(file.diagnostics.first?.excerpt == "b: 2")
    }

    @Test("Bytes that are no text are told with their place")
    func notUTF8() {
        let file = ManifestParser.parse(Array("apiVersion: prewarm/v1\nkind: ".utf8) + [0xff])
        #expect(file.isUnreadable)
        #expect(
            file.diagnostics.map(\.brief) == [
                "2:7 the file is not UTF-8 text: invalid leading UTF-8 octet | "
                    + "save it as UTF-8, without control characters"
            ])
    }

    @Test("UTF-16 with a byte order mark is read as YAML wants it")
    func utf16() {
        let text = presetText("template: go-dev\ninstances: 1\nbad: 1")
        let bytes: [UInt8] = [0xff, 0xfe] + text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let file = ManifestParser.parse(bytes)
        #expect(file.diagnostics.map(\.position) == [Position(line: 8, column: 3)])
        #expect(file.diagnostics.first?.excerpt == nil)
    }

    @Test("256 KiB are read, one byte more is not")
    func size() {
        let text = presetText("template: go-dev\ninstances: 1")
        let padding = String(repeating: "#", count: 256 * 1024 - text.utf8.count)
        #expect(parse(text + padding).presets.count == 1)
        let file = parse(text + padding + "#")
        #expect(file.isUnreadable && file.presets.isEmpty)
        #expect(
            file.diagnostics.map(\.brief) == [
                "the file has 262145 bytes, more than 256 KiB, the limit for a manifest file | "
                    + "split it into several files, or exclude it in the configuration if it holds no manifests"
            ])
    }
}
