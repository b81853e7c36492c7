import Foundation
import Subprocess
import Testing

@Suite struct HoldCommandTests {
    @Test func aSuspendedPresetIsLeftAloneUntilItIsResumed() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        let suspend = try await sandbox.prewarm(
            "suspend", "a", "--reason", "database move", "--until", "2h", "--by", "eve")
        #expect(suspend.code == 0 && (suspend.out + suspend.err).contains("suspended a until "))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        let sync = try await sandbox.prewarm("sync", "--wait")
        #expect(sync.code == 0, "\(sync.err)")
        #expect(sync.err.contains("Nothing to do now. To see what the pools wait for: `prewarm status`"))
        #expect(sandbox.instances.count == 1)
        let sentence = /suspended by eve until [-0-9: ]+ \(in (2h|1h\d+m)\): database move/
        #expect(try await sandbox.prewarm("status").out.contains(sentence))
        #expect(try await sandbox.prewarm("plan").out.contains(sentence))
        #expect(try await sandbox.prewarm("get", "presets").out.contains(sentence))
        #expect(try await sandbox.prewarm("describe", "preset", "a").out.contains(sentence))
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "ada").code == 0, "claims continue")
        #expect(try await sandbox.prewarm("resume", "a").code == 0)
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        #expect(try await sandbox.preset("a")["eligible"]?.int == 2)
        #expect(try await sandbox.prewarm("resume", "a").err.contains("was not suspended from the command line"))
    }

    @Test func thePlanOfASuspendedPresetShowsWhatResumeWouldStart() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        try await sandbox.prewarm("suspend", "a")
        for isApplied in [false, true] {
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
            if isApplied { #expect(try await sandbox.prewarm("sync").code == 0) }
            let plan = try await sandbox.prewarm("plan", "--detailed-exitcode")
            #expect(plan.code == 0 && plan.out.contains("! a: would create 2, held by the suspension"), "\(plan)")
            let json = try await sandbox.prewarm("plan", "-o", "json").json()
            #expect(json["held"]?.list.map { $0["heldBy"]?.string } == ["the suspension", "the suspension"])
        }
        #expect(sandbox.instances.count == 1)
        #expect(try await sandbox.preset("a").condition("Limited") == nil)
        #expect(try await sandbox.prewarm("resume", "a").code == 0)
        #expect(try await sandbox.prewarm("plan").out.contains("create 2 workspaces"))
    }

    @Test("The audit log takes the user's name from the user database if the environment has none")
    func userWithoutEnvironment() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 0)])
        try await sandbox.prewarm("sync")
        try await sandbox.prewarm("suspend", "a", environment: ["USER": "", "LOGNAME": ""])
        let entry = try #require(getpwuid(geteuid()))
        let audit = try await sandbox.prewarm("get", "audit", "-o", "json").json()
        #expect(audit[0]?["who"]?.string == String(cString: entry.pointee.pw_name), "\(audit)")
    }

    @Test func theAuditLogNamesWhoDidItAndToWhat() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 0)])
        try await sandbox.prewarm("sync")
        try await sandbox.prewarm("suspend", "a", "--by", "eve", environment: ["USER": "ann"])
        try await sandbox.prewarm("resume", "a", environment: ["USER": "ann"])
        let lines = try await sandbox.prewarm("get", "audit").out.split(separator: "\n").dropFirst()
        #expect(lines.count == 2)
        #expect(lines.contains { $0.contains(/eve +local +suspend +preset presets\/a/) }, "\(lines)")
        #expect(lines.contains { $0.contains(/ann +local +resume +preset presets\/a/) }, "\(lines)")
    }

    @Test func resumingAPresetSaysWhatElseHoldsIt() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1),
            "b.yaml": Sandbox.preset("b", instances: 1, "  suspended: true"),
        ])
        try await sandbox.prewarm("sync")
        #expect(sandbox.instances.count == 1)
        let manifest = try await sandbox.prewarm("resume", "b").err
        #expect(manifest.contains("b is still suspended: `suspended: true` in presets/b.yaml:3"), "\(manifest)")
        for (scope, hint) in [
            (["--source", "presets"], "run `prewarm resume --source presets`"),
            (["--all"], "run `prewarm resume --all`"),
        ] {
            #expect(try await sandbox.prewarm(["suspend"] + scope + ["--by", "eve"]).code == 0)
            let resume = try await sandbox.prewarm("resume", "a").err
            #expect(resume.contains("warning: a is still suspended: suspended by eve") && resume.contains(hint))
            #expect(try await sandbox.prewarm(["resume"] + scope).code == 0)
            #expect(try await !sandbox.prewarm("resume", "a").err.contains("still"))
        }
    }

    @Test func aSuspensionAndAPinEndByThemselves() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        #expect(try await sandbox.prewarm("suspend", "a", "--until", "1s").code == 0)
        #expect(try await sandbox.prewarm("pin", "presets", "main", "--until", "1s").code == 0)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        #expect(try await sandbox.prewarm("get", "events", "-o", "json").out.contains("Pinned"))
        try await Task.sleep(for: .milliseconds(1100))
        try await sandbox.prewarm("sync")
        #expect(sandbox.instances.count == 2)
        #expect(try await !sandbox.prewarm("status").out.contains("!"))
    }

    @Test(arguments: [
        (["suspend", "nope"], 1, "there is no preset \"nope\""),
        (["suspend", "--source", "nope"], 1, "the configuration names no source \"nope\""),
        (["suspend"], 64, "missing scope: give a preset, --source NAME or --all"),
        (["suspend", "a", "--all"], 64, "cannot use a with --all: give only one scope"),
        (["suspend", "a", "--until", "soon"], 64, "The value 'soon' is invalid for '--until <time>'"),
        (["suspend", "a", "--until", "2020-01-01T00:00:00Z"], 1, "invalid time 2020-01-01T00:00:00Z: it has passed"),
        (
            ["pin", "presets", "main", "--until", "2020-01-01T00:00:00Z"], 1,
            "invalid time 2020-01-01T00:00:00Z: it has passed"
        ),
        (["pin", "presets", "nope"], 1, "cannot find a branch, tag or commit nope in"),
        (["pin", "nope", "main"], 1, "the configuration names no source \"nope\""),
        (["unpin", "nope"], 1, "the configuration names no source \"nope\""),
        (["resume", "nope"], 1, "there is no preset \"nope\""),
        (["retry", "nope"], 1, "there is no preset \"nope\""),
        (["approve", "nope"], 1, "cannot approve \"nope\": no source has applied this revision"),
        (["adopt", "a", "nope"], 1, "do not show it as an orphan"),
        (["get", "orphans", "nope"], 1, "cannot find the orphan \"nope\""),
        (["get", "revisions", "nope"], 1, "cannot find the revision \"nope\""),
    ])
    func wrongNamesAreRefusedWithAReason(arguments: [String], code: Int32, words: String) async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 0)])
        try await sandbox.prewarm("sync")
        let result = try await sandbox.prewarm(arguments)
        #expect(result.code == code)
        #expect(result.err.contains(words), "\(result.err)")
        #expect(result.out.isEmpty)
    }

    @Test func aPinnedSourceStaysWhereItIsWhateverIsPushed() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let good = try await sandbox.head()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        try await sandbox.prewarm("sync")
        let pin = try await sandbox.prewarm("pin", "presets", good, "--reason", "three is bad", "--by", "eve")
        #expect(pin.code == 0, "\(pin.err)")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 5)])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        #expect(sandbox.instances.count == 1)
        let status = try await sandbox.prewarm("status").out
        #expect(status.contains("! pinned at sha1:\(good.prefix(8)) by eve: three is bad"), "\(status)")
        #expect(status.contains("new commits are not applied. To end the pin: `prewarm unpin presets`"))
        #expect(try await sandbox.prewarm("get", "sources").out.contains("three is bad"))
        let plan = try await sandbox.prewarm("plan", "--rev", "main", "-o", "json").json()
        #expect(plan["summary"]?["create"]?.int == 4, "the plan after an unpin")
        #expect(try await sandbox.prewarm("unpin", "presets").code == 0)
        #expect(try await sandbox.prewarm("unpin", "presets").err.contains("presets was not pinned"))
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        #expect(sandbox.instances.count == 5)
        let revisions = try await sandbox.prewarm("get", "revisions", "-o", "json").json()
        #expect(revisions.list.map { $0["created"]?.int } == [4, 0, 3])
        #expect(revisions.list.map { $0["deleted"]?.int } == [0, 2, 0])
        #expect(revisions[0]?["author"]?.string == "Ada" && revisions[0]?["subject"]?.string == "change")
    }

    @Test(arguments: [
        ("[create]", 2, 2, "1 delete held by a freeze until "), ("[delete]", 0, 1, "1 create held by a freeze until "),
        ("[]", 2, 1, "1 create held by a freeze until "),
    ])
    func aFreezeLetsOnlyThroughWhatItAllows(allowed: String, a: Int, b: Int, words: String) async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1), "b.yaml": Sandbox.preset("b", instances: 1),
        ])
        try await sandbox.prewarm("sync")
        let freeze = "    freeze: [{cron: \"* * * * *\", duration: 1h, allow: \(allowed)}]"
        try sandbox.write(
            "prewarm.yaml",
            Sandbox.configuration(source: freeze).replacing("ROOT", with: sandbox.root.path))
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 0), "b.yaml": Sandbox.preset("b", instances: 2),
        ])
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(try await sandbox.preset("a")["eligible"]?.int == (a == 0 ? 0 : 1))
        #expect(try await sandbox.preset("b")["eligible"]?.int == b)
        #expect(try await sandbox.prewarm("status").out.contains(words))
        #expect(try await sandbox.prewarm("claim", "b", "--owner", "ada").code == 0, "claims continue")
    }

    @Test func whatIsOnlyObservedIsPlannedAndNeverDone() async throws {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration(source: "    mode: observe"))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        #expect(try await sandbox.prewarm("plan").out.contains("! held: 2 actions by `mode: observe`"))
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(sandbox.ledger.isEmpty)
        #expect(try await sandbox.preset("a").condition("Limited")?["reason"]?.string == "Observed")
    }

    @Test func limitsFillWhatHasPriorityFirstAndShareTheRest() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration(
                policy: "policy: {limits: {instances: 6, instancesPerPreset: 4, actionsPerTurn: 3}}\n"))
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 5), "b.yaml": Sandbox.preset("b", instances: 5),
            "z.yaml": Sandbox.preset("z", instances: 5, "  priority: 10"),
        ])
        let plan = try await sandbox.prewarm("plan").out
        #expect(plan.contains("Plan: 3 to create, 0 to delete, 0 to cancel, 12 held."), "\(plan)")
        let perTurn = "3 actions for each reconciliation (`policy.limits.actionsPerTurn`)"
        #expect(plan.contains("! held: 3 actions by the limit of \(perTurn); the next reconciliation continues"))
        #expect(try await sandbox.prewarm("sync").code == 0)
        let presets = try await sandbox.prewarm("get", "presets", "-o", "json").json()
        #expect(presets.list.map { $0["eligible"]?.int } == [1, 1, 4])
        let status = try await sandbox.prewarm("status").out
        #expect(status.contains("z Limited: 1 create held by the limit of 4 workspaces for each preset"), "\(status)")
        #expect(status.contains("a Limited: 4 creates held by the limit of 6 workspaces in total"))
        let wait = try await sandbox.prewarm("sync", "--timeout", "20s")
        #expect(wait.code == 1 && wait.err.contains("a: 1 of 5 ready, held by the limit of 6 workspaces in total"))
        #expect(wait.err.contains("hint: find the cause: `prewarm describe preset a`"), "\(wait.err)")
    }
}
