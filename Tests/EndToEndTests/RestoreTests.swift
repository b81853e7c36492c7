import Foundation
import Testing

@Suite("A restored store")
struct RestoreTests {
    private static let lister = Sandbox.observableProvisioner
        .replacing(
            #"mkdir -p "instances/$PREWARM_WORKSPACE_ID""#,
            with: #"""
                mkdir -p "instances/$PREWARM_WORKSPACE_ID"
                echo "$PREWARM_STORE" > "instances/$PREWARM_WORKSPACE_ID/store"
                """#
        )
        .replacing(
            #"{"id": "%s", "state": "ready"}' "$comma" "$id""#,
            with: #"{"id": "%s", "state": "ready", "store": "%s"}' "$comma" "$id" "$(cat instances/$id/store)""#
        )

    /// - Parameter lists: true if the provisioner lists the identity of the store.
    private func sandbox(lists: Bool = true, policy: String = "policy: {orphans: delete}\n") async throws -> Sandbox {
        let sandbox = try await Sandbox.observable(policy: policy)
        if lists { try sandbox.write("provision", Self.lister, isExecutable: true) }
        return sandbox
    }

    private func copy(_ sandbox: Sandbox, _ from: String, _ to: String) throws {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(at: sandbox.root.appending(path: to + suffix))
            let file = sandbox.root.appending(path: from + suffix)
            guard FileManager.default.fileExists(atPath: file.path) else { continue }
            try FileManager.default.copyItem(at: file, to: sandbox.root.appending(path: to + suffix))
        }
    }

    private func claim(_ sandbox: Sandbox, _ owner: String) async throws -> String {
        let claim = try await sandbox.prewarm("claim", "a", "--owner", owner, "-o", "json")
        return try #require(try claim.json()["id"]?.string, "\(claim.err)")
    }

    @Test("A store that was restored after claims neither claims nor deletes until an approval")
    func afterClaims() async throws {
        let sandbox = try await sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        try await sandbox.prewarm("sync")
        try copy(sandbox, "prewarm.db", "copy.db")
        let claimed = try await claim(sandbox, "ada")
        try copy(sandbox, "copy.db", "prewarm.db")
        let refused = try await sandbox.prewarm("claim", "a", "--owner", "bob")
        #expect(refused.code == 1)
        #expect(refused.err.contains("the store is a restored copy, so claims are refused and deletions are held"))
        #expect(refused.err.contains("run `prewarm approve --restored`"), "\(refused.err)")
        // The commit removes all workspaces of a.
        try await sandbox.commit(["a.yaml": nil, "b.yaml": Sandbox.preset("b", instances: 1)])
        let sync = try await sandbox.prewarm("sync", "--refresh")
        #expect(sandbox.calls("delete") == 0 && sandbox.instances.contains(claimed))
        #expect(sync.err.contains("warning: the store is a restored copy"), "\(sync.err)")
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 1 && status.out.contains("the store is a restored copy"), "\(status.out)")
        #expect(try await sandbox.prewarm("doctor").code == 1)
        let approval = try await sandbox.prewarm("approve", "--restored", "--by", "eve")
        #expect(approval.code == 0, "\(approval.err)")
        #expect(try await sandbox.prewarm("approve", "--restored").code == 1, "once")
        let audit = try await sandbox.prewarm("get", "audit", "-o", "json").json()
        #expect(audit.list.contains { $0["action"]?.string == "approve" && $0["detail"]?.string == nil })
        #expect(try await sandbox.prewarm("claim", "b", "--owner", "bob").code == 0)
    }

    @Test("A store that was restored with its identity file is found by the provisioner's list")
    func byList() async throws {
        let sandbox = try await sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.prewarm("sync")
        try copy(sandbox, "prewarm.db", "copy.db")
        let identity = try #require(sandbox.bytes("prewarm.db.identity"))
        let claimed = try await claim(sandbox, "ada")
        try await sandbox.prewarm("sync")
        #expect(sandbox.instances.count == 3)
        try copy(sandbox, "copy.db", "prewarm.db")
        try identity.write(to: sandbox.root.appending(path: "prewarm.db.identity"))
        let sync = try await sandbox.prewarm("sync", "--refresh")
        #expect(sandbox.instances.count == 3 && sandbox.calls("delete") == 0, "\(sync.err)")
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "bob").code == 1)
        let orphans = try await sandbox.prewarm("get", "orphans", "-o", "json").json()
        #expect(orphans.list.count == 1 && orphans[0]?["store"]?.string?.isEmpty == false)
        #expect(try await sandbox.prewarm("approve", "--restored").code == 0)
        // The store knows all listed workspaces now, so the next list finds no orphans.
        try await sandbox.prewarm("sync", "--refresh")
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "bob").code == 0)
        #expect(sandbox.instances.contains(claimed), "the copy has it ready")
    }

    @Test("The daemon finds the restored store, stays ready, and continues after an approval")
    func daemon() async throws {
        let sandbox = try await sandbox(lists: false)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.prewarm("sync")
        try copy(sandbox, "prewarm.db", "copy.db")
        _ = try await claim(sandbox, "ada")
        try copy(sandbox, "copy.db", "prewarm.db")
        try await sandbox.serve { daemon in
            let claim = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "bob"}"#)
            #expect(claim.status == 503, "\(claim.text)")
            #expect(try claim.json()["title"]?.string == "StoreRestored")
            try await daemon.eventually("the log says it") { daemon.log.contains("the store is on hold") }
            try await daemon.eventually("it stays ready") { try await daemon.get("/readyz").status == 200 }
            let approval = try await daemon.prewarm("approve", "--restored")
            #expect(approval.code == 0, "\(approval.err)")
            let again = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "bob"}"#)
            #expect(again.status == 201, "\(again.text)")
        }
    }

    @Test("A new store deletes no workspaces of another prewarm, and those of its predecessor only after an approval")
    func others() async throws {
        let sandbox = try await sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        let before = sandbox.instances
        try sandbox.write("instances/01zzzzzzzzzzzzzzzzzzzzzzzz/store", "another")
        try await sandbox.prewarm("sync", "--refresh")
        #expect(sandbox.calls("delete") == 0)
        let orphans = try await sandbox.prewarm("get", "orphans", "-o", "json").json()
        #expect(orphans.list.map { $0["store"]?.string } == ["another"])
        for suffix in ["", "-wal", "-shm"] { try? sandbox.remove("prewarm.db\(suffix)") }
        let fresh = try await sandbox.prewarm("sync", "--refresh")
        let status = try await sandbox.prewarm("status")
        #expect(status.out.contains("the store is new, so orphans are not deleted"), "\(fresh.err)\(status.out)")
        #expect(sandbox.instances.isSuperset(of: before) && sandbox.calls("delete") == 0)
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "ada").code == 0, "its own workspace can be claimed")
        try await sandbox.prewarm("approve", "--restored")
        try await sandbox.prewarm("sync", "--refresh")
        #expect(sandbox.instances.isDisjoint(with: before))
        #expect(sandbox.instances.contains("01zzzzzzzzzzzzzzzzzzzzzzzz"))
    }

    @Test(
        "A copy without its identity file neither claims nor deletes until each provisioner was listed",
        arguments: [true, false])
    func withoutFile(isNewer: Bool) async throws {
        let sandbox = try await sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.prewarm("sync")
        try copy(sandbox, "prewarm.db", "copy.db")
        if isNewer {
            // The refill after the claim is newer than all that the copy knows.
            _ = try await claim(sandbox, "ada")
            try await sandbox.prewarm("sync")
        }
        try copy(sandbox, "copy.db", "prewarm.db")
        try sandbox.remove("prewarm.db.identity")
        let refused = try await sandbox.prewarm("claim", "a", "--owner", "bob")
        #expect(refused.code == 1 && refused.err.contains("the store may be an older copy"), "\(refused.err)")
        #expect(refused.err.contains("prewarm sync --refresh"), "\(refused.err)")
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 1 && status.out.contains("the store may be an older copy"), "\(status.out)")
        // The list is due, although the last one was a moment ago.
        let sync = try await sandbox.prewarm("sync")
        #expect(sandbox.calls("delete") == 0)
        let claim = try await sandbox.prewarm("claim", "a", "--owner", "bob")
        #expect((claim.code == 0) == !isNewer, "\(sync.err)\(claim.err)")
        #expect(claim.err.contains("the store is a restored copy") == isNewer, "\(claim.err)")
    }

    @Test("A copy without its identity file whose provisioner cannot list goes on after a sync, and after an approval")
    func withoutFileAndList() async throws {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration(operations: "create, delete"))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.prewarm("sync")
        try sandbox.remove("prewarm.db.identity")
        #expect(try await sandbox.prewarm("status").out.contains("the store may be an older copy"))
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "bob").code == 0, "no provisioner can be asked")
    }

    @Test("Kills and parallel commands do not look like a restored store")
    func noFalseAlarm() async throws {
        let sandbox = try await sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4)])
        for delay in [20, 60, 100, 150] { _ = try await sandbox.kill(after: .milliseconds(delay), "sync") }
        try await sandbox.prewarm("sync")
        try await withThrowingTaskGroup { group in
            for number in 0..<6 {
                group.addTask { _ = try await sandbox.prewarm("claim", "a", "--owner", "o\(number)") }
            }
            try await group.waitForAll()
        }
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(try await sandbox.prewarm("status", "-o", "json").json()["store"]?["hold"] == nil)
    }
}
