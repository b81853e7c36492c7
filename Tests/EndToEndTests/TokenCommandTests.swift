import Foundation
import Subprocess
import Testing

@Suite("Tokens of the API")
struct TokenCommandTests {
    @Test("are shown once, listed without their secrets, and revoked")
    func life() async throws {
        let sandbox = try await Sandbox()
        let made = try await sandbox.prewarm(
            "token", "create", "ci", "--role", "claimer", "--preset", "go-*", "--expires", "90d")
        #expect(
            made.code == 0 && made.out.wholeMatch(of: /pwt_[0-9a-z]{12}_[0-9a-z]{52}\n/) != nil,
            "\(made.out)\(made.err)")
        let secret = String(made.out.dropLast().suffix(52))
        #expect(!made.err.contains(secret))
        let (table, json) = (
            try await sandbox.prewarm("token", "list", "-o", "wide"),
            try await sandbox.prewarm("token", "list", "-o", "json")
        )
        #expect(table.out.contains("ci") && table.out.contains("claimer") && table.out.contains("go-*"), "\(table.out)")
        #expect(!(table.out + json.out).contains(secret))
        let listed = try json.json()[0]
        #expect(listed?["role"]?.string == "claimer" && listed?["expiresAt"]?.string != nil)
        #expect(listed?["lastUsedAt"] == nil && made.out.contains(listed?["id"]?.string ?? "?"))
        for name in ["prewarm.db", "prewarm.db-wal"] {
            if let bytes = sandbox.bytes(name) { #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(name)") }
        }
        #expect(try await sandbox.prewarm("token", "revoke", "ci").code == 0)
        #expect(try await sandbox.prewarm("token", "list", "-o", "name").out.isEmpty)
    }

    @Test("are given to programs as JSON, with all that was wished")
    func json() async throws {
        let sandbox = try await Sandbox()
        let made = try await sandbox.prewarm(
            "token", "create", "portal@example.org", "--role", "operator", "-o", "json", "--by", "ada")
        let token = try made.json()
        #expect(token["token"]?.string?.hasPrefix("pwt_\(token["id"]?.string ?? "?")_") == true)
        #expect(
            token["createdBy"]?.string == "ada" && token["presets"]?.list.isEmpty == true && token["expiresAt"] == nil)
    }

    @Test("that make no sense are refused with a hint")
    func refusals() async throws {
        let sandbox = try await Sandbox()
        #expect(try await sandbox.prewarm("token", "create", "ci").code == 64)
        #expect(try await sandbox.prewarm("token", "create", "ci", "--role", "admin").code == 64)
        for (arguments, words) in [
            (["create", "a b", "--role", "viewer"], "is no name for a token"),
            (["create", "a", "--role", "viewer", "--preset", "A"], "is no pattern for presets"),
            (["create", "a", "--role", "viewer", "--expires", "2020-01-01T00:00:00Z"], "has passed"),
            (["create", "ci", "--role", "viewer"], "there is a token ci already"),
            (["revoke", "cj"], "did you mean \"ci\"?"),
        ] {
            if arguments[1] == "ci" { try await sandbox.prewarm("token", "create", "ci", "--role", "viewer") }
            let result = try await sandbox.prewarm(["token"] + arguments)
            #expect(result.code == 1 && result.err.contains(words) && result.out.isEmpty, "\(result.err)")
        }
    }
}

@Suite("A test of a webhook", .enabled(if: WebhookPeer.isWanted, "standardwebhooks is not here: pip install it"))
struct WebhookCommandTests {
    private static let secret = "It's a Secret to Everybody"
    private static let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private static func configuration(_ kind: String, url: String = "https://git.example.org/platform/presets.git")
        -> String
    {
        Sandbox.configuration.replacing("file://ROOT/repo", with: url)
            + "server: {listen: \"127.0.0.1:1\", webhooks: [{name: hook, kind: \(kind), secrets: [\"${SECRET}\", another-secret]}]}\n"
    }

    @Test(
        "is signed as the forge signs, and its answer shown",
        arguments: [
            ("github", secret), ("gitlab", secret), ("gitlab", key), ("gitea", secret), ("bitbucket", secret),
            ("azure-devops", secret), ("generic", secret), ("standard", key),
        ])
    func kinds(kind: String, secret: String) async throws {
        let sandbox = try await Sandbox(
            configuration: Self.configuration(kind).replacing(
                "another-secret", with: kind == "standard" ? Self.key : "another-secret"))
        let port = try await WebhookPeer.start(kind, secret, in: sandbox)
        let result = try await sandbox.prewarm(
            "webhook", "test", "hook", "--url", "http://127.0.0.1:\(port)/webhooks/hook",
            environment: ["SECRET": secret])
        #expect(result.code == 0 && result.err.contains("it answers 202: looking at presets"), "\(result.err)")
        #expect(!(result.err + result.out).contains(secret))
    }

    @Test("says what to do about an answer that is none of the wished")
    func refused() async throws {
        let sandbox = try await Sandbox(configuration: Self.configuration("github"))
        let port = try await WebhookPeer.start("github", "not that one", in: sandbox)
        let result = try await sandbox.prewarm(
            "webhook", "test", "hook", "--url", "http://127.0.0.1:\(port)/", environment: ["SECRET": Self.secret])
        #expect(result.code == 1 && result.err.contains("401") && result.err.contains("hint: "), "\(result.err)")
    }

    @Test("says what is missing before it sends anything")
    func missing() async throws {
        let sandbox = try await Sandbox(configuration: Self.configuration("github"))
        for (arguments, words) in [
            (["hok"], "did you mean \"hook\"?"), (["hook", "--source", "other"], "it is for presets"),
            (["hook"], "is the daemon running"),
        ] {
            let result = try await sandbox.prewarm(
                ["webhook", "test"] + arguments, environment: ["SECRET": Self.secret])
            #expect(result.code == 1 && result.err.contains(words), "\(result.err)")
        }
        let local = try await Sandbox(configuration: Self.configuration("github", url: "file://ROOT/repo"))
        let result = try await local.prewarm("webhook", "test", "hook", environment: ["SECRET": Self.secret])
        #expect(result.code == 1 && result.err.contains("is a folder of this machine"), "\(result.err)")
    }
}

/// `Tests/access-peer.py receive`: takes one request, and ends.
enum WebhookPeer {
    static let isWanted: Bool = {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", "import standardwebhooks"]
        process.standardError = FileHandle.nullDevice
        return (try? process.run()) != nil
            && {
                process.waitUntilExit(); return process.terminationStatus == 0
            }()
    }()

    /// - Returns: its port.
    static func start(_ kind: String, _ secret: String, in sandbox: Sandbox) async throws -> Int {
        let file = sandbox.root.appending(path: "port").path
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "access-peer.py").path()
        process.arguments = ["python3", script, "receive", kind, secret, file]
        try process.run()
        for _ in 0..<600 {
            if let bytes = sandbox.bytes("port"), let port = Int(String(decoding: bytes, as: UTF8.self)) { return port }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw SandboxError(message: "the peer did not start")
    }
}
