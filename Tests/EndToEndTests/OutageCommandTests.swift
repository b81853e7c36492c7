import Foundation
import Testing

/// An outage of a provisioner, as operators and users see it.
@Suite struct OutageCommandTests {
    @Test("An outage is in the status, doctor, metrics, events and log, and `retry --provisioner` ends it at once")
    func outage() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            #expect(
                try await daemon.get("/metrics").text.contains(
                    "prewarm_provisioner_available{provisioner=\"local\"} 1\n"))
            try sandbox.write("create-exit", "69")
            let claim = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#)
            #expect(claim.status == 201)
            try await daemon.eventually("the outage is in the log") {
                daemon.log.split(separator: "\n").contains {
                    $0.contains("warning") && $0.contains("a provisioner is unavailable")
                        && $0.contains("no space left")
                }
            }
            try await daemon.eventually("the preset has the condition") {
                try await sandbox.preset("a").condition("ProvisionerUnavailable") != nil
            }
            let status = try await daemon.prewarm("status")
            #expect(status.code == 1)
            #expect(status.out.contains("the provisioner \"local\" is unavailable since"), "\(status.out)")
            #expect(status.out.contains("exit code 69: no space left"), "\(status.out)")
            #expect(
                try await daemon.get("/metrics").text.contains(
                    "prewarm_provisioner_available{provisioner=\"local\"} 0\n"))
            let doctor = try await sandbox.prewarm("doctor")
            #expect(doctor.code == 1)
            #expect(doctor.out.contains("unavailable since"), "\(doctor.out)")
            let refused = try await daemon.prewarm("claim", "a", "--owner", "ada")
            #expect(refused.err.contains("the provisioner local is unavailable: exit code 69"), "\(refused.err)")
            #expect(try await daemon.prewarm("retry", "--provisioner", "other").code != 0)
            try sandbox.remove("create-exit")
            let retried = try await daemon.prewarm("retry", "--provisioner", "local")
            #expect(retried.code == 0, "\(retried.err)")
            try await daemon.eventually("it is full again") { try await daemon.isReady("a", 1) }
            try await daemon.eventually("the end is in the log") {
                daemon.log.contains("a provisioner is available again")
            }
            try await daemon.eventually("healthy") { try await daemon.prewarm("status").code == 0 }
        }
    }

    @Test("`prewarm replace` replaces ready workspaces and refuses claimed ones")
    func replace() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        let before = Set(sandbox.instances)
        #expect(try await sandbox.prewarm("replace", "--preset", "a").code == 0)
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(sandbox.instances.count == 2)
        #expect(before.isDisjoint(with: sandbox.instances))
        let claim = try await sandbox.prewarm("claim", "a", "--owner", "ada", "-o", "json").json()
        let name = try #require(claim["name"]?.string)
        let refused = try await sandbox.prewarm("replace", name)
        #expect(refused.code == 1)
        #expect(
            refused.err.contains("cannot replace the workspace \(name): it is claimed, not ready"), "\(refused.err)")
        #expect(try await sandbox.prewarm("replace").code == 64)
    }
}
