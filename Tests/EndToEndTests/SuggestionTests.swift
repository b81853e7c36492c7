import Testing

/// What the command line says about misspelled words, and the examples of its help.
@Suite("Suggestions of the command line")
struct SuggestionTests {
    @Test("A misspelled command, kind, name, format or option gets a suggestion")
    func suggestions() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["go-small.yaml": Sandbox.preset("go-small", instances: 1)])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        for (arguments, code, words) in [
            (["stauts"], 64, "did you mean `prewarm status`?"), (["get", "prests"], 64, "did you mean 'presets'?"),
            (["get", "preset", "go-smal"], 1, "did you mean \"go-small\"?"),
            (["get", "preset/go-smal"], 1, "did you mean \"go-small\"?"),
            (["get", "source", "preset"], 1, "did you mean \"presets\"?"),
            (["get", "presets", "-o", "jsn"], 64, "did you mean 'json'?"),
            (["sync", "--wiat"], 64, "Did you mean '--wait'?"),
            (["describe", "preset", "go-smal"], 1, "did you mean \"go-small\"?"),
            (["claim", "go-smal", "--owner", "ada"], 1, "did you mean \"go-small\"?"),
        ] as [([String], Int32, String)] {
            let result = try await sandbox.prewarm(arguments)
            #expect(result.code == code && result.err.contains(words), "\(arguments): \(result)")
        }
    }

    @Test("Every help page has an example")
    func examples() async throws {
        let sandbox = try await Sandbox()
        let help = try await sandbox.prewarm("--help").out
        let names = help.matches(of: /(?m)^  ([a-z]+) {2,}[A-Z]/).map { String($0.output.1) }
        #expect(names.count > 30)
        for name in names {
            let page = try await sandbox.prewarm("help", name).out
            #expect(page.contains("Example"), "\(name)")
        }
    }
}
