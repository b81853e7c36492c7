import Foundation
import Testing

@Suite struct DriftCommandTests {
    @Test func whatIsGoneIsFoundAndReplaced() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        try await sandbox.prewarm("sync")
        let lost = try #require(sandbox.instances.sorted().first)
        try sandbox.remove("instances/\(lost)")
        #expect(try await sandbox.prewarm("sync").err.contains("nothing changed"), "it was listed a moment ago")
        let sync = try await sandbox.prewarm("sync", "--refresh")
        #expect(sync.code == 0 && sync.err.contains(" is lost: local does not have it"), "\(sync.err)")
        #expect(sandbox.instances.count == 3 && !sandbox.instances.contains(lost))
        #expect(try await sandbox.preset("a")["eligible"]?.int == 3)
        #expect(sync.err.contains("prewarm inspects them"), "\(sync.err)")
        let events = try await sandbox.prewarm("get", "events").out
        #expect(events.contains("the provisioner reports that the workspace no longer exists"))
    }

    @Test func aClaimedOneThatIsGoneIsSaidAndStaysItsOwners() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        let claim = try await sandbox.prewarm("claim", "a", "--owner", "ada", "-o", "json").json()
        let (id, name) = (try #require(claim["id"]?.string), try #require(claim["name"]?.string))
        try sandbox.remove("instances/\(id)")
        let sync = try await sandbox.prewarm("sync", "--refresh")
        let loss = "warning: the claimed workspace \(name) of ada is lost: local does not list it"
        #expect(sync.err.contains(loss), "\(sync.err)")
        #expect(sync.err.contains("hint: remove it with `prewarm release \(name)`"))
        let owned = try await sandbox.prewarm("get", "workspaces", "--owner", "ada", "-o", "name")
        #expect(owned.out == "\(name)\n")
        #expect(try await sandbox.prewarm("release", name).code == 0)
        #expect(try await sandbox.prewarm("get", "workspaces", "--owner", "ada", "-o", "name").out.isEmpty)
    }

    @Test func aListThatLacksMostIsNotBelievedHoweverFewThereAre() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        try await sandbox.prewarm("sync")
        let before = sandbox.instances
        for id in before { try sandbox.remove("instances/\(id)") }
        for id in before.sorted().prefix(1) { try sandbox.write("instances/\(id)", "") }
        for _ in 0..<3 {
            let sync = try await sandbox.prewarm("sync", "--refresh")
            #expect(sync.err.contains("lacks 2 of 3") && sync.err.contains("at least 10m later agrees"), "\(sync.err)")
        }
        #expect(sandbox.calls("delete") == 0 && sandbox.calls("create") == 3, "lists of the same minute do not agree")
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 1 && status.out.contains("lacks 2 workspaces"), "\(status.out)")
        // With a shorter interval, the next list confirms the first one.
        let configuration = try #require(sandbox.bytes("prewarm.yaml").map { String(decoding: $0, as: UTF8.self) })
        try sandbox.write("prewarm.yaml", configuration.replacing("timeout: 20s", with: "timeout: 20s\n    resync: 1s"))
        try await Task.sleep(for: .milliseconds(1100))
        let sync = try await sandbox.prewarm("sync", "--refresh")
        #expect(sync.code == 0 && sandbox.instances.count == 3, "\(sync.err)")
        #expect(try await sandbox.prewarm("status").code == 0)
    }

    @Test func aProvisionerThatCantBeListedIsSaidUntilItCan() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        try sandbox.write("list-exit", "3")
        for _ in 0..<2 {
            let sync = try await sandbox.prewarm("sync", "--refresh")
            #expect(sync.err.contains("cannot list the workspaces of local: "), "\(sync.err)")
        }
        let status = try await sandbox.prewarm("status")
        #expect(
            status.code == 1 && status.out.contains("! cannot list the workspaces of the provisioner \"local\""),
            "\(status.out)")
        #expect(status.out.contains("the cloud is away"))
        try sandbox.remove("list-exit")
        #expect(try await sandbox.prewarm("sync", "--refresh").code == 0)
        #expect(try await sandbox.prewarm("status").code == 0)
        let events = try await sandbox.prewarm("get", "events").out
        #expect(events.split(separator: "\n").count { $0.contains("ListFailed") } == 1, "\(events)")
        #expect(events.contains("ListRecovered"))
    }

    @Test func whatNobodyKnowsIsReportedAndCanBeAdopted() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.prewarm("sync")
        try sandbox.write("instances/stray", "")
        let sync = try await sandbox.prewarm("sync", "--refresh")
        #expect(
            sync.code == 0 && sync.err.contains("warning: local lists 1 orphan, which the store does not know"),
            "\(sync.err)")
        #expect(sync.err.contains("add one to a pool with `prewarm adopt PRESET ID`"))
        #expect(sandbox.instances.contains("stray"), "nothing is deleted unless the policy says so")
        let orphans = try await sandbox.prewarm("get", "orphans", "-o", "json").json()
        #expect(orphans.list.map { $0["id"]?.string } == ["stray"])
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 0)
        #expect(
            status.out.contains("! provisioners list 1 orphan, which the store does not know: `prewarm get orphans`"))

        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        #expect(try await sandbox.prewarm("adopt", "nope", "stray").err.contains("there is no preset \"nope\""))
        let known = try #require(sandbox.instances.subtracting(["stray"]).first)
        #expect(try await sandbox.prewarm("adopt", "a", known).code == 1, "that one is known")
        let adopt = try await sandbox.prewarm("adopt", "a", "stray", "--by", "eve")
        #expect(adopt.code == 0, "\(adopt.err)")
        #expect((adopt.out + adopt.err).contains("adopted stray as a-stray, ready to be claimed"))
        #expect(try await sandbox.prewarm("adopt", "a", "stray").code == 1, "once")
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(sandbox.calls("create") == 2, "it counts")
        #expect(try await sandbox.prewarm("get", "orphans").err.contains("There are no orphans."))
        #expect(try await sandbox.prewarm("get", "events").out.contains("adopted by eve"))
    }

    @Test func anIDThatTheStoreOnceHadIsAdopted() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        let claim = try await sandbox.prewarm("claim", "a", "--owner", "ada", "-o", "json").json()
        let id = try #require(claim["id"]?.string)
        try await sandbox.prewarm("release", id)
        try sandbox.write("instances/\(id)/left", "")
        // For a minute after the delete, the list may be out of date.
        try await sandbox.sqlite(
            "UPDATE operations SET finished_at = finished_at - 120000 WHERE finished_at IS NOT NULL")
        try await sandbox.prewarm("sync", "--refresh")
        let adopt = try await sandbox.prewarm("adopt", "a", id)
        #expect(adopt.code == 0, "\(adopt.err)")
        #expect(try await sandbox.prewarm("adopt", "a", id).code == 1)
    }

    @Test func orphansAreDeletedWhereThePolicySaysSo() async throws {
        let sandbox = try await Sandbox.observable(policy: "policy: {orphans: delete}\n")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        let before = sandbox.instances
        try sandbox.write("instances/stray", "")
        let sync = try await sandbox.prewarm("sync", "--refresh")
        #expect(sync.err.contains("deleting the orphan stray"), "\(sync.err)")
        #expect(sandbox.instances == before)
    }

    @Test func whatIsStartingIsReadyWhenInspectSaysSo() async throws {
        let sandbox = try await Sandbox.observable()
        try sandbox.write("starting", "")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(try await sandbox.preset("a")["starting"]?.int == 1)
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "ada").code == 3)
        try sandbox.remove("starting")
        let sync = try await sandbox.prewarm("sync", "--timeout", "20s")
        #expect(sync.code == 0, "\(sync.err)")
        #expect(try await sandbox.preset("a")["eligible"]?.int == 1 && sandbox.calls("create") == 1)
    }

    @Test func whatIsNotReadyInTimeFailsAndIsDeleted() async throws {
        let sandbox = try await Sandbox.observable()
        try sandbox.write("starting", "")
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1, "  failureLimit: 1"),
            "go.yaml": """
            apiVersion: prewarm/v1
            kind: Template
            metadata: {name: go}
            spec: {readyTimeout: 1s}

            """,
        ])
        let sync = try await sandbox.prewarm("sync", "--timeout", "20s")
        #expect(sync.code == 1)
        #expect(sync.err.contains("the workspace was not ready within the readyTimeout of its template"), "\(sync.err)")
        #expect(sandbox.instances.isEmpty)
        #expect(try await sandbox.preset("a").condition("Stalled") != nil)
    }

    @Test func tryAgainLaterIsNoFailure() async throws {
        let sandbox = try await Sandbox.observable()
        try sandbox.write("create-exit", "75")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, "  failureLimit: 1")])
        let sync = try await sandbox.prewarm("sync")
        #expect(sync.code == 0, "\(sync.err)")
        #expect(sync.err.contains(/cannot create a-\w+, next attempt in \d+m?s? \(\d\d:\d\d:\d\d\): no space left/))
        let preset = try await sandbox.preset("a")
        #expect(preset.condition("Stalled") == nil && preset.condition("BackingOff") == nil)
        try sandbox.remove("create-exit")
        #expect(try await sandbox.prewarm("retry", "a").code == 0)
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(try await sandbox.preset("a")["eligible"]?.int == 1)
    }

    @Test func aDeleteThatFailsIsSeenUntilItIsDone() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2, "  failureLimit: 1")])
        try await sandbox.prewarm("sync")
        try sandbox.write("delete-exit", "4")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, "  failureLimit: 1")])
        #expect(try await sandbox.prewarm("sync").code == 1)
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 1)
        #expect(
            status.out.contains(/it is in use \(a-\w+\): cannot delete after 1 attempt, next attempt (in|\d+\w+ ago)/),
            "\(status.out)")
        #expect(try await sandbox.preset("a").condition("Stalled") == nil, "a build it is not")
        let pending = try await sandbox.prewarm("get", "operations", "--state", "pending", "-o", "name").out
        try sandbox.remove("delete-exit")
        let operation = pending.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(try await sandbox.prewarm("retry", operation).code == 0)
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(sandbox.instances.count == 1)
        #expect(try await sandbox.prewarm("status").code == 0)
        #expect(try await sandbox.prewarm("retry", operation).err.contains("it is succeeded, not pending"))
    }

    @Test("A full pool refuses an orphan without an endpoint, and names what the provisioner lacks")
    func adoptIntoFullPool() async throws {
        let sandbox = try await Sandbox.observable()
        try sandbox.write(
            "provision",
            Sandbox.observableProvisioner.replacing(
                "note create\n    echo \"{\\\"state\\\": \\\"$state\\\"}\"",
                with: "note create\n    echo \"{\\\"state\\\": \\\"$state\\\", \\\"endpoint\\\": \\\"here\\\"}\""
            ),
            isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        try sandbox.write("instances/stray/file", "")
        try await sandbox.prewarm("sync", "--refresh")
        let adopt = try await sandbox.prewarm("adopt", "a", "stray")
        #expect(adopt.code == 1 && adopt.err.contains("into the full pool a: its endpoint is unknown"), "\(adopt.err)")
        #expect(adopt.err.contains("answer `inspect` with `endpoint` in the provisioner local"), "\(adopt.err)")
    }
}
