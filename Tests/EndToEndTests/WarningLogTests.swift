import Foundation
import Testing

/// The warnings that an operator finds in the log of the daemon.
@Suite struct WarningLogTests {
    private static func line(_ log: String, _ words: String...) -> Bool {
        log.split(separator: "\n").contains { line in
            line.contains("warning") && words.allSatisfy { line.contains($0) }
        }
    }

    @Test func failedBuildsAndStalledPresetsAreInTheLog() async throws {
        let sandbox = try await Sandbox.observable()
        try sandbox.write("create-exit", "3")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, "  failureLimit: 1")])
        try await sandbox.serve { daemon in
            try await daemon.eventually("a build failed") {
                Self.line(daemon.log, "a build failed", "preset=a", "workspace=a-", "exit code 3")
            }
            try await daemon.eventually("stalled") { Self.line(daemon.log, "a preset is stalled", "preset=a") }
            #expect(!daemon.log.contains("\nno space left"), "one line each")
        }
    }

    @Test func lostWorkspacesAndBrokenClaimsAreInTheLogAndTheStatus() async throws {
        let configuration = Sandbox.configuration(operations: "create, delete, list, inspect")
            .replacing("    timeout: 20s", with: "    timeout: 20s\n    resync: 1s")
        let sandbox = try await Sandbox(configuration: configuration)
        try sandbox.write("provision", Sandbox.observableProvisioner, isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("3 are ready") { try await daemon.isReady("a", 3) }
            let claim = try await daemon.prewarm("claim", "a", "--owner", "ada", "-o", "json").json()
            let (id, name) = (try #require(claim["id"]?.string), try #require(claim["name"]?.string))
            try await daemon.eventually("3 are ready again") { try await daemon.isReady("a", 3) }
            try sandbox.remove("instances/\(id)")
            try await daemon.eventually("the claim is reported") {
                Self.line(
                    daemon.log, "a workspace was lost", "preset=a", "workspace=\(name)", "no longer has the workspace"
                )
            }
            let status = try await daemon.prewarm("status")
            #expect(status.code == 1, "\(status.out)")
            #expect(status.out.contains("the claimed workspace \(name) of a is unusable: "), "\(status.out)")
            #expect(try await daemon.get("/metrics").text.contains("prewarm_claimed_broken{provisioner=\"local\"} 1\n"))
            let other = try #require(sandbox.instances.sorted().first)
            try sandbox.remove("instances/\(other)")
            try await daemon.eventually("the lost one is reported") {
                daemon.log.split(separator: "\n").count { $0.contains("a workspace was lost") } == 2
            }
            try await daemon.eventually("it is replaced") {
                try await daemon.isReady("a", 3) && !sandbox.instances.contains(other)
            }
            #expect(try await daemon.prewarm("get", "workspaces", "--owner", "ada", "-o", "name").out == "\(name)\n")
            #expect(try await daemon.prewarm("release", name).code == 0)
            try await daemon.eventually("healthy") { try await daemon.prewarm("status").code == 0 }
        }
    }
}
