import Foundation
import Testing

@Suite("Failed builds")
struct FailureCommandTests {
    private static let failing = Sandbox.preset(
        "a", instances: 24, "  failureLimit: 2\n  parameters: {fail: \"yes\", seconds: 1}")

    @Test("A sync stops after the first failures, and retry --all starts again")
    func sync() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Self.failing])
        #expect(try await sandbox.prewarm("sync").code == 1)
        #expect(sandbox.calls("create") == 3, "three slots, one reserved")
        #expect(try await sandbox.preset("a")["failure"]?["builds"]?.int == 1)
        #expect(try await sandbox.prewarm("get", "operations", "--state", "pending", "-o", "name").out == "")

        #expect(try await sandbox.prewarm("retry").code == 64)
        #expect(try await sandbox.prewarm("retry", "a", "--all").code == 64)
        let retry = try await sandbox.prewarm("retry", "--all")
        #expect(retry.code == 0 && retry.err.contains("1 preset, 0 operations"), "\(retry.err)")
        #expect(try await sandbox.prewarm("sync").code == 1)
        #expect(sandbox.calls("create") == 6)
    }

    @Test("A daemon stops building until the next attempt is due")
    func serve() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Self.failing])
        try await sandbox.serve { daemon in
            // On a busy machine the preset may be stalled when it is looked at: its second try may have failed by then.
            try await daemon.eventually("it backs off or is stalled, and nothing waits or runs") {
                let pending = try await sandbox.prewarm("get", "operations", "--state", "pending", "-o", "name")
                let running = try await sandbox.prewarm("get", "operations", "--state", "running", "-o", "name")
                let preset = try await sandbox.preset("a")
                let waits = preset.condition("BackingOff") ?? preset.condition("Stalled")
                return waits != nil && pending.out + running.out == ""
            }
            #expect(sandbox.calls("create") <= 4, "three side by side, and one try if this took long")
            let retry = try await daemon.post("/api/v1/retry", #"{"all": true}"#)
            #expect(retry.status == 200 && retry.text.contains("1 preset"), "\(retry.text)")
            #expect(try await daemon.post("/api/v1/retry", #"{"all": true, "name": "a"}"#).status == 400)
            try await daemon.eventually("it tries again") { sandbox.calls("create") >= 5 }
        }
    }
}
