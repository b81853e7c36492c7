import Foundation
import Subprocess
import Testing

/// Real runs that end with each exit code of the table, with and without the details.
@Suite("Exit codes")
struct ExitCodeTests {
    /// The codes that scripts rely on.
    private enum Code: Int {
        case success = 0
        case failure = 1
        case hasChanges = 2
        case nothingReady = 3
        case approvalNeeded = 5
        case usage = 64
        case invalid = 65
        case unreachable = 69
        case notConverged = 75
        case unauthorized = 77
        case interrupted = 130
        case terminated = 143

        /// The code without `PREWARM_EXIT_CODES`.
        var plain: Int { [.invalid, .unreachable, .notConverged].contains(self) ? 1 : rawValue }
    }

    private static func check(
        _ sandbox: Sandbox, _ arguments: [String], _ code: Code,
        environment: [Environment.Key: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let detailed = try await sandbox.prewarm(
            arguments, environment: environment.merging(["PREWARM_EXIT_CODES": "detailed"]) { $1 })
        #expect(
            detailed.code == code.rawValue, "\(arguments): \(detailed.err)", sourceLocation: sourceLocation)
        let plain = try await sandbox.prewarm(arguments, environment: environment)
        #expect(plain.code == code.plain, "\(arguments): \(plain.err)", sourceLocation: sourceLocation)
    }

    @Test("Commands without a daemon exit with the code of the table")
    func local() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 6), "none.yaml": Sandbox.preset("none", instances: 0),
        ])
        try await Self.check(sandbox, ["plan", "--detailed-exitcode"], .hasChanges)
        try await Self.check(sandbox, ["sync", "--wait"], .success)
        try await Self.check(sandbox, ["claim", "none", "--owner", "ada"], .nothingReady)
        try await Self.check(sandbox, ["get", "nothing-like-this"], .usage)
        try await Self.check(sandbox, ["describe", "preset", "unknown"], .failure)
        try await Self.check(
            sandbox, ["with", "a", "--owner", "ada", "--", "sh", "-c", "kill -INT $$"], .interrupted)
        try await Self.check(
            sandbox, ["with", "a", "--owner", "ada", "--", "sh", "-c", "kill -TERM $$"], .terminated)
        try await sandbox.commit(["a.yaml": nil])
        try await Self.check(sandbox, ["sync", "--wait"], .approvalNeeded)
    }

    @Test("An error in a manifest, in the configuration or in a file is invalid")
    func invalid() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1) + "  instances: many\n"])
        for arguments in [["validate"], ["validate", "repo/presets"], ["plan"], ["sync"], ["sync", "--wait"]] {
            try await Self.check(sandbox, arguments, .invalid)
        }
        try sandbox.write("prewarm.yaml", "apiVersion: prewarm/v1\nkind: Config\nstorr: x\n")
        for arguments in [["validate"], ["plan"], ["status"], ["serve", "--listen", "127.0.0.1:0"]] {
            try await Self.check(sandbox, arguments, .invalid)
        }
    }

    @Test("A configuration or a file that does not exist is invalid")
    func missing() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        for command in [["status"], ["sync"], ["validate"], ["config", "view"], ["serve", "--listen", "127.0.0.1:0"]] {
            try await Self.check(sandbox, command + ["--config", "none.yaml"], .invalid)
        }
        for arguments in [
            ["validate", "none"], ["plan", "--path", "repo/presets", "--observed", "none.json"],
            ["plan", "--path", "repo/presets", "--observed", "prewarm.yaml"],
            ["sync", "--plan", "none.json"], ["sync", "--plan", "prewarm.yaml"],
        ] {
            try await Self.check(sandbox, arguments, .invalid)
        }
    }

    @Test("A database that is down or silent is unreachable, and a store that is damaged is not")
    func store() async throws {
        let server = try SilentServer()
        for url in ["postgres://ada@127.0.0.1:9/prewarm", "postgres://ada@127.0.0.1:\(server.port)/prewarm"] {
            let sandbox = try await Sandbox(
                configuration: Sandbox.configuration.replacing("store: sqlite:prewarm.db", with: "store: \"\(url)\""))
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
            try await Self.check(sandbox, ["status"], .unreachable)
            // Each command waits some seconds for a silent database.
            for arguments in url.contains(":9/") ? [["sync"], ["claim", "a", "--owner", "ada"]] : [] {
                try await Self.check(sandbox, arguments, .unreachable)
            }
        }
        withExtendedLifetime(server) {}
        let sandbox = try await Sandbox()
        try sandbox.write("prewarm.db", String(repeating: "no database ", count: 100))
        try await Self.check(sandbox, ["status"], .failure)
    }

    @Test("A daemon or a repository that does not answer is unreachable")
    func unreachable() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing(
                /url: .*/, with: { _ in "url: https://127.0.0.1:9/none.git" }))
        for arguments in [
            ["status", "--server", "http://127.0.0.1:9"], ["claim", "a", "--server", "http://127.0.0.1:9"],
        ] {
            try await Self.check(sandbox, arguments, .unreachable)
        }
        for arguments in [["sync"], ["plan"]] { try await Self.check(sandbox, arguments, .unreachable) }
    }

    @Test("A pool that fails or takes too long has not converged")
    func notConverged() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1, "  parameters: {fail: \"yes\"}\n  failureLimit: 1\n")
        ])
        // The first sync reports the failed operation. The next one has nothing to try.
        #expect(try await sandbox.prewarm("sync", "--wait").code == 1)
        try await Self.check(sandbox, ["sync", "--wait", "--timeout", "2s"], .notConverged)
    }

    @Test("A token that is missing, wrong or too weak is unauthorized, and held changes need an approval")
    func daemon() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 6)])
        _ = try await sandbox.prewarm("token", "create", "ops", "--role", "operator")
        let made = try await sandbox.prewarm("token", "create", "screen", "--role", "viewer", "-o", "json")
        #expect(made.code == 0, "\(made.err)")
        let token = try #require(try made.json()["token"]?.string)
        try await sandbox.serve { daemon in
            try await daemon.eventually("a is ready") { try await daemon.isReady("a", 6) }
            for wrong in ["", "nonsense", "prewarm_none_none"] {
                try await Self.check(
                    sandbox, ["status"], .unauthorized,
                    environment: daemon.environment.merging(["PREWARM_TOKEN": wrong]) { $1 })
            }
            let viewer = daemon.environment.merging(["PREWARM_TOKEN": token]) { $1 }
            try await Self.check(sandbox, ["claim", "a"], .unauthorized, environment: viewer)
            try await Self.check(sandbox, ["sync", "--wait"], .success, environment: daemon.environment)
            try await sandbox.commit(["a.yaml": nil, "b.yaml": Sandbox.preset("b", instances: 1)])
            try await Self.check(sandbox, ["sync", "--wait"], .approvalNeeded, environment: daemon.environment)
        }
    }
}
