import Foundation
import Testing

@Suite struct ColdClaimCommandTests {
    @Test("A claim on an empty pool starts within a second behind 200 refills")
    func behindRefills() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write(
            "provision",
            """
            #!/bin/sh
            cat > /dev/null
            case $PREWARM_PRESET in a) sleep 2 ;; esac
            echo '{}'
            """, isExecutable: true)
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 200),
            "b.yaml": Sandbox.preset("b", instances: 0, "  onEmpty: create"),
        ])
        try await sandbox.serve { daemon in
            try await daemon.eventually("a refill runs") {
                try await !daemon.get("/api/v1/operations?preset=a&state=running").json().list.isEmpty
            }
            let waiting = try await daemon.get("/api/v1/operations?preset=a&state=pending&limit=1000").json().list
            #expect(waiting.count > 190)
            let claim = try await daemon.post("/api/v1/presets/b/claims", #"{"owner": "ada"}"#)
            let id = try #require(try claim.json()["id"]?.string, "\(claim.text)")
            var create: JSON?
            try await daemon.eventually("its create has started") {
                create = try await daemon.get("/api/v1/operations/\(id)").json()
                return create?["startedAt"]?.string != nil
            }
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            let times = try ["createdAt", "startedAt"].map { name in
                try Date(try #require(create?[name]?.string), strategy: style)
            }
            #expect(times[1].timeIntervalSince(times[0]) < 1, "\(times)")
        }
    }

    @Test func anEmptyPoolMakesOneForItsUserWhereItsManifestSaysSo() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 0),
            "b.yaml": Sandbox.preset("b", instances: 0, "  onEmpty: create"),
        ])
        try await sandbox.prewarm("sync")
        let refused = try await sandbox.prewarm("claim", "a", "--owner", "ada")
        #expect(refused.code == 3 && refused.out.isEmpty && sandbox.ledger.isEmpty)
        #expect(refused.err.contains("cannot claim a workspace of a: no workspace is ready to be claimed"))

        let arguments = ["claim", "b", "--owner", "ada", "--idempotency-key", "k", "-o", "json"]
        let claim = try await sandbox.prewarm(arguments)
        #expect(claim.code == 0 && claim.err.contains(/prewarm creates b-\w+ for ada/), "\(claim.err)")
        let workspace = try claim.json()
        #expect(workspace["state"]?.string == "claimed" && workspace["owner"]?.string == "ada")
        #expect(workspace["endpoint"]?.string == workspace["id"]?.string.map { "dir:\($0)" })
        #expect(try await sandbox.prewarm(arguments).json()["id"]?.string == workspace["id"]?.string)
        #expect(sandbox.instances.count == 1)
        #expect(try await sandbox.prewarm("plan", "--detailed-exitcode").code == 0, "the pool stays empty")
        let id = try #require(workspace["id"]?.string)
        #expect(try await sandbox.prewarm("release", id).code == 0)
        #expect(sandbox.instances.isEmpty)
    }

    @Test func aReadyOneIsGivenBeforeOneIsMade() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, "  onEmpty: create")])
        try await sandbox.prewarm("sync")
        #expect(try await !sandbox.prewarm("claim", "a", "--owner", "ada").err.contains("prewarm creates"))
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "bob").err.contains(/prewarm creates a-\w+ for bob/))
        #expect(sandbox.calls("create") == 2)
    }

    @Test func oneThatCantBeMadeIsSaidAndClearedAway() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 0, "  onEmpty: create\n  parameters: {fail: \"yes\"}")
        ])
        try await sandbox.prewarm("sync")
        let claim = try await sandbox.prewarm("claim", "a", "--owner", "ada")
        #expect(
            claim.code == 1 && claim.err.contains(/cannot create a-\w+: exit code 3: no space left/), "\(claim.err)")
        #expect(claim.err.contains("hint: read the log: `prewarm logs "))
        #expect(try await sandbox.preset("a").condition("Reconciling")?["message"]?.string == "1 failed to build")
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(try await sandbox.prewarm("get", "workspaces", "-o", "name").out.isEmpty)
        #expect(try await sandbox.prewarm("status").code == 0)
    }

    @Test func aKeyIsGoodUntilItsWorkspaceIsGivenUp() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 0, "  onEmpty: create")])
        try await sandbox.prewarm("sync")
        let arguments = ["claim", "a", "--owner", "ada", "--idempotency-key", "k", "-o", "json"]
        try sandbox.write("create-exit", "3")
        #expect(try await sandbox.prewarm(arguments).code == 1)
        #expect(try await sandbox.prewarm(arguments).code == 1, "what failed is not handed out by asking again")
        try sandbox.remove("create-exit")
        let claim = try await sandbox.prewarm(arguments).json()
        #expect(claim["state"]?.string == "claimed")
        let (id, name) = (try #require(claim["id"]?.string), try #require(claim["name"]?.string))
        #expect(try await sandbox.prewarm(arguments).json()["id"]?.string == id)
        #expect(try await sandbox.prewarm("release", id).code == 0)
        let late = try await sandbox.prewarm(arguments)
        #expect(late.code == 1 && late.out.isEmpty)
        let refusal =
            "cannot claim again with the idempotency key \"k\": its workspace \(name) is no longer claimed"
        #expect(late.err.contains(refusal), "\(late.err)")
    }

    @Test func aDeprecatedPresetMakesNone() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1, "  onEmpty: create\n  deprecated: {replacement: b}"),
            "b.yaml": Sandbox.preset("b", instances: 0),
        ])
        try await sandbox.prewarm("sync")
        let claim = try await sandbox.prewarm("claim", "a", "--owner", "ada")
        #expect(claim.code == 1 && claim.err.contains("Use b instead"), "\(claim.err)")
        #expect(sandbox.ledger.isEmpty)
    }
}
