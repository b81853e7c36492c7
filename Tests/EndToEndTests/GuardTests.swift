import Foundation
import Testing

@Suite struct GuardTests {
    @Test func aRevisionThatTakesMostIsHeldUntilItIsApproved() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 4), "b.yaml": Sandbox.preset("b", instances: 4),
        ])
        try await sandbox.prewarm("sync")
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 0), "b.yaml": nil, "c.yaml": Sandbox.preset("c", instances: 1),
        ])
        let revision = try await sandbox.head().prefix(8)
        let plan = try await sandbox.prewarm("plan")
        #expect(plan.out.contains("8 actions by the deletion guard: this revision takes 8 of 8 workspaces away"))
        #expect(plan.out.contains("Plan: 1 to create, 0 to delete, 0 to cancel, 8 held."))
        #expect(plan.out.contains("\n    a 4, b 4\n"), "\(plan.out)")

        let sync = try await sandbox.prewarm("sync")
        #expect(sync.code == 0, "\(sync.err)")
        #expect(sync.err.contains("warning: 8 deletions are held and need an approval"))
        #expect(
            sync.err.contains("hint: review them with `prewarm plan`. To allow them: `prewarm approve \(revision)`"))
        #expect(sandbox.instances.count == 9, "missing workspaces are created, and nothing is deleted")
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 1 && status.out.contains("DeletionsHeld"))
        #expect(try await sandbox.preset("a").condition("DeletionsHeld")?["reason"]?.string == "GuardExceeded")
        let waited = try await sandbox.prewarm("sync", "--wait")
        #expect(waited.code == 5)
        #expect(waited.err.contains("a: 4 of 4 ready, held by the deletion guard"), "\(waited.err)")
        #expect(waited.err.contains("`prewarm approve \(revision)`"))

        let approval = try await sandbox.prewarm("approve", String(revision), "--by", "eve")
        #expect(approval.code == 0, "\(approval.err)")
        #expect((approval.out + approval.err).contains("approved 8 deletions of presets"))
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        #expect(sandbox.instances.count == 1)
        #expect(try await sandbox.prewarm("status").code == 0)
        #expect(try await sandbox.prewarm("get", "events").out.contains("approved by eve"))
    }

    @Test func aPoolWhoseChangesAreAllHeldIsNotReconciling() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 8), "b.yaml": Sandbox.preset("b", instances: 0),
        ])
        try await sandbox.prewarm("sync")
        try await sandbox.commit(["a.yaml": nil])
        #expect(try await sandbox.prewarm("sync").code == 0)
        let preset = try await sandbox.preset("a")
        #expect(preset.condition("Reconciling") == nil && preset.condition("Deprecated") == nil, "\(preset)")
        #expect(preset.condition("DeletionsHeld")?["reason"]?.string == "GuardExceeded")
        #expect(preset.condition("Ready")?["reason"]?.string == "AtDesired", "it stays as it was accepted")
        let described = try await sandbox.prewarm("describe", "preset", "a").out
        #expect(described.contains("8 actions held, no other action is due now."), "\(described)")
        #expect(!described.contains("No action is due now."))
        let revision = try await sandbox.head().prefix(8)
        for command in [
            ["plan"], ["status"], ["describe", "preset", "a"], ["get", "events"], ["plan", "-o", "json"],
        ] {
            let text = try await sandbox.prewarm(command).out
            #expect(text.contains("prewarm approve \(revision)") && !text.contains("REVISION"), "\(command) \(text)")
        }
        try await sandbox.prewarm("approve", String(revision))
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
    }

    @Test func aSyncThatFindsNothingNewStillTellsWhatIsHeld() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 8)])
        try await sandbox.prewarm("sync")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        #expect(try await sandbox.prewarm("sync").err.contains("6 deletions are held and need an approval"))
        let again = try await sandbox.prewarm("sync")
        #expect((again.out + again.err).contains("nothing changed since"), "\(again.out)\(again.err)")
        #expect(again.code == 0 && again.err.contains("warning: deletions of 1 preset are held and need an approval"))
        #expect(again.err.contains("`prewarm approve \(try await sandbox.head().prefix(8))`"), "\(again.err)")
    }

    @Test func anApprovalIsOfOneRevisionAndOfWhatWasHeldThen() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 8)])
        try await sandbox.prewarm("sync")
        let first = try await sandbox.head()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        let second = try await sandbox.head()
        let early = try await sandbox.prewarm("approve", second)
        #expect(early.code == 1)
        #expect(early.err.contains("cannot approve \"\(second)\": no source has applied this revision"))
        #expect(early.err.contains("hint: approve an applied revision (presets: main@sha1:\(first.prefix(8)))"))
        try await sandbox.prewarm("sync")
        let short = try await sandbox.prewarm("approve", String(second.prefix(4)))
        #expect(short.code == 1 && short.err.contains("give at least six digits of the commit"), "\(short.err)")
        #expect(try await sandbox.prewarm("approve", second).code == 0)

        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        #expect(sandbox.instances.count == 8, "another revision would delete one more")
        #expect(try await sandbox.prewarm("approve", second).code == 1)
        #expect(try await sandbox.prewarm("approve", try await sandbox.head()).code == 0)
        try await sandbox.prewarm("sync")
        #expect(sandbox.instances.count == 1)
        let none = try await sandbox.prewarm("approve", try await sandbox.head())
        #expect(none.code == 1 && none.err.contains("no deletion of the source presets is held"))
    }

    @Test func aFewLessNeedNoApprovalButManySmallCommitsDo() async throws {
        let sandbox = try await Sandbox()
        for instances in [8, 6, 4, 2, 0] {
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: instances)])
            #expect(try await sandbox.prewarm("sync").code == 0)
        }
        #expect(sandbox.instances.count == 4, "6 of 8 within the hour are too many")
        #expect(try await sandbox.preset("a").condition("DeletionsHeld")?["status"]?.string == "True")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4)])
        try await sandbox.prewarm("sync")
        #expect(try await sandbox.prewarm("status").code == 0, "the next revision takes back what was held")
    }

    @Test func thePolicySaysWhatIsTooMuch() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration(policy: "policy: {deletionGuard: {percent: 10, above: 1}}\n"))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4)])
        try await sandbox.prewarm("sync")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.prewarm("sync")
        #expect(sandbox.instances.count == 4)
    }

    @Test func anEmptiedPathDeletesNothingByItself() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2), "README": "Presets live here.\n"])
        try await sandbox.prewarm("sync")
        try await sandbox.commit(["a.yaml": nil])
        #expect(try await sandbox.prewarm("sync").err.contains("2 deletions are held and need an approval"))
        #expect(sandbox.instances.count == 2, "they are all workspaces of the source")
        try await sandbox.commit(["README": nil])
        let gone = try await sandbox.prewarm("sync")
        #expect(gone.code == 1 && gone.err.contains("cannot find presets in "), "\(gone.err)")
        #expect(gone.err.contains("/repo at main@sha1:"), "\(gone.err)")
        #expect(sandbox.instances.count == 2)
        #expect(try await sandbox.prewarm("status").out.contains("PathNotFound"))
    }

    @Test func theDeletionPolicyOfAPresetOutlivesItsManifest() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1),
            "b.yaml": Sandbox.preset("b", instances: 1, "  deletionPolicy: Confirm"),
            "c.yaml": Sandbox.preset("c", instances: 1, "  deletionPolicy: Retain"),
            "d.yaml": Sandbox.preset("d", instances: 1),
        ])
        try await sandbox.prewarm("sync")
        try await sandbox.commit(["a.yaml": nil, "b.yaml": nil, "c.yaml": nil])
        try await sandbox.prewarm("sync")
        #expect(try await sandbox.prewarm("get", "presets", "-o", "name").out == "b\nc\nd\n")
        #expect(try await sandbox.prewarm("status").code == 1, "the deletion of b needs an approval")
        #expect(try await sandbox.preset("b")["eligible"]?.int == 1, "it can be claimed until someone approves")
        #expect(try await sandbox.prewarm("approve", try await sandbox.head()).code == 0)
        try await sandbox.prewarm("sync")
        #expect(try await sandbox.prewarm("get", "presets", "-o", "name").out == "c\nd\n")
        #expect(try await sandbox.prewarm("status").code == 0, "c stays because of Retain")
        let waited = try await sandbox.prewarm("sync", "--wait")
        #expect(waited.code == 0, "a pool that is kept has converged: \(waited.err)")
        #expect(try await sandbox.prewarm("claim", "c", "--owner", "ada").code != 0)
        #expect(sandbox.instances.count == 2)
    }
}
