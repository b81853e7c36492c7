import Foundation
import Testing

@Suite("prewarm get")
struct GetTests {
    private func sandbox() async throws -> Sandbox {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("go", instances: 1)])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        return sandbox
    }

    @Test(
        "A kind has short names and its singular, and KIND/NAME is one object",
        arguments: [
            ("get ws -o name", "get workspaces -o name"), ("get op -o name", "get operations -o name"),
            ("get src -o json", "get sources -o json"), ("get preset/go -o json", "get presets go -o json"),
            ("get presets/presets/go -o name", "get presets presets/go -o name"),
            ("describe preset/go -o json", "describe preset go -o json"),
        ])
    func aliases(short: String, long: String) async throws {
        let sandbox = try await sandbox()
        let results = [
            try await sandbox.prewarm(short.split(separator: " ").map(String.init)),
            try await sandbox.prewarm(long.split(separator: " ").map(String.init)),
        ]
        #expect(results.allSatisfy { $0.code == 0 && !$0.out.isEmpty && $0.err.isEmpty }, "\(results)")
        #expect(results[0].out == results[1].out)
    }

    @Test("--field prints one value of each object, and names a field that is missing")
    func field() async throws {
        let sandbox = try await sandbox()
        let name = try await sandbox.prewarm("get", "ws", "-o", "name").out.trimmingCharacters(
            in: .whitespacesAndNewlines)
        let json = try await sandbox.prewarm("get", "workspace", name, "-o", "json").json()
        for (path, text) in [
            ("endpoint", json["endpoint"]?.string), ("metadata.version", "1.0"), ("metadata", "{\"version\":\"1.0\"}"),
        ] {
            let shown = try await sandbox.prewarm("get", "ws", name, "--field", path)
            #expect(shown.code == 0 && shown.out == "\(text ?? "?")\n", "\(shown)")
        }
        let condition = try await sandbox.prewarm("get", "preset/go", "--field", "conditions[0].type")
        #expect(condition.out == "Ready\n")
        #expect(try await sandbox.prewarm("get", "presets", "--field", "desired").out == "1\n")
        #expect(try await sandbox.prewarm("get", "presets", "--field", "nothing").out == "\n")
        let missing = try await sandbox.prewarm("get", "ws", name, "--field", "nothing")
        #expect(
            missing.code == 1 && missing.err.hasPrefix("error: cannot find the field nothing of the workspace \(name)"))
    }

    @Test("get all lists sources, presets and workspaces in each format")
    func all() async throws {
        let sandbox = try await sandbox()
        let table = try await sandbox.prewarm("get", "all").out
        #expect(table.components(separatedBy: "\n\n").count == 3 && table.contains("STATUS"), "\(table)")
        let json = try await sandbox.prewarm("get", "all", "-o", "json").json()
        #expect(json.keys == ["sources", "presets", "workspaces"] && json["presets"]?[0]?["name"]?.string == "go")
        let names = try await sandbox.prewarm("get", "all", "-o", "name").out.split(separator: "\n")
        #expect(names.count == 3 && names[0] == "source/presets" && names[1] == "preset/go")
        for name in names {
            #expect(try await sandbox.prewarm("get", String(name), "-o", "json").code == 0, "\(name)")
        }
    }

    @Test("An empty list is reported on standard error, and standard output is empty")
    func empty() async throws {
        let sandbox = try await sandbox()
        let orphans = try await sandbox.prewarm("get", "orphans")
        #expect(orphans.code == 0 && orphans.out.isEmpty && orphans.err == "There are no orphans.\n", "\(orphans)")
        #expect(try await sandbox.prewarm("get", "orphans", "-o", "json").out == "[]\n")
    }

    @Test(
        "Arguments that do not fit are a usage error",
        arguments: [
            ("get preset/go other", "cannot use both /go and other"), ("get all go", "cannot use the name go with all"),
            ("get all --field a", "cannot use --field a with all"), ("get preset/", "preset/"),
            ("get ws --field a -o json", "cannot use --field a with --output json"), ("get ws --field a..b", "a..b"),
            ("get ws --field a[x]", "a[x]"), ("describe preset", "missing name: which preset?"),
        ])
    func usage(arguments: String, text: String) async throws {
        let sandbox = try await Sandbox()
        let result = try await sandbox.prewarm(arguments.split(separator: " ").map(String.init))
        #expect(result.code == 64 && result.out.isEmpty && result.err.contains(text), "\(result)")
    }
}
