import Foundation
import Testing

@Suite struct BadInputTests {
    /// Expects exit code 1 and an `error:` with the words.
    private func expectError(
        _ result: Sandbox.Result, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(result.code == 1, "\(result.err)", sourceLocation: sourceLocation)
        #expect(
            result.err.contains("error: ") && result.err.contains(words), "\(result.err)",
            sourceLocation: sourceLocation)
    }

    @Test func noConfiguration() async throws {
        let sandbox = try await Sandbox()
        try FileManager.default.removeItem(at: sandbox.root.appending(path: "prewarm.yaml"))
        expectError(try await sandbox.prewarm("sync"), "cannot find a configuration: neither ./prewarm.yaml")
        expectError(
            try await sandbox.prewarm("sync", "--config", "nowhere.yaml"), "cannot find the configuration nowhere.yaml")
    }

    @Test(arguments: [
        ("url: file://", "url: git://x/", "line=6,col=10", "invalid URL: git:// URLs are not supported"),
        ("store: sqlite:", "store: postgres:", "line=3,col=8", "it must be sqlite:FILE"),
        ("ref: {branch: main}", "ref: {semver: bogus}", "line=5,col=11", "invalid range of versions: bogus"),
    ])
    func configurationsThatCantBeUsedAreToldToPrograms(good: String, bad: String, place: String, words: String)
        async throws
    {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration.replacing(good, with: bad))
        try await sandbox.commit([:])
        let github = try await sandbox.prewarm("validate", "-o", "github")
        #expect(github.code == 1 && github.out.hasPrefix("::error file=prewarm.yaml,\(place)::"), "\(github)")
        #expect(github.out.contains(words), "\(github)")
        let json = try await sandbox.prewarm("validate", "-o", "json")
        #expect(json.code == 1)
        #expect(try json.json()["diagnostics"]?[0]?["message"]?.string?.contains(words) == true, "\(json)")
    }

    @Test func deliveriesAreKnownToADaemonAlone() async throws {
        let sandbox = try await Sandbox()
        let result = try await sandbox.prewarm("get", "deliveries")
        expectError(result, "cannot list webhook deliveries: only the daemon that received them knows them")
        #expect(result.err.contains("hint: ") && result.err.contains("--server"), "\(result.err)")
    }

    @Test func storesThatCantBeUsed() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try sandbox.write("prewarm.db", "this is no database, it is a text of some length that SQLite refuses")
        let before = sandbox.bytes("prewarm.db")
        expectError(try await sandbox.prewarm("sync"), "prewarm.db")
        #expect(sandbox.bytes("prewarm.db") == before, "nothing is lost")
    }

    @Test func repositoriesThatCantBeRead() async throws {
        let sandbox = try await Sandbox()
        expectError(try await sandbox.prewarm("sync"), "no commit")
        let plan = try await sandbox.prewarm("plan")
        expectError(plan, "no commit")
        #expect(plan.out.isEmpty, "nothing is known of any pool")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        for (from, to, words) in [
            ("branch: main", "branch: trunk", "trunk"), ("path: presets", "path: elsewhere", "elsewhere"),
            ("/repo", "/nothing", "nothing"),
        ] {
            try sandbox.write(
                "bad.yaml", Sandbox.configuration.replacing(from, with: to).replacing("ROOT", with: sandbox.root.path))
            expectError(try await sandbox.prewarm("sync", "--config", "bad.yaml"), words)
        }
    }

    @Test func aRepositoryThatGoesAwayLeavesTheLastGoodRevisionInForce() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        try FileManager.default.moveItem(
            at: sandbox.root.appending(path: "repo"), to: sandbox.root.appending(path: "gone"))
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "ada").code == 0)
        #expect(try await sandbox.prewarm("sync").code == 1)
        #expect(sandbox.instances.count == 2, "the pool is refilled from the applied revision")
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 1 && status.out.contains("stays applied"))
        #expect(status.out.contains(#/ since [0-9: -]+ \(\d+[sm].* ago\)/#), "\(status.out)")
        try FileManager.default.moveItem(
            at: sandbox.root.appending(path: "gone"), to: sandbox.root.appending(path: "repo"))
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(try await sandbox.prewarm("status").code == 0)
    }

    @Test func aBrokenManifestIsShownWithItsPlaceAndTheOthersGoOn() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1), "b.yaml": Sandbox.preset("b", instances: 1),
        ])
        try await sandbox.prewarm("sync")
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1, "  instanses: 3"), "b.yaml": Sandbox.preset("b", instances: 2),
        ])
        let sync = try await sandbox.prewarm("sync")
        #expect(sync.code == 1)
        #expect(sync.err.contains("presets/a.yaml:8:3") && sync.err.contains("instances"), "\(sync.err)")
        #expect(sandbox.instances.count == 3)
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 1 && status.out.contains("presets/a.yaml:8:3"))
    }

    @Test(arguments: [
        ("missing", "", "provision"), ("not executable", "#!/bin/sh\nexit 0\n", "executable"),
        ("no JSON", "#!/bin/sh\necho hello\n", "hello"),
        ("10 MB", "#!/bin/sh\nhead -c 10000000 /dev/zero | tr '\\0' x\n", "MiB"),
        ("hangs", "#!/bin/sh\nsleep 6007\n", "1s"),
        ("forks and hangs", "#!/bin/sh\nsleep 6017 &\nsleep 6027 &\nwait\n", "1s"),
    ])
    func provisionersThatMisbehave(kind: String, script: String, words: String) async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("timeout: 20s", with: "timeout: 1s"))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        if kind == "missing" {
            try FileManager.default.removeItem(at: sandbox.root.appending(path: "provision"))
        } else {
            try FileManager.default.removeItem(at: sandbox.root.appending(path: "provision"))
            try sandbox.write("provision", script, isExecutable: kind != "not executable")
        }
        let sync = try await sandbox.prewarm("sync")
        #expect(sync.code == 1 && sync.err.contains(words), "\(kind): \(sync.err)")
        // The cases run in parallel, so each case looks only for its own child processes.
        if kind == "hangs" { #expect(try processes(with: ["sleep", "6007"]) == 0) }
        if kind == "forks and hangs" {
            #expect(try processes(with: ["sleep", "6017"]) == 0 && processes(with: ["sleep", "6027"]) == 0)
        }
        try sandbox.write("provision", Sandbox.provisioner, isExecutable: true)
        try await sandbox.prewarm("retry", "a")
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0, "the sync continues after the repair")
    }

    private func processes(with command: [String]) throws -> Int {
        let wanted = Data(command.joined(separator: "\0").utf8)
        return try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
            Int(name) != nil
                && (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(name)/cmdline")))?.starts(with: wanted) == true
        }.count
    }

    @Test func aPresetThatIsMisspeltIsNoPoolThatIsFull() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["go.yaml": Sandbox.preset("go", instances: 1)])
        for _ in 0..<2 { expectError(try await sandbox.prewarm("sync", "--preset", "goo"), "no preset \"goo\"") }
        #expect(sandbox.ledger.isEmpty)
        #expect(try await sandbox.prewarm("sync", "--preset", "go").code == 0 && sandbox.instances.count == 1)
    }

    @Test func wrongUsage() async throws {
        let sandbox = try await Sandbox()
        let unknown = try await sandbox.prewarm("syncc")
        #expect(unknown.code == 64 && unknown.err.hasPrefix("error: ") && unknown.out.isEmpty, "\(unknown.err)")
        let help = try await sandbox.prewarm("--help")
        #expect(help.code == 0 && help.err.isEmpty && help.out.contains("SUBCOMMANDS"))
        #expect(try await sandbox.prewarm("plan", "--at", "x", "--path", ".").err.contains("2026-11-23T08:00:00Z"))
        #expect(try await sandbox.prewarm("claim", "a").code == 64)
        #expect(try await sandbox.prewarm("sync", "--timeout", "soon").code == 64)
        #expect(try await sandbox.prewarm("plan", "--observed", "x.json").code == 64)
    }
}
