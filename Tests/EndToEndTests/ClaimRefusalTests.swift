import Foundation
import Testing

@Suite("Claims that prewarm refuses")
struct ClaimRefusalTests {
    @Test("A claim from a pool whose builds fail names the cause and the retry")
    func failing() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1, "  failureLimit: 1\n  parameters: {fail: \"yes\"}"),
            "b.yaml": Sandbox.preset("b", instances: 1, "  parameters: {fail: \"yes\"}"),
        ])
        try await sandbox.prewarm("sync")
        for name in ["a", "b"] {
            let claim = try await sandbox.prewarm("claim", name, "--owner", "ada")
            #expect(claim.code == 3)
            #expect(claim.err.contains("to be claimed; the last build failed: exit code 3: no space left\n"), "\(claim)")
            #expect(claim.err.contains("After the fix: `prewarm retry \(name)`"), "\(claim)")
        }
        let token = try await sandbox.prewarm("token", "create", "ada", "--role", "claimer", "-o", "json")
        let secret = try token.json()["token"]?.string ?? ""
        try await sandbox.serve { daemon in
            let claim = try await daemon.prewarm(
                "claim", "a", "--owner", "ada", environment: ["PREWARM_TOKEN": secret])
            #expect(claim.code == 3 && !claim.err.contains("no space left"), "\(claim)")
            #expect(claim.err.contains("the last build failed: an operator can read why"), "\(claim)")
            #expect(claim.err.contains("ask an operator to fix the cause and to run `prewarm retry a`"), "\(claim)")
        }
    }
}
