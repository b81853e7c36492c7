import Testing

@Suite("Selection by labels")
struct SelectorTests {
    @Test("get lists the presets and templates whose labels match")
    func selector() async throws {
        let sandbox = try await Sandbox()
        func preset(_ name: String, _ labels: String) -> String {
            Sandbox.preset(name, instances: 0).replacing(
                "{name: \(name)}", with: "{name: \(name), labels: {\(labels)}}")
        }
        try await sandbox.commit([
            "a.yaml": preset("a", "team: web, size: small"), "b.yaml": preset("b", "team: web"),
            "c.yaml": preset("c", "team: data, size: small"), "d.yaml": Sandbox.preset("d", instances: 0),
        ])
        #expect(try await sandbox.prewarm("sync").code == 0)
        for (selector, names) in [
            ("team=web", ["a", "b"]), ("team==web,size=small", ["a"]), ("team!=web", ["c", "d"]),
            ("size", ["a", "c"]), ("!team", ["d"]), ("team,!size", ["b"]), ("team=none", []),
        ] {
            let found = try await sandbox.prewarm("get", "presets", "-l", selector, "-o", "name")
            #expect(found.code == 0 && found.out.split(separator: "\n").map(String.init) == names, "\(found)")
        }
        let none = try await sandbox.prewarm("get", "presets", "--selector", "team=none")
        #expect(none.code == 0 && none.err == "There are no presets that match team=none.\n", "\(none)")
        #expect(try await sandbox.prewarm("get", "templates", "-l", "team=web").code == 0)
        for (arguments, words) in [
            (["presets", "-l", "=web"], "is invalid for '-l <selector>'"),
            (["presets", "-l", "a=b=c"], "is invalid for '-l <selector>'"),
            (["workspaces", "-l", "team=web"], "cannot use --selector team=web with workspaces"),
        ] {
            let refused = try await sandbox.prewarm(["get"] + arguments)
            #expect(refused.code == 64 && refused.err.contains(words), "\(refused)")
        }
    }
}
