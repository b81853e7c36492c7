import Foundation
import Testing

/// What `plan`, `diff`, the API and `get revisions` say about the definitions that a commit changes.
@Suite("Changes of definitions")
struct ChangeTests {
    private static let template = """
        apiVersion: prewarm/v1
        kind: Template
        metadata: {name: go}
        spec:
          activeVersion: "1.2"
          parameters:
            - {name: cpu, type: integer, default: 2}
            - {name: seconds, type: integer, default: 0}
        """

    private static func preset(_ name: String, instances: Int, _ more: String = "") -> String {
        Sandbox.preset(name, instances: instances, more).replacing("  version: \"1.0\"\n", with: "")
    }

    /// A sandbox with a template, of which one commit after the applied one changes the version.
    private static func sandbox() async throws -> Sandbox {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "go.yaml": template, "a.yaml": preset("a", instances: 8), "b.yaml": preset("b", instances: 4),
            "c.yaml": preset("c", instances: 4), "old.yaml": preset("old", instances: 0),
        ])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        try await sandbox.commit([
            "go.yaml": template.replacing("\"1.2\"", with: "\"1.3\""),
            "a.yaml": preset("a", instances: 10, "  parameters: {cpu: 4}\n  ttl: 36h"), "old.yaml": nil,
            "new.yaml": preset("new", instances: 0),
        ])
        return sandbox
    }

    @Test("A plan shows the fields that change, the rollouts as a whole, and then what happens now")
    func text() async throws {
        let sandbox = try await Self.sandbox()
        let plan = try await sandbox.prewarm("plan", "--detailed-exitcode")
        #expect(plan.code == 2)
        for part in [
            #"  changes since main@sha1:[0-9a-f]{8}:\n    ~ template go\n        activeVersion: 1\.2 → 1\.3\n"#,
            #"    ~ preset a\n        version: 1\.2 → 1\.3\n        parameters\.cpu: 2 → 4\n        instances: 8 → 10\n"#
                + #"        ttl: not set → 1d12h\n        rollout: replaces 8 workspaces and keeps at least 8 of 10 claimable\n"#,
            #"    ~ 2 presets \(b, c\)\n        version: 1\.2 → 1\.3\n"#
                + #"        rollout: replaces 8 workspaces and keeps at least 6 of 8 claimable\n"#,
            #"    - preset old, removed from git\n"#,
            #"    \+ preset new\n        template: go, version: 1\.3, provisioner: local, parameters\.cpu: 2, "#,
            #"\n  actions now:\n  a  .*\n    \+ create 1 workspace "#,
            #"\nPlan: \d+ to create, \d+ to delete, 0 to cancel\. Rollouts replace 16 workspaces\.\n$"#,
        ] {
            #expect(plan.out.contains(try Regex(part)), "\(part)\n\(plan.out)")
        }
        let one = try await sandbox.prewarm("plan", "--preset", "b").out
        #expect(one.contains("~ preset b\n") && one.contains("~ template go\n") && !one.contains("preset a"), "\(one)")
        // A rollout that has begun goes on, although no definition differs any more.
        try await sandbox.prewarm("sync")
        try await sandbox.commit([
            "b.yaml": Self.preset("b", instances: 4).replacing("{name: b}", with: "{name: b, labels: {x: y}}")
        ])
        let labels = try await sandbox.prewarm("plan").out
        #expect(labels.contains("    ~ preset b\n        labels.x: not set → y\n"), "\(labels)")
        #expect(!labels.contains("actions now") && !labels.contains("rollout"), "\(labels)")
        #expect(labels.hasSuffix("Plan: no workspace is created or deleted now.\n"), "\(labels)")
    }

    @Test("diff shows the changes alone, and its exit code says whether there are any")
    func diff() async throws {
        let sandbox = try await Self.sandbox()
        let diff = try await sandbox.prewarm("diff")
        #expect(diff.code == 2 && diff.err.isEmpty, "\(diff)")
        #expect(diff.out.contains("        parameters.cpu: 2 → 4\n") && !diff.out.contains("create"), "\(diff.out)")
        #expect(diff.out.hasSuffix("6 definitions change. Rollouts replace 16 workspaces.\n"), "\(diff.out)")
        let json = try await sandbox.prewarm("diff", "-o", "json").json()
        #expect(json.keys == ["revision", "at", "applied", "changes", "rollouts", "diagnostics"])
        let earlier = try await sandbox.git("rev-parse", "HEAD~1").trimmingCharacters(in: .whitespacesAndNewlines)
        let applied = try await sandbox.prewarm("diff", "--rev", earlier)
        #expect(applied.code == 0 && applied.out == "No definition changes.\n", "\(applied)")
        #expect(try await sandbox.prewarm("diff", "--rev", "nothing").code == 1)
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        #expect(try await sandbox.prewarm("diff").code == 0)
        try await sandbox.commit(["b.yaml": Self.preset("b", instances: 4, "  instnces: 2")])
        let invalid = try await sandbox.prewarm("diff")
        #expect(invalid.code == 1 && invalid.err.contains("error: the manifests have 1 error"), "\(invalid)")
        #expect(invalid.err.contains(#"presets/b.yaml:7:3: error: invalid spec: unknown key "instnces""#), "\(invalid)")
    }

    @Test("diff says nothing about a source that was never read")
    func unknown() async throws {
        let sandbox = try await Sandbox()
        try FileManager.default.moveItem(
            at: sandbox.root.appending(path: "repo"), to: sandbox.root.appending(path: "gone"))
        let diff = try await sandbox.prewarm("diff")
        #expect(diff.code == 1 && diff.out.isEmpty && diff.err.contains("cannot read the source presets"), "\(diff)")
        let json = try await sandbox.prewarm("diff", "-o", "json").json()
        #expect(json["failures"]?[0]?["source"]?.string == "presets", "\(json.value)")
    }

    @Test("A plan in Markdown fits into a comment of a forge")
    func size() async throws {
        let sandbox = try await Sandbox()
        let long = String(repeating: "\u{e4}|", count: 60)
        let presets = (100..<500).map {
            Sandbox.preset("p-\($0)", instances: 1, "  parameters: {note: \"\($0) \(long)\"}")
        }
        try await sandbox.commit(["all.yaml": presets.joined(separator: "\n---\n")])
        let markdown = try await sandbox.prewarm("plan", "-o", "markdown")
        #expect(markdown.code == 0 && markdown.out.utf8.count < 65_536, "\(markdown.out.utf8.count)")
        #expect(markdown.out.contains(/\nand \d+ more changes\n/) && markdown.out.contains(/\nand \d+ more rows\n/))
        #expect(
            markdown.out.hasSuffix("**Plan: 400 to create, 0 to delete, 0 to cancel.**\n"),
            "\(markdown.out.suffix(200))")
    }

    /// Checks the JSON of the plan of ``sandbox()``.
    private static func check(_ plan: JSON) {
        let changes = plan["changes"]?.list ?? []
        #expect(changes.map { $0["name"]?.string } == ["go", "a", "b", "c", "new", "old"], "\(plan.value)")
        let version = changes.dropFirst().first?["fields"]?[0]
        #expect(version?["field"]?.string == "version")
        #expect(version?["old"]?.string == "1.2" && version?["new"]?.string == "1.3")
        let rollout = plan["rollouts"]?[0]
        #expect(rollout?["preset"]?.string == "a" && rollout?["replaces"]?.int == 8)
        #expect(rollout?["keepsClaimable"]?.int == 8 && rollout?["desired"]?.int == 10)
        #expect(plan["summary"]?["replace"]?.int == 16)
    }

    @Test("The plan of a daemon and a plan in Markdown have the same changes")
    func formats() async throws {
        let sandbox = try await Self.sandbox()
        let markdown = try await sandbox.prewarm("plan", "-o", "markdown").out
        for line in [
            "| template go | changed | activeVersion | `1.2` | `1.3` |",
            "| preset a | changed | parameters.cpu | `2` | `4` |",
            "| preset a | changed | ttl |  | `1d12h` |", "| 2 presets (b, c) | changed | version | `1.2` | `1.3` |",
            "| preset old | removed |  |  |  |",
            "| preset new | added |  |  | template: go, version: 1.3, provisioner: local, parameters.cpu: 2, "
                + "parameters.seconds: 0 |",
            "- The rollout of preset a replaces 8 workspaces and keeps at least 8 of 10 claimable.",
        ] {
            #expect(markdown.contains("\(line)\n"), "\(line)\n\(markdown)")
        }
        Self.check(try await sandbox.prewarm("plan", "-o", "json").json())
        let revision = try await sandbox.head()
        let earlier = try await sandbox.git("rev-parse", "HEAD~1").trimmingCharacters(in: .whitespacesAndNewlines)
        // The daemon stays at the applied commit, so that the plan of the next one has the changes.
        #expect(try await sandbox.prewarm("pin", "presets", earlier, "--reason", "test").code == 0)
        try await sandbox.serve { daemon in
            let answer = try await daemon.get("/api/v1/plan?revision=\(revision)")
            let remote = try answer.json()
            #expect(answer.status == 200)
            Self.check(remote)
            // A reader of one pool sees the changes of this pool and its template.
            try await sandbox.prewarm("token", "create", "ops", "--role", "operator")
            let token = try await sandbox.prewarm(
                "token", "create", "b", "--role", "viewer", "--preset", "b", "-o", "json")
            let bearer = "Bearer \(try token.json()["token"]?.string ?? "")"
            let masked = try await daemon.get(
                "/api/v1/plan?revision=\(revision)", headers: ["Authorization": bearer])
            let names = try masked.json()["changes"]?.list.map { $0["name"]?.string }
            #expect(names == ["go", "b"], "\(masked.text)")
        }
    }

    @Test("A revision keeps what it changed, and a held change is marked")
    func revisions() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 6), "b.yaml": Sandbox.preset("b", instances: 1),
        ])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 6, version: "2.0", "  strategy: {type: Recreate}"),
            "b.yaml": Sandbox.preset("b", instances: 2),
        ])
        let plan = try await sandbox.prewarm("plan").out
        #expect(plan.contains("~ preset a, held\n        version: 1.0 → 2.0\n"), "\(plan)")
        #expect(plan.hasSuffix("6 held. After an approval, rollouts replace 6 workspaces.\n"), "\(plan)")
        #expect(plan.contains("rollout: replaces 6 workspaces and keeps at least 0 of 6 claimable\n"), "\(plan)")
        try await sandbox.prewarm("sync")
        let again = try await sandbox.prewarm("plan").out
        let waits = "  changes that wait for an approval:\n    ~ preset a, held\n"
        #expect(again.contains(waits), "it is still not accepted: \(again)")
        #expect(!again.contains("preset b"), "\(again)")
        let revision = try await sandbox.prewarm("get", "revisions", "-o", "json").json()[0]
        let changes = revision?["changes"]?.list ?? []
        #expect(changes.map { $0["name"]?.string } == ["a", "b"])
        #expect(changes.first?["held"]?.value as? Bool == true && changes.last?["held"] == nil)
        #expect(changes.last?["fields"]?[0]?["new"]?.string == "2")
        try await sandbox.prewarm("approve", try await sandbox.head())
        try await sandbox.prewarm("sync", "--wait")
        let approved = try await sandbox.prewarm("get", "revisions", "-o", "json").json()[0]?["changes"]?.list ?? []
        #expect(approved.count == 2 && approved.allSatisfy { $0["held"] == nil }, "\(approved)")
    }
}
