import Foundation
import Testing

@Suite("Plans in files")
struct PlanFileTests {
    @Test("A plan is carried out exactly, or refused")
    func carriedOut() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        #expect(try await sandbox.prewarm("plan", "--out", "plan.json").code == 0)
        #expect(sandbox.instances.isEmpty)
        let path = sandbox.root.appending(path: "plan.json").path
        let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(permissions == 0o600, "there may be parameters in it")
        let first = try await sandbox.prewarm("sync", "--plan", "plan.json")
        #expect(first.code == 0 && sandbox.instances.count == 2, "\(first.err)")
        let again = try await sandbox.prewarm("sync", "--plan", "plan.json")
        #expect(again.code == 1 && again.err.contains("cannot apply the plan: the state has changed"))
        #expect(sandbox.instances.count == 2)
    }

    @Test("A plan of another commit is refused, and so is a file that is not a plan")
    func refused() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        #expect(try await sandbox.prewarm("plan", "--out", "plan.json").code == 0)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        #expect(try await sandbox.prewarm("sync", "--plan", "plan.json").code == 1)
        #expect(sandbox.instances.isEmpty)
        try sandbox.write("other.json", "{}")
        let other = try await sandbox.prewarm("sync", "--plan", "other.json")
        #expect(other.code == 1 && other.err.contains("cannot use other.json: it is not a plan"))
        #expect(try await sandbox.prewarm("sync", "--plan", "plan.json", "--wait").code == 64)
    }

    @Test("An offline plan waits after failures like a plan from the store")
    func offlineFailures() async throws {
        let sandbox = try await Sandbox()
        // The time is left out, because it may have passed.
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2, "  failureLimit: 1")])
        try sandbox.write("provision", "#!/bin/sh\necho no image >&2\nexit 1\n", isExecutable: true)
        #expect(try await sandbox.prewarm("sync").code == 1)
        let export = try await sandbox.prewarm("export")
        try sandbox.write("state.json", export.out)
        let plan = try await sandbox.prewarm("plan", "--path", "repo/presets", "--observed", "state.json", "-o", "json")
        let conditions = try #require(try plan.json()["presets"]?[0]?["conditions"]).list
        #expect(conditions.contains { $0["type"]?.string == "Stalled" }, "\(plan.out)")
    }
}
