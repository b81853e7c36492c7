import Foundation
import FoundationXML
import Glibc
import Subprocess
import Testing

@Suite("prewarm validate")
struct ValidateTests {
    private static let configuration = Sandbox.configuration.replacing("ROOT", with: "/nowhere")

    @Test(
        "A configuration is recognized by its parsed document",
        arguments: [
            configuration, configuration.replacing("\n", with: "\r\n"),
            configuration.replacing("kind: Config", with: "\"kind\": 'Config' # ours"),
            configuration.replacing("kind: Config", with: "# kind: Preset\nkind:   Config"),
        ])
    func configurations(text: String) async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("files/c.yaml", text)
        let good = try await sandbox.prewarm("validate", "files", "-o", "json")
        #expect(good.code == 0, "\(good)")
        #expect(try good.json()["foreign"]?.int == 0, "\(good)")
        try sandbox.write("files/c.yaml", text.replacing("concurrency: 4", with: "concurency: 4"))
        let bad = try await sandbox.prewarm("validate", "files")
        #expect(bad.code == 1 && bad.err.contains("concurency"), "\(bad)")
        try sandbox.write("files/c.yaml", text.replacing("name: presets", with: "name: [presets"))
        #expect(try await sandbox.prewarm("validate", "files").code == 1)
    }

    @Test(
        "A configuration of another program is ignored",
        arguments: [
            "apiVersion: v1\nkind: Config\nclusters: []\n", "kind: Config\na: 1\n",
            "# apiVersion: prewarm/v1\nkind: Config\n", "kind: Config\na: [\n",
            "text: |\n  apiVersion: prewarm/v1\n  kind: Config\n",
        ])
    func others(text: String) async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("files/c.yaml", text)
        let result = try await sandbox.prewarm("validate", "files", "-o", "json")
        #expect(result.code == 0, "\(result)")
        #expect(try result.json()["foreign"]?.int == 1, "\(result)")
    }

    @Test("Two spellings of one name are two files, and a name may be no UTF-8, as in a repository")
    func spellings() async throws {
        let sandbox = try await Sandbox()
        let names: [[UInt8]] = [
            Array("caf\u{e9}.yaml".utf8), Array("cafe\u{301}.yaml".utf8),
            Array("caf".utf8) + [0xe9] + Array(".yaml".utf8),
        ]
        try sandbox.write("files/notes.txt", "")
        for (index, name) in names.enumerated() {
            let path = Array(sandbox.root.appending(path: "files").path.utf8) + [47] + name
            let descriptor = open((path + [0]).map { CChar(bitPattern: $0) }, O_WRONLY | O_CREAT, 0o644)
            let text = Array(Sandbox.preset("a\(index)", instances: -1).utf8)
            #expect(write(descriptor, text, text.count) == text.count)
            close(descriptor)
        }
        let found = try await sandbox.prewarm("validate", "files", "-o", "json")
        #expect(try found.json()["files"]?.int == 3, "\(found)")
        let diagnostics = try found.json()["diagnostics"]?.list ?? []
        let files = diagnostics.compactMap { $0["file"]?.string?.split(separator: "/").last.map(String.init) }
        #expect(files == [#"caf\351.yaml"#, #"cafe\314\201.yaml"#, "caf\u{e9}.yaml"], "\(found)")
        #expect(diagnostics.allSatisfy { $0["excerpt"]?.string?.contains("-1") == true }, "\(found)")
    }

    @Test("validate does not wait for a pipe")
    func pipes() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("files/a.yaml", Sandbox.preset("a", instances: 1))
        let pipe = sandbox.root.appending(path: "files/p.yaml").path
        #expect(mkfifo(pipe, 0o600) == 0)
        let folder = try await sandbox.prewarm("validate", "files")
        #expect(folder.code == 0 && folder.err.contains("p.yaml") && folder.err.contains("is not read"), "\(folder)")
        for arguments in [
            ["validate", pipe], ["status", "--config", pipe], ["plan", "--path", pipe],
            ["plan", "--path", "files", "--observed", pipe],
        ] {
            let result = try await sandbox.prewarm(arguments)
            #expect(result.code == 1 && result.err.contains("error: "), "\(arguments) \(result)")
        }
        let device = try await sandbox.prewarm("validate", "/dev/zero")
        #expect(device.code == 1 && device.err.contains("cannot read /dev/zero: it is not a regular file"), "\(device)")
    }

    @Test("An empty environment variable counts as unset")
    func emptyVariables() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let environments: [[Environment.Key: String]] = [
            ["PREWARM_CONFIG": ""], ["PREWARM_SERVER": ""], ["PREWARM_TOKEN": ""], ["PREWARM_CA_FILE": ""],
        ]
        for environment in environments {
            let found = try await sandbox.prewarm("plan", environment: environment)
            #expect(found.code == 0 && found.out.contains("create 1 workspace"), "\(environment) \(found)")
        }
        let root = sandbox.root.appending(path: "prewarm.yaml")
        try FileManager.default.removeItem(at: root)
        let alone = try await sandbox.prewarm("validate", "repo/presets", environment: ["PREWARM_CONFIG": ""])
        #expect(alone.code == 0, "\(alone)")
    }

    @Test("A file name with an upper-case extension is reported")
    func upperCase() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("files/A.YAML", Sandbox.preset("a", instances: 1))
        let folder = try await sandbox.prewarm("validate", "files")
        #expect(folder.code == 0 && folder.err.contains("files/A.YAML: warning:"), "\(folder)")
        try await sandbox.commit(["b.yaml": Sandbox.preset("b", instances: 1)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        try await sandbox.commit(["A.YAML": Sandbox.preset("a", instances: 1)])
        let sync = try await sandbox.prewarm("sync")
        #expect(sync.code == 0 && sync.err.contains("presets/A.YAML"), "\(sync)")
        let status = try await sandbox.prewarm("status")
        #expect(status.out.contains("presets/A.YAML: prewarm does not read this file"), "\(status)")
    }

    @Test("validate, plan and status report a version that is not the active version")
    func inactiveVersion() async throws {
        let sandbox = try await Sandbox()
        let template =
            "apiVersion: prewarm/v1\nkind: Template\nmetadata: {name: go}\nspec: {activeVersion: \"2.0\"}\n"
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2), "t.yaml": template])
        let words = "the preset has version 1.0, and the active version of the template \"go\" is 2.0"
        let files = try await sandbox.prewarm("validate", "repo/presets")
        #expect(files.code == 0 && files.err.contains(words) && files.err.contains("a.yaml:6:12: warning"), "\(files)")
        let configured = try await sandbox.prewarm("validate")
        #expect(configured.code == 0 && configured.err.contains(words), "\(configured)")
        let plan = try await sandbox.prewarm("plan")
        #expect(plan.code == 0 && plan.out.contains("a: scaled to zero, the preset has version 1.0"), "\(plan)")
        let offline = try await sandbox.prewarm("plan", "--path", "repo/presets")
        #expect(offline.out.contains("a: scaled to zero"), "\(offline)")
        #expect(try await sandbox.prewarm("sync").code == 0)
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 0 && status.out.contains("a Deprecated: the preset has version 1.0"), "\(status)")
        let again = try await sandbox.prewarm("plan")
        #expect(again.out.contains("a: scaled to zero, the preset has version 1.0"), "\(again)")
    }

    @Test("A commented-out manifest keeps its pool, and sync reports it")
    func commentedOut() async throws {
        let sandbox = try await Sandbox()
        let preset = Sandbox.preset("a", instances: 1)
        try await sandbox.commit(["a.yaml": preset, "b.yaml": Sandbox.preset("b", instances: 1)])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        #expect(sandbox.instances.count == 2)
        try await sandbox.commit(["a.yaml": preset.split(separator: "\n").map { "# \($0)\n" }.joined()])
        let sync = try await sandbox.prewarm("sync", "--wait")
        #expect(
            sync.code == 1 && sync.err.contains("presets/a.yaml: error:") && sync.err.contains("they stay: a"),
            "\(sync)")
        #expect(sandbox.instances.count == 2)
        try await sandbox.commit(["a.yaml": nil])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        #expect(sandbox.instances.count == 1)
    }

    @Test(
        "validate warns of a broken file, and agrees with plan about a broken manifest",
        arguments: ["a: [\n", Sandbox.preset("a", instances: 1).replacing("apiVersion: prewarm/v1\n", with: "a: [\n")])
    func brokenFile(text: String) async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        try await sandbox.commit(["a.yaml": text])
        let folder = try await sandbox.prewarm("validate", "repo/presets")
        #expect(folder.code == 0, "\(folder)")
        #expect(folder.err.contains(/repo\/presets\/a\.yaml:\d+:\d+: warning: the file is ignored/), "\(folder)")
        #expect(folder.err.contains("1 other document ignored: no errors, 1 warning"), "\(folder)")
        for arguments in [["validate"], ["plan"]] {
            let result = try await sandbox.prewarm(arguments)
            #expect(
                result.code == 1 && result.err.contains("presets/a.yaml: error: the file has no document"), "\(result)")
        }
        // Another machine has no store that says that the file defined a preset.
        try sandbox.remove("prewarm.db")
        #expect(try await sandbox.prewarm("validate").code == 0)
    }

    @Test("validate of one file names the command for its folder if the file needs others")
    func part() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write(
            "presets/go.yaml",
            "apiVersion: prewarm/v1\nkind: Template\nmetadata: {name: go}\nspec: {activeVersion: \"1.0\"}\n")
        try sandbox.write(
            "presets/a.yaml", Sandbox.preset("a", instances: 1).replacing("  version: \"1.0\"\n", with: ""))
        let part = try await sandbox.prewarm("validate", "presets/a.yaml")
        #expect(part.code == 1 && part.err.contains("there is no template \"go\""), "\(part.err)")
        #expect(part.err.contains("hint: validate the folder: `prewarm validate presets`"), "\(part.err)")
        #expect(try await sandbox.prewarm("validate", "presets").code == 0)
        #expect(try await sandbox.prewarm("validate", "presets/a.yaml", "presets/go.yaml").code == 0)
    }
}

/// The state that `prewarm validate` checks, and its report for test tabs.
@Suite("The reports of prewarm validate")
struct ValidateReportTests {
    @Test("validate names the commit of each source, and a JUnit report passes or names the file with its errors")
    func junit() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let head = try await sandbox.head().prefix(8)
        let text = try await sandbox.prewarm("validate")
        #expect(text.code == 0 && text.err.hasPrefix("presets at main@sha1:\(head)\n"), "\(text)")
        let good = try await sandbox.prewarm("validate", "-o", "junit")
        #expect(good.code == 0 && good.out.contains("tests=\"1\" failures=\"0\"") && good.err.isEmpty, "\(good)")
        try await sandbox.commit(["a&b.yaml": Sandbox.preset("b", instances: -1, "  <x>: \"1\"")])
        let bad = try await sandbox.prewarm("validate", "-o", "junit")
        let document = try XMLDocument(xmlString: bad.out)
        let cases = try document.nodes(forXPath: "/testsuites/testsuite/testcase[failure]")
        #expect(bad.code == 1 && cases.count == 1, "\(bad)")
        let element = try #require(cases.first as? XMLElement)
        #expect(element.attribute(forName: "name")?.stringValue?.hasSuffix("a&b.yaml") == true)
        #expect(element.stringValue?.contains("<x>") == true, "\(bad.out)")
    }
}
