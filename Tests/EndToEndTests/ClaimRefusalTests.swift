import Foundation
import Testing

@Suite("Claims that prewarm refuses")
struct ClaimRefusalTests {
    @Test("release takes several workspaces, and names the next step for none and for a preset")
    func releases() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.prewarm("sync")
        var names: [String] = []
        for _ in 0..<2 {
            let claim = try await sandbox.prewarm("claim", "a", "--owner", "ada", "-o", "json")
            names.append(try claim.json()["name"]?.string ?? "")
        }
        let none = try await sandbox.prewarm("release")
        #expect(none.code == 64 && none.err.contains("`prewarm get workspaces --owner ada`"), "\(none.err)")
        let preset = try await sandbox.prewarm("release", "a")
        #expect(preset.code == 1 && preset.err.contains("there is no workspace \"a\": it is the name of a preset"))
        #expect(preset.err.contains("hint: see its workspaces: `prewarm get workspaces --preset a`"), "\(preset.err)")
        let some = try await sandbox.prewarm(["release", names[0], "nothing", names[1]])
        #expect(some.code == 1 && some.err.contains("error: there is no workspace \"nothing\""), "\(some.err)")
        #expect(names.allSatisfy { some.err.contains("✔ released \($0)") }, "\(some.err)")
        #expect(sandbox.instances.isEmpty)
    }

    @Test("A claimer may leave out the owner, and an operator is asked for it")
    func withoutOwner() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        let local = try await sandbox.prewarm("claim", "a")
        #expect(local.code == 64 && local.err.contains("error: missing --owner"), "\(local.err)")
        try await sandbox.prewarm("token", "create", "ops", "--role", "operator")
        let token = try await sandbox.prewarm("token", "create", "ada", "--role", "claimer")
        let secret = token.out.trimmingCharacters(in: .whitespacesAndNewlines)
        try await sandbox.serve { daemon in
            let operators = try await daemon.prewarm("claim", "a")
            #expect(operators.code == 1 && operators.err.contains("hint: name the owner: `--owner NAME`"))
            let claim = try await daemon.prewarm("claim", "a", environment: ["PREWARM_TOKEN": secret])
            #expect(claim.code == 0 && claim.err.contains(/✔ claimed a-\w+ for ada\n/), "\(claim)")
        }
    }

    @Test("A claim of a retired preset names the next step")
    func retired() async throws {
        let sandbox = try await Sandbox()
        let template = """
            apiVersion: prewarm/v1
            kind: Template
            metadata: {name: go}
            spec: {activeVersion: "2.0"}
            """
        try await sandbox.commit([
            "go.yaml": template, "inactive.yaml": Sandbox.preset("inactive", instances: 1),
            "old.yaml": Sandbox.preset(
                "old", instances: 1, version: "2.0", "  deprecated: {message: too small, replacement: new}"),
            "new.yaml": Sandbox.preset("new", instances: 1, version: "2.0"),
            "gone.yaml": Sandbox.preset("gone", instances: 1, version: "2.0"),
        ])
        try await sandbox.prewarm("sync")
        // Only a preset with a claimed workspace stays known after its manifest was removed.
        #expect(try await sandbox.prewarm("claim", "gone", "--owner", "ada").code == 0)
        try await sandbox.commit(["gone.yaml": nil])
        try await sandbox.prewarm("sync")
        for (name, hint) in [
            ("inactive", "set `version: \"2.0\"` in presets/inactive.yaml, or choose another preset"),
            ("old", "use the preset new"), ("gone", "choose another preset: `prewarm get presets`"),
        ] {
            let claim = try await sandbox.prewarm("claim", name, "--owner", "ada")
            #expect(claim.code == 1 && claim.err.contains("hint: \(hint)"), "\(claim.err)")
        }
    }

    @Test("A release of a workspace that Retain keeps names the way to delete it")
    func retained() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1, "  deletionPolicy: Retain"),
            "b.yaml": Sandbox.preset("b", instances: 0),
        ])
        try await sandbox.prewarm("sync")
        let name = try await sandbox.prewarm("get", "workspaces", "-o", "name").out.trimmingCharacters(in: .newlines)
        let unclaimed = try await sandbox.prewarm("release", name)
        #expect(unclaimed.err.contains("lower `instances` of the preset a in git"), "\(unclaimed.err)")
        try await sandbox.commit(["a.yaml": nil])
        try await sandbox.prewarm("sync")
        let release = try await sandbox.prewarm("release", name)
        #expect(release.code == 1, "\(release)")
        #expect(release.err.contains("restore the manifest of the preset a in git with"), "\(release.err)")
        // The way of the hint.
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, "  deletionPolicy: Delete")])
        try await sandbox.prewarm("sync")
        try await sandbox.commit(["a.yaml": nil])
        try await sandbox.prewarm("sync")
        #expect(sandbox.instances.isEmpty)
    }

    @Test("A preset whose manifest has an error is reported with the error")
    func invalid() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1),
            "team/broken.yaml": Sandbox.preset("broken", instances: 1, "  instnces: 3"),
            "more.yaml": Sandbox.preset("hidden", instances: 1, "  instnces: 3"),
        ])
        try await sandbox.prewarm("sync")
        for arguments in [["claim", "broken", "--owner", "ada"], ["describe", "preset", "presets/broken"]] {
            let result = try await sandbox.prewarm(arguments)
            #expect(result.code == 1)
            #expect(
                result.err.contains("broken\": its manifest presets/team/broken.yaml:8:3 has an error: invalid spec: "),
                "\(result.err)")
            #expect(result.err.contains("hint: did you mean \"instances\"?"), "\(result.err)")
        }
        let hidden = try await sandbox.prewarm("claim", "hidden", "--owner", "ada")
        #expect(
            hidden.err.contains("look for its manifest: 2 files with errors, see `prewarm status`"), "\(hidden.err)")
        let typing = try await sandbox.prewarm("describe", "preset", "aa")
        #expect(typing.err.contains("did you mean \"a\"?"), "\(typing.err)")
    }

    @Test("A claim from a pool whose builds fail names the cause and the retry")
    func failing() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1, "  failureLimit: 1\n  parameters: {fail: \"yes\"}"),
            "b.yaml": Sandbox.preset("b", instances: 1, "  parameters: {fail: \"yes\"}"),
        ])
        try await sandbox.prewarm("sync")
        for name in ["a", "b"] {
            let claim = try await sandbox.prewarm("claim", name, "--owner", "ada")
            #expect(claim.code == 3)
            #expect(
                claim.err.contains("to be claimed; the last build failed: exit code 3: no space left\n"), "\(claim)")
            #expect(claim.err.contains("After the fix: `prewarm retry \(name)`"), "\(claim)")
        }
        try await sandbox.prewarm("token", "create", "ops", "--role", "operator")
        let token = try await sandbox.prewarm("token", "create", "ada", "--role", "claimer", "-o", "json")
        let secret = try token.json()["token"]?.string ?? ""
        try await sandbox.serve { daemon in
            let claim = try await daemon.prewarm(
                "claim", "a", "--owner", "ada", environment: ["PREWARM_TOKEN": secret])
            #expect(claim.code == 3 && !claim.err.contains("no space left"), "\(claim)")
            #expect(claim.err.contains("the last build failed: an operator can read why"), "\(claim)")
            #expect(claim.err.contains("ask an operator to fix the cause and to run `prewarm retry a`"), "\(claim)")
        }
    }
}
