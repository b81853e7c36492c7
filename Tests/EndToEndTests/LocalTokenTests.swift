import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("The local token of a daemon", .serialized)
struct LocalTokenTests {
    private func withDaemon(_ body: @escaping @Sendable (Sandbox, RunningDaemon) async throws -> Void) async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            try await body(sandbox, daemon)
        }
    }

    @Test("A request without a token is refused, whatever address it claims")
    func anonymous() async throws {
        try await withDaemon { sandbox, daemon in
            let requests: [(method: String, path: String, body: String?)] = [
                ("GET", "/api/v1/presets", nil), ("GET", "/api/v1/openapi.json", nil), ("GET", "/metrics", nil),
                ("POST", "/api/v1/presets/a/claims", #"{"owner": "eve"}"#), ("POST", "/api/v1/sync", "{}"),
                ("POST", "/api/v1/tokens", #"{"name": "eve", "role": "operator"}"#), ("GET", "/api/v1/events", nil),
            ]
            let ways: [[String: String]] = [
                [:], ["Host": "localhost"], ["Host": "evil.example"], ["X-Forwarded-For": "127.0.0.1"],
                ["Forwarded": "for=127.0.0.1"], ["Origin": "http://localhost"], ["Accept": "text/event-stream"],
            ]
            for (method, path, body) in requests {
                for way in ways {
                    let headers = way.merging(["Authorization": ""]) { $1 }
                    let answer = try await daemon.call(method, path, body: body, headers: headers)
                    #expect(answer.status == 401, "\(method) \(path) \(way): \(answer.text)")
                }
            }
            for path in ["/healthz", "/readyz"] {
                #expect(try await daemon.get(path, headers: ["Authorization": ""]).status == 200)
            }
            // Without any access token, requests still need a token.
            #expect(try await daemon.prewarm("token", "create", "ci", "--role", "operator").code == 0)
            #expect(try await daemon.prewarm("token", "revoke", "ci").code == 0)
            #expect(try await daemon.get("/api/v1/presets", headers: ["Authorization": ""]).status == 401)
            #expect(try await sandbox.prewarm("get", "workspaces", "-o", "json").json()[0]?["owner"] == nil)
        }
    }

    @Test("Commands of the daemon's user find the token, and the audit log names the user")
    func commands() async throws {
        try await withDaemon { sandbox, daemon in
            let path = sandbox.root.appending(path: "prewarm.db.token").path
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
            let port = daemon.url.split(separator: ":").last.map(String.init) ?? ""
            for server in [daemon.url, "http://localhost:\(port)", "http://127.0.0.1:\(port)/"] {
                let found = try await sandbox.prewarm("get", "presets", "-o", "name", "--server", server)
                #expect(found.code == 0 && found.out == "a\n", "\(found.err)")
            }
            let claimed = try await sandbox.prewarm("claim", "a", "--owner", "ada", "--server", daemon.url)
            #expect(claimed.code == 0, "\(claimed.err)")
            let audit = try await daemon.prewarm("get", "audit", "-o", "json").json()
            let user = NSUserName()
            #expect(audit[0]?["action"]?.string == "claim" && audit[0]?["who"]?.string == "local \(user)")

            // The command runs in another folder, with a configuration whose variables only the daemon has.
            let elsewhere = try await sandbox.prewarm(
                "get", "presets", "--server", daemon.url, "--config", "/nowhere/prewarm.yaml")
            #expect(elsewhere.code == 77 && elsewhere.err.contains("the request has no token"), "\(elsewhere.err)")
            #expect(
                elsewhere.err.contains(
                    "hint: ask an operator of prewarm for a token: `prewarm token create NAME --role viewer`. Pass it by"
                ),
                "\(elsewhere.err)")
            let tokenFile = sandbox.root.appending(path: "prewarm.db.token").path
            #expect(elsewhere.err.contains("The user \(user) can use `--token @\(tokenFile)`"), "\(elsewhere.err)")
            let read = try await sandbox.prewarm(
                "get", "presets", "--server", daemon.url, "--config", "/nowhere/prewarm.yaml", "--token",
                "@\(tokenFile)")
            #expect(read.code == 0, "\(read.err)")
            for token in [nil, "nonsense"] {
                let claim = try await sandbox.prewarm(
                    "claim", "a", "--owner", "ada", "--server", daemon.url, "--config", "/nowhere/prewarm.yaml",
                    environment: ["PREWARM_TOKEN": token ?? ""])
                #expect(claim.err.contains("`prewarm token create NAME --role claimer`"), "\(claim.err)")
            }
            let file = String(decoding: try #require(sandbox.bytes("prewarm.yaml")), as: UTF8.self)
            try sandbox.write(
                "other/prewarm.yaml",
                file.replacing("prewarm.db", with: "../prewarm.db") + "secrets: {A: \"${NOT_SET}\"}\n")
            let named = try await sandbox.prewarm(
                "get", "presets", "-o", "name", "--server", daemon.url, "--config", "other/prewarm.yaml")
            #expect(named.code == 0 && named.out == "a\n", "\(named.err)")

            // If a token is given, the local token is not used.
            let wrong = try await sandbox.prewarm("get", "presets", "--server", daemon.url, "--token", "nonsense")
            #expect(
                wrong.code == 77 && wrong.err.contains("invalid token: it is unknown, or it was revoked"),
                "\(wrong.err)"
            )
            #expect(!daemon.log.contains(daemon.localToken.suffix(52)))
        }
    }

    @Test("A second daemon of a store warns, and names the process of the first")
    func secondDaemon() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 0)])
        try await sandbox.serve { daemon in
            #expect(!daemon.log.contains("another daemon"), "\(daemon.log)")
            let script = """
                "$0" serve --listen 127.0.0.1:0 2>second.log &
                for _ in $(seq 1200); do ! grep -q serving second.log || break; sleep 0.1; done
                kill $!
                wait $!
                """
            _ = try await Subprocess.run(
                .name("sh"), arguments: ["-c", script, Sandbox.binary.string],
                workingDirectory: FilePath(sandbox.root.path), input: .none, output: .discarded, error: .discarded)
            let log = String(decoding: sandbox.bytes("second.log") ?? Data(), as: UTF8.self)
            #expect(log.contains(/warning .*another daemon runs on this store/), "\(log)")
            #expect(log.contains("process=\(daemon.pid) "), "\(log)")
        }
    }
}
