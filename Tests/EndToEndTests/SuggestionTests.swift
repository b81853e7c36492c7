import Testing

/// The suggestions for misspelled words, and the examples of help pages.
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
            (["sync", "--wiat"], 64, "unknown option \"--wiat\"\nhint: did you mean `--wait`?"),
            // The value of a misspelled option is an argument too many, and a required option is missing.
            (["get", "--sate", "ready", "ws"], 64, "did you mean `--state`?"),
            (["claim", "go-small", "--ownr=ada"], 64, "did you mean `--owner`?"),
            (["token", "create", "--rol", "viewer", "ci"], 64, "did you mean `--role`?"),
            (["get", "ws", "--nonsense"], 64, "hint: see `prewarm get --help`"),
            (["with", "go-small", "--ownr", "ada", "--", "env", "--other"], 64, "did you mean `--owner`?"),
            (["claim", "--", "--ownr"], 64, "missing --owner"),
            (["get", "ws", "--state", "redy"], 64, "hint: did you mean 'ready'?"),
            (["get", "ws", "--field", "endpont"], 0, "Did you mean endpoint?"),
            (["help", "claims"], 64, "did you mean `prewarm help claim`?"),
            (["help", "token", "craete"], 64, "did you mean `prewarm help token create`?"),
            (["help", "exit-code"], 64, "did you mean `prewarm help exit-codes`?"),
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
