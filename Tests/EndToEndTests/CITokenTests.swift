import Foundation
import Subprocess
import Testing

@Suite(
    "OIDC tokens of a CI job",
    .enabled("pyjwt is not here: pip install pyjwt cryptography") { try await AccessPeer.has("jwt") })
struct CITokenTests {
    private func withIssuer(
        repository: String = "1296269",
        _ body: @escaping @Sendable (RunningDaemon, _ runner: [Environment.Key: String]) async throws -> Void
    ) async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await AccessPeer.run("issue", in: sandbox) { port in
            let issuer = "http://127.0.0.1:\(port)"
            let file = String(decoding: try #require(sandbox.bytes("prewarm.yaml")), as: UTF8.self)
            try sandbox.write(
                "prewarm.yaml",
                file + """
                    server:
                      oidc:
                        - issuer: \(issuer)
                          audience: prewarm
                          rules: [{claims: {repository_id: "\(repository)"}, role: viewer}]

                    """)
            try await sandbox.serve { daemon in
                let url = "\(issuer)/token?api-version=2"
                try await body(
                    daemon,
                    [
                        "PREWARM_SERVER": daemon.url, "PREWARM_CONFIG": "/nowhere", "ACTIONS_ID_TOKEN_REQUEST_URL": url,
                        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the-runner",
                    ])
            }
        }
    }

    @Test("A job in GitHub Actions syncs with its OIDC token")
    func sync() async throws {
        try await withIssuer { daemon, runner in
            let synced = try await daemon.sandbox.prewarm(
                ["sync", "--wait", "--oidc", "prewarm"], environment: runner)
            #expect(synced.code == 0, "\(synced.err)")
            let anonymous = try await daemon.prewarm("sync", "--wait", environment: ["PREWARM_TOKEN": ""])
            #expect(anonymous.code == 77)
            let claim = try await daemon.sandbox.prewarm(
                ["claim", "a", "--owner", "ada", "--oidc", "prewarm"], environment: runner)
            #expect(claim.code == 77 && claim.err.contains("this needs the role claimer"), "\(claim.err)")
        }
    }

    @Test("A token for another audience or of another repository is refused")
    func refused() async throws {
        try await withIssuer { daemon, runner in
            let other = try await daemon.sandbox.prewarm(["status", "--oidc", "other"], environment: runner)
            #expect(other.code == 77 && other.err.contains("audience"), "\(other.err)")
        }
        try await withIssuer(repository: "7") { daemon, runner in
            let other = try await daemon.sandbox.prewarm(["status", "--oidc", "prewarm"], environment: runner)
            #expect(other.code == 77, "\(other.err)")
        }
    }

    @Test("The error names the permission that the workflow lacks")
    func lacks() async throws {
        try await withIssuer { daemon, runner in
            let outside = try await daemon.prewarm("status", "--oidc", "prewarm")
            #expect(outside.code == 1 && outside.err.contains("permissions: {id-token: write}"), "\(outside.err)")
            var runner = runner
            runner["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "expired"
            let refused = try await daemon.sandbox.prewarm(
                ["status", "--oidc", "prewarm"], environment: runner)
            #expect(refused.code == 1 && refused.err.contains("GitHub Actions gave no token"), "\(refused.err)")
            #expect(!refused.err.contains("expired"))
        }
    }
}
