import Foundation
import Testing

@Suite struct LoopTests {
    @Test func fromACommitToAWarmPoolAClaimAndARefill() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 2), "b.yaml": Sandbox.preset("b", instances: 1),
        ])

        let plan = try await sandbox.prewarm("plan", "--detailed-exitcode")
        #expect(plan.code == 2)
        #expect(plan.out.contains("Plan: 3 to create, 0 to delete, 0 to cancel."))
        #expect(sandbox.ledger.isEmpty, "a plan calls no provisioner")

        let sync = try await sandbox.prewarm("sync", "--wait", "--timeout", "1m")
        #expect(sync.code == 0, "\(sync.err)")
        #expect(sandbox.instances.count == 3)

        let claim = try await sandbox.prewarm("claim", "a", "--owner", "ada", "-o", "json")
        #expect(claim.code == 0)
        let workspace = try claim.json()
        #expect(workspace["state"]?.string == "claimed" && workspace["owner"]?.string == "ada")
        #expect(workspace["endpoint"]?.string == workspace["id"]?.string.map { "dir:\($0)" })

        #expect(try await sandbox.prewarm("sync").code == 0)
        let presets = try await sandbox.prewarm("get", "presets", "-o", "json").json()
        #expect(presets.list.map { $0["eligible"]?.int } == [2, 1])
        #expect(presets[0]?["claimed"]?.int == 1)
        #expect(try await sandbox.prewarm("status").code == 0)

        let id = try #require(workspace["id"]?.string)
        #expect(try await sandbox.prewarm("release", id).code == 0)
        #expect(!sandbox.instances.contains(id))
        #expect(try await sandbox.prewarm("plan", "--detailed-exitcode").code == 0)
    }

    @Test func aClaimThatComesWhileASyncWaitsIsRefilled() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        for number in 0..<12 {
            async let claim = sandbox.prewarm("claim", "a", "--owner", "ada")
            try await Task.sleep(for: .milliseconds(2 * number))
            let sync = try await sandbox.prewarm("sync", "--wait", "--timeout", "1m")
            #expect(sync.code == 0, "\(sync.err)")
            #expect(try await claim.code == 0)
            // The claim may have come after the end of the sync.
            #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
            #expect(try await sandbox.preset("a")["eligible"]?.int == 3)
        }
    }

    @Test(arguments: ["", "    mode: observe\n"])
    func whatIsOnlyObservedIsNothingToWaitFor(source: String) async throws {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration(source: source))
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1), "b.yaml": Sandbox.preset("b", instances: 2, "  mode: observe"),
        ])
        let sync = try await sandbox.prewarm("sync", "--wait", "--timeout", "1m")
        #expect(sync.code == 0, "\(sync.err)")
        #expect(try await sandbox.prewarm("status").code == 0)
        #expect(sandbox.instances.count == (source.isEmpty ? 1 : 0))
        let newest = try await sandbox.prewarm("get", "revisions", "-o", "json").json().list.first
        #expect(newest?["convergedAt"]?.string != nil)
    }

    @Test func aTimeoutEndsTheWaitAndTheNextSyncGoesOnWithTheSameWorkspace() async throws {
        let slow = Sandbox.provisioner.replacing("#!/bin/sh\n", with: "#!/bin/sh\n[ -e fast ] || sleep 603\n")
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("timeout: 20s", with: "timeout: 5m"))
        try sandbox.write("provision", slow, isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        for _ in 0..<2 {
            // On a busy machine, a short timeout may end before the repository is read.
            for timeout in ["1s", "10s", "60s"] {
                let cut = try await sandbox.prewarm("sync", "--timeout", timeout)
                #expect(cut.code == 1, "\(cut.err)")
                if cut.err.contains("a: 0 of 1 ready") { break }
                #expect(timeout != "60s" && cut.err.contains("within the time limit"), "\(cut.err)")
            }
        }
        let ids = try await sandbox.prewarm("get", "workspaces", "-o", "name").out
        try sandbox.write("fast", "")
        let sync = try await sandbox.prewarm("sync", "--wait")
        #expect(sync.code == 0, "\(sync.err)")
        #expect(try await sandbox.prewarm("get", "workspaces", "-o", "name").out == ids && sandbox.instances.count == 1)
    }

    @Test func aRevisionIsTakenAsTablesShowIt() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        let first = try await sandbox.head()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 5)])
        for revision in ["main@sha1:\(first.prefix(8))", "sha1:\(first.prefix(8))", String(first.prefix(8)), first] {
            let plan = try await sandbox.prewarm("plan", "--rev", revision)
            #expect(plan.out.contains("Plan: 2 to create"), "\(revision): \(plan.err)")
        }
        #expect(try await sandbox.prewarm("plan", "--rev", "main@sha1:xyz").code == 1)
    }

    @Test func aSecondSyncCallsNoProvisionerAndWritesNothing() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        let (calls, store, log) = (sandbox.ledger.count, sandbox.bytes("prewarm.db"), sandbox.bytes("prewarm.db-wal"))
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(sandbox.ledger.count == calls)
        #expect(sandbox.bytes("prewarm.db") == store && sandbox.bytes("prewarm.db-wal") ?? Data() == log ?? Data())
    }

    @Test func aRolloutReplacesAndADeletionPrunes() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 3), "b.yaml": Sandbox.preset("b", instances: 1),
        ])
        try await sandbox.prewarm("sync", "--wait")
        let before = sandbox.instances
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3, version: "2.0"), "b.yaml": nil])
        let plan = try await sandbox.prewarm("plan", "-o", "json").json()
        let reasons = Set(plan["actions"]?.list.compactMap { $0["reason"]?.string } ?? [])
        #expect(reasons == ["BelowDesired", "Pruned"], "maxUnavailable is 0: 25 % of 3")
        let sync = try await sandbox.prewarm("sync", "--wait")
        #expect(sync.code == 0, "\(sync.err)")
        #expect(sandbox.instances.isDisjoint(with: before) && sandbox.instances.count == 3)
        let presets = try await sandbox.prewarm("get", "presets", "-o", "name")
        #expect(presets.out == "a\n")
    }

    @Test func twoClaimsNeverGetTheSame() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        try await sandbox.prewarm("sync")
        let results = try await withThrowingTaskGroup(of: Sandbox.Result.self) { group in
            for index in 0..<6 {
                group.addTask { try await sandbox.prewarm("claim", "a", "--owner", "user-\(index)", "-o", "json") }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let ids = try results.filter { $0.code == 0 }.map { try $0.json()["id"]?.string }
        #expect(ids.count == 3 && Set(ids).count == 3)
        #expect(results.count { $0.code == 3 } == 3)
    }

    @Test func twoSyncsAtOnceMakeOnePool() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 6, "  parameters: {seconds: 0.1}")])
        async let first = sandbox.prewarm("sync", "--wait")
        async let second = sandbox.prewarm("sync", "--wait")
        let codes = try await [first.code, second.code]
        #expect(codes == [0, 0])
        #expect(sandbox.instances.count == 6)
        #expect(sandbox.ledger.count == 6, "no operation runs twice")
    }

    @Test func idempotencyKeysAndDescriptions() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.prewarm("sync")
        let claims = [
            try await sandbox.prewarm("claim", "a", "--owner", "ada", "--idempotency-key", "k", "-o", "json"),
            try await sandbox.prewarm("claim", "a", "--owner", "ada", "--idempotency-key", "k", "-o", "json"),
        ]
        #expect(claims[0].out == claims[1].out)
        let name = try #require(try claims[0].json()["name"]?.string)
        #expect(try await sandbox.prewarm("describe", "workspace", name).out.contains("ada"))
        #expect(try await sandbox.prewarm("describe", "preset", "a").out.contains("2 workspaces are desired."))
        let operations = try await sandbox.prewarm("get", "operations", "-o", "json").json()
        let id = try #require(operations[0]?["id"]?.string)
        #expect(try await sandbox.prewarm("describe", "operation", id).code == 0)
        #expect(try await sandbox.prewarm("logs", id).out.contains("create of a-"))
        let export = try await sandbox.prewarm("export").json()
        #expect(export["workspaces"]?.list.count == 2)
    }

    @Test func anOfflinePlanIsTheSameByteForByte() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.prewarm("sync")
        try sandbox.write("state.json", try await sandbox.prewarm("export").out)
        try sandbox.write("repo/presets/a.yaml", Sandbox.preset("a", instances: 3))
        let arguments = [
            "plan", "--path", "repo/presets", "--observed", "state.json", "--at", "2030-01-01T00:00:00Z", "-o", "json",
        ]
        let plans = [try await sandbox.prewarm(arguments), try await sandbox.prewarm(arguments)]
        #expect(plans[0].out == plans[1].out && plans[0].code == 0, "\(plans[0].err)")
        #expect(try plans[0].json()["summary"]?["create"]?.int == 1)
    }
}
