import Foundation
import Subprocess
import Testing

@Suite("Texts of failures")
struct FailureTextTests {
    /// A provisioner that cannot create, and cannot delete if a file says so.
    private static let failing = """
        #!/bin/sh
        cat > /dev/null
        cd "$(dirname "$0")"
        [ "$1" = create ] || [ -e locked ] || exit 0
        echo "pulling $PREWARM_WORKSPACE_NAME" >&2
        echo "no space left" >&2
        exit 3
        """

    @Test("Failures with one cause are one line with the cause first")
    func collapsed() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("provision", Self.failing, isExecutable: true)
        try sandbox.write("locked", "")
        // The preset is stalled for an hour, so a busy machine sees the same.
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4, "  failureLimit: 1")])
        let sync = try await sandbox.prewarm("sync")
        let creates = sync.err.split(separator: "\n").filter { $0.contains("cannot create ") }
        #expect(creates.count == 1 && creates[0].contains("exit code 3: no space left"), "\(sync.err)")
        #expect(!sync.err.contains("pulling "), "\(sync.err)")
        #expect(
            sync.err.contains(/error: \d operations failed: exit code 3: no space left \([2-4] workspaces of a\)\n/),
            "\(sync.err)")
        let status = try await sandbox.prewarm("status").out
        #expect(
            status.contains(
                /✗ exit code 3: no space left \(\d workspaces of a\): cannot delete after 1 attempt, next attempt/),
            "\(status)")
        let stalled = /✗ exit code 3: no space left: the builds of a fail \(1 in a row, stalled\)\./
        #expect(status.contains(stalled), "\(status)")
        let described = try await sandbox.prewarm("describe", "preset", "a").out
        #expect(described.contains(/CreateFailed +[2-4] workspaces: exit code 3: no space left\n/), "\(described)")
        #expect(!described.contains("pulling "), "\(described)")
        let log = try #require(described.firstMatch(of: /the log of the last failed build: `prewarm logs (a-\w+)`/))
        let shown = try await sandbox.prewarm("logs", String(log.output.1))
        #expect(shown.out.contains("no space left"), "\(shown)")
    }

    @Test("Without a valid preset nothing has converged, and after an error sync counts the pools")
    func manifestErrors() async throws {
        let sandbox = try await Sandbox()
        let invalid = Sandbox.preset("b", instances: 1, "  instnces: 2")
        try await sandbox.commit(["b.yaml": invalid])
        let plan = try await sandbox.prewarm("plan")
        #expect(plan.code == 1 && plan.out.contains("Nothing to do: no valid preset."), "\(plan)")
        let none = try await sandbox.prewarm("sync")
        #expect(none.code == 1 && !none.err.contains("have converged"), "\(none.err)")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let sync = try await sandbox.prewarm("sync", "--wait")
        #expect(sync.code == 1 && sync.err.contains("✔ 1 pool, 1 of 1 workspaces ready"), "\(sync.err)")
        #expect(sync.err.contains("error: the manifests have 1 error"), "\(sync.err)")
        let status = try await sandbox.prewarm("status").out
        #expect(status.contains(/unknown key "instnces"\n +hint: did you mean "instances"\?\n/), "\(status)")
    }

    @Test("A plan and a status have one line for a cause that several presets have in common")
    func planGroups() async throws {
        let sandbox = try await Sandbox()
        let fail = "  failureLimit: 1\n  parameters: {fail: \"yes\"}"
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1, fail), "b.yaml": Sandbox.preset("b", instances: 1, fail),
            "c.yaml": Sandbox.preset("c", instances: 1, fail),
        ])
        try await sandbox.prewarm("sync")
        let plan = try await sandbox.prewarm("plan").out
        let lines = plan.split(separator: "\n").filter { $0.contains("no space left") }
        #expect(lines.count == 1, "\(plan)")
        #expect(
            lines.first?.contains(
                "! exit code 3: no space left: the builds of 3 presets fail (a, b, c); 3 presets are stalled. To try")
                == true,
            "\(plan)")
        let status = try await sandbox.prewarm("status").out
        #expect(status.split(separator: "\n").count { $0.contains(/^✗ .*no space left/) } == 1, "\(status)")
        #expect(
            status.contains(
                "✗ exit code 3: no space left: the builds of 3 presets fail (a, b, c); 3 presets are stalled. To try"),
            "\(status)")
        #expect(!status.contains("BackingOff:") && !status.contains("Stalled:"), "\(status)")
        let failure = try await sandbox.preset("a")["failure"]
        #expect(failure?["cause"]?.string == "exit code 3: no space left" && failure?["builds"]?.int == 1)
    }

    @Test("A failed workspace has a line for its create and one for its delete, or none")
    func pairs() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 3, "  failureLimit: 1\n  parameters: {fail: \"yes\"}")
        ])
        let sync = try await sandbox.prewarm("sync", "--wait")
        let lines = sync.err.split(separator: "\n")
        #expect(lines.count { $0.contains(/✗ cannot create a-/) } == 1, "\(sync.err)")
        #expect(lines.count { $0.contains("✔ deleted a-") } == 1, "\(sync.err)")
        #expect(sync.err.contains(/error: \d operations? failed: exit code 3: no space left/), "\(sync.err)")
    }

    @Test("The logs of an operation are its own, and a failed start shows its error")
    func logs() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("provision", Self.failing, isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, "  failureLimit: 1")])
        #expect(try await sandbox.prewarm("sync").code == 1)
        let operations = try await sandbox.prewarm("get", "operations", "-o", "json").json().list
        let create = try #require(operations.first { $0["type"]?.string == "create" })
        let id = try #require(create["id"]?.string)
        #expect(operations.contains { $0["type"]?.string == "delete" && $0["workspace"]?.string == id })
        let logs = try await sandbox.prewarm("logs", id)
        #expect(logs.out.hasSuffix("no space left\n"), "\(logs)")
        #expect(logs.err == "create \(id) failed: exit code 3: no space left\n")
        let ofAll = try await sandbox.prewarm("logs", "a-\(id.suffix(8))")
        #expect(ofAll.out == logs.out && !ofAll.err.contains("has no log"), "\(ofAll)")

        // The file is executable but cannot be started.
        try sandbox.write("provision", "#!/nowhere/sh\n", isExecutable: true)
        #expect(try await sandbox.prewarm("retry", "a").code == 0)
        #expect(try await sandbox.prewarm("sync").code == 1)
        let failed = try await sandbox.prewarm("get", "operations", "--state", "failed", "-o", "json").json().list
        let start = try #require(failed.first { $0["id"]?.string != id && $0["type"]?.string == "create" })
        let none = try await sandbox.prewarm("logs", start["id"]?.string ?? "")
        #expect(none.code == 0 && none.out.isEmpty && none.err.contains(" failed: "), "\(none)")
        #expect(none.err.contains(start["error"]?.string ?? "?"), "\(none)")
    }

    @Test("A sync without a good end does not say that nothing changed")
    func quiet() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 8), "b.yaml": Sandbox.preset("b", instances: 1),
        ])
        #expect(try await sandbox.prewarm("sync").code == 0)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        let held = try await sandbox.prewarm("sync", "--wait")
        #expect(held.code == 5 && held.err.contains("error: 7 deletions are held"), "\(held.err)")
        #expect(!held.err.contains("✔"), "\(held.err)")
        let other = try await sandbox.prewarm("sync", "--wait", "--preset", "b")
        #expect(other.code == 0 && other.err.contains("✔ 1 pool"), "\(other.err)")
        #expect(!other.err.contains("are held"), "\(other.err)")

        try await sandbox.commit(["b.yaml": "apiVersion: prewarm/v1\nkind: Preset\n"])
        #expect(try await sandbox.prewarm("sync").code == 1)
        let invalid = try await sandbox.prewarm("sync")
        #expect(invalid.code == 1 && !invalid.err.contains("nothing changed"), "\(invalid.err)")
        let events = try await sandbox.prewarm("get", "events").out
        #expect(
            events.contains("0 presets changed; invalid manifests keep their applied version: change (Ada)"),
            "\(events)")
    }

    @Test("A claim before the first sync says that no preset is applied")
    func early() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let claim = try await sandbox.prewarm("claim", "a", "--owner", "ada")
        #expect(claim.code == 1 && claim.err.contains("\"a\": no preset is applied yet"), "\(claim.err)")
        #expect(claim.err.contains("hint: apply the presets of the sources: `prewarm sync`"))
    }

    @Test("A plan or a state that cannot be read is named with the cause")
    func files() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let plan = try await sandbox.prewarm("sync", "--plan", "none.json")
        #expect(plan.err.contains("cannot read the plan none.json: No such file"), "\(plan.err)")
        let state = try await sandbox.prewarm("plan", "--path", "repo/presets", "--observed", "repo")
        #expect(state.err.contains("cannot read the observed state repo: it is not a regular file"), "\(state.err)")
    }

    @Test("Commands that only read the store need no variables of logins and provisioners")
    func variables() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration(source: "    auth: {token: ${GIT_SECRET}}").replacing(
                "    timeout: 20s", with: "    timeout: 20s\n    environment: {KEY: \"${CLOUD_KEY}\"}"))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let missing = try await sandbox.prewarm("sync")
        #expect(missing.code == 1 && missing.err.contains("cannot replace ${GIT_SECRET}"), "\(missing.err)")
        let good = try await sandbox.prewarm("sync", environment: ["GIT_SECRET": "abc", "CLOUD_KEY": "def"])
        #expect(good.code == 0, "\(good.err)")
        for arguments in [
            ["status"], ["get", "presets"], ["get", "sources"], ["describe", "preset", "a"], ["token", "list"],
            ["token", "create", "ops", "--role", "operator"], ["suspend", "a"], ["resume", "a"], ["export"],
        ] {
            let result = try await sandbox.prewarm(arguments)
            #expect(result.code == 0, "\(arguments): \(result.err)")
        }
        for arguments in [["sync"], ["plan"], ["validate"]] {
            let result = try await sandbox.prewarm(arguments)
            #expect(result.code == 1 && result.err.contains("CLOUD_KEY"), "\(arguments): \(result)")
        }
    }
}
