import Foundation
import Testing

@Suite struct RolloutTests {
    /// The last line is about the pools that the commit changed. With --wait, the errors are about all pools that have not
    /// converged.
    @Test func theLastLineTellsWhatACommitTouched() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 2), "b.yaml": Sandbox.preset("b", instances: 3),
            "c.yaml": Sandbox.preset("c", instances: 1),
        ])
        #expect(try await sandbox.prewarm("sync").lastLine == "✔ 3 pools, 6 of 6 workspaces ready to be claimed")
        try await sandbox.commit(["b.yaml": Sandbox.preset("b", instances: 4)])
        #expect(
            try await sandbox.prewarm("sync").lastLine
                == "✔ 1 pool, 4 of 4 workspaces ready to be claimed; 2 other pools unchanged")
        try await sandbox.commit([
            "b.yaml": Sandbox.preset("b", instances: 5, "  failureLimit: 1\n  parameters: {fail: \"yes\"}")
        ])
        try await sandbox.prewarm("sync")
        try await sandbox.commit(["c.yaml": Sandbox.preset("c", instances: 2)])
        #expect(
            try await sandbox.prewarm("sync").lastLine
                == "✔ 1 pool, 2 of 2 workspaces ready to be claimed; 2 other pools unchanged, but 1 has not converged"
        )
        try await sandbox.commit(["c.yaml": Sandbox.preset("c", instances: 3)])
        let waited = try await sandbox.prewarm("sync", "--wait")
        #expect(waited.code == 1 && waited.err.contains("b: 0 of 5 ready"), "\(waited.err)")
    }

    @Test func aBadVersionIsFoundByOneAndTheOldOnesGoOnServing() async throws {
        let sandbox = try await Sandbox()
        let limit = "  failureLimit: 1"
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4, limit)])
        try await sandbox.prewarm("sync")
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 4, version: "bad", limit + "\n  parameters: {fail: \"yes\"}"),
            "b.yaml": Sandbox.preset("b", instances: 1),
        ])
        let sync = try await sandbox.prewarm("sync", "--wait")
        #expect(sync.code == 1)
        #expect(
            sync.err.contains(/a: 0 of 4 ready \(and 3 older\), stalled after 1 failure: exit code 3: no space left/),
            "\(sync.err)")
        #expect(sandbox.calls("create") == 4 + 1 + 1, "one build of the bad version; the other preset is made")
        #expect(sandbox.instances.count == 3 + 1, "25 % of 4 may be missing")
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 1)
        let stalled =
            #"✗ exit code 3: no space left: the builds of a fail \(1 in a row, stalled\)\. "#
            + "To try again now: `prewarm retry a`"
        #expect(status.out.contains(try Regex(stalled)), "\(status.out)")
        #expect(try await sandbox.prewarm("plan").out.contains("! a: 1 build in a row failed"))
        let description = try await sandbox.prewarm("describe", "preset", "a").out
        #expect(description.contains("Stalled: 1 build in a row failed"))
        let claim = try await sandbox.prewarm("claim", "a", "--owner", "ada", "-o", "json")
        #expect(try claim.json()["version"]?.string == "1.0", "\(claim.err)")

        try await sandbox.prewarm("sync")
        #expect(sandbox.calls("create") == 6, "a stalled preset is not built again")
        #expect(try await sandbox.prewarm("retry", "a").code == 0)
        try await sandbox.prewarm("sync")
        #expect(sandbox.calls("create") == 7, "a retry builds once")

        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4, version: "2.0", limit)])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let preset = try await sandbox.preset("a")
        #expect(preset["eligible"]?.int == 4 && preset["outdated"]?.int == 0 && preset["claimed"]?.int == 1)
        #expect(try await sandbox.prewarm("status").code == 0)
    }

    @Test(arguments: [(1, 0), (0, 1), (2, 2)])
    func aRollingUpdateNeverGoesBelowItsFloor(surge: Int, unavailable: Int) async throws {
        let sandbox = try await Sandbox.observable()
        let strategy = "  strategy: {maxSurge: \(surge), maxUnavailable: \(unavailable)}"
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4, strategy)])
        try await sandbox.prewarm("sync")
        let old = sandbox.instances
        try sandbox.remove("ledger")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4, version: "2.0", strategy)])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        #expect(sandbox.instances.count == 4 && sandbox.instances.isDisjoint(with: old))
        #expect(sandbox.calls("create") == 4 && sandbox.calls("delete") == 4)
        #expect(sandbox.sizes.allSatisfy { $0 >= 4 - unavailable }, "\(sandbox.ledger)")
    }

    @Test func aRolloutSaysHowManyWorkspacesAreClaimable() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4)])
        try await sandbox.prewarm("sync")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4, version: "2.0")])
        let plan = try await sandbox.prewarm("plan").out
        #expect(plan.contains("  a  0 of 4 ready, 4 claimable (4 outdated)\n"), "\(plan)")
        try sandbox.write("provision", "#!/bin/sh\ncat > /dev/null\n[ \"$1\" = delete ]\n", isExecutable: true)
        try await sandbox.prewarm("sync")
        for command in [["status"], ["get", "presets"]] {
            let table = try await sandbox.prewarm(command).out
            let lines = table.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 5) }
            let title = try #require(lines.first { $0.first == "NAME" })
            let row = try #require(lines.first { $0.first == "a" })
            #expect(title[1] == "READY" && row[1] == "0/4" && title[3] == "CLAIMABLE" && row[3] == "3", "\(table)")
        }
    }

    @Test func aPresetThatOnlyExpiresIsReplacedBecauseOfItsTTL() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2, "  ttl: 10d")])
        try await sandbox.prewarm("sync")
        let export = try await sandbox.prewarm("export").out
        try sandbox.write("state.json", export)
        let plan = try await sandbox.prewarm(
            "plan", "--path", "repo/presets", "--observed", "state.json", "--at", "2099-01-01T00:00:00Z"
        ).out
        #expect(plan.contains("  Expired: replaces a workspace that reaches the ttl of 10d\n"), "\(plan)")
        #expect(!plan.contains("BelowDesired"), "\(plan)")
    }

    @Test func aRecreateDeletesFirst() async throws {
        let sandbox = try await Sandbox.observable()
        let strategy = "  strategy: {type: Recreate}"
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4, strategy)])
        try await sandbox.prewarm("sync")
        try sandbox.remove("ledger")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4, version: "2.0", strategy)])
        let plan = try await sandbox.prewarm("plan")
        #expect(plan.out.contains("Plan: 0 to create, 4 to delete, 0 to cancel."))
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        #expect(sandbox.sizes.allSatisfy { $0 <= 4 }, "\(sandbox.ledger)")
        #expect(sandbox.ledger[0].hasPrefix("delete"))
        #expect(try await sandbox.preset("a")["eligible"]?.int == 4)
    }

    @Test func aFailedOneIsKeptForInspectionAndHindersNothing() async throws {
        let sandbox = try await Sandbox()
        let options = "  keepFailed: 1\n  failureLimit: 1\n"
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1, version: "bad", options + "  parameters: {fail: \"yes\"}")
        ])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 1)
        let kept = try await sandbox.prewarm("get", "workspaces", "--state", "failed", "-o", "name").out
        #expect(kept.hasPrefix("a-"))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, options)])
        let sync = try await sandbox.prewarm("sync", "--wait")
        #expect(sync.code == 0, "\(sync.err)")
        #expect(try await sandbox.preset("a").condition("Reconciling") == nil)
        #expect(try await sandbox.prewarm("get", "workspaces", "--state", "failed", "-o", "name").out == kept)
        #expect(sandbox.calls("delete") == 0)
    }

    @Test func instancesOfOneMomentAreReplacedOneAfterTheOther() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("presets/a.yaml", Sandbox.preset("a", instances: 10, "  ttl: 1h\n  strategy: {maxSurge: 10}"))
        let workspaces = (0..<10).map {
            #"{"id": "w\#($0)", "preset": "a", "template": "go", "version": "1.0", "state": "ready", "#
                + #""createdAt": "2030-01-01T00:00:00Z", "readyAt": "2030-01-01T00:00:00Z"}"#
        }
        try sandbox.write("state.json", #"{"workspaces": [\#(workspaces.joined(separator: ","))], "operations": []}"#)
        func creates(at time: String) async throws -> Int? {
            let plan = try await sandbox.prewarm(
                "plan", "--path", "presets", "--observed", "state.json", "--at", "2030-01-01T\(time)Z", "-o", "json")
            return try plan.json()["summary"]?["create"]?.int
        }
        #expect(try await creates(at: "00:53:00") == 0)
        let early = try #require(try await creates(at: "00:55:00"))
        let late = try #require(try await creates(at: "00:56:00"))
        #expect(0 < early && early < late && late < 10, "\(early), \(late)")
        #expect(try await creates(at: "00:57:00") == 10, "the last one, too, is replaced before its end")
    }

    @Test func theFirstWindowOfAScheduleWinsInItsTimeZone() async throws {
        let sandbox = try await Sandbox()
        let schedule = """
              schedule:
                timezone: Europe/Berlin
                windows:
                  - {cron: "* 12 * * *", instances: 7}
                  - {cron: "* 8-18 * * 1-5", instances: 3}
            """
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, schedule)])
        // On a Monday in winter, Berlin is one hour ahead of UTC, and on a Monday in summer two hours.
        for (time, wanted) in [
            ("2030-01-07T06:59:59Z", 1), ("2030-01-07T07:00:00Z", 3), ("2030-01-07T11:30:00Z", 7),
            ("2030-01-07T18:00:00Z", 1), ("2030-07-01T06:00:00Z", 3), ("2030-01-06T09:00:00Z", 1),
        ] {
            let plan = try await sandbox.prewarm("plan", "--path", "repo/presets", "--at", time, "-o", "json")
            #expect(try plan.json()["summary"]?["create"]?.int == wanted, "\(time)")
        }
        try await sandbox.prewarm("sync")
        let description = try await sandbox.prewarm("describe", "preset", "a").out
        #expect(description.contains("by the schedule in Europe/Berlin; outside its windows 1."))
        #expect(description.contains(/From [-0-9: ]+:00 \(in \w+\) on, [137] workspaces? (is|are) desired\./))
    }
}
