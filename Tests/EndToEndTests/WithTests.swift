import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("The command with")
struct WithTests {
    private static let lease = "  lease: {ttl: 3s, warn: 1s}"

    private func sandbox(_ lease: String = lease) async throws -> Sandbox {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, lease)])
        return sandbox
    }

    @Test("with runs the command with its workspace, passes its status on, and releases")
    func status() async throws {
        let sandbox = try await sandbox()
        try await sandbox.prewarm("sync")
        let script = #"echo "$PREWARM_WORKSPACE_ID $PREWARM_ENDPOINT $PREWARM_META_VERSION"; exit 7"#
        let result = try await sandbox.prewarm("with", "a", "--owner", "ci", "--", "sh", "-c", script)
        let id = String(result.out.prefix { $0 != " " })
        #expect(result.code == 7 && result.out == "\(id) dir:\(id) 1.0\n", "\(result)")
        #expect(result.err.contains("claimed a-") && result.err.contains("released a-"))
        #expect(!sandbox.instances.contains(id), "without a daemon, the command deletes the workspace")
        let claims = try await sandbox.prewarm("get", "claims", "-o", "json").json()
        #expect(claims[0]?["endReason"]?.string == "Released")
    }

    @Test(
        "with exits like a shell for commands that cannot run, that a signal ends, and without a ready workspace",
        arguments: [
            (["/nowhere/tool"], 127, "cannot run /nowhere/tool"), (["/"], 126, "cannot run /"),
            (["sh", "-c", "kill -KILL $$"], 137, "claimed"), (["true"], 0, "claimed"),
        ])
    func codes(_ command: [String], _ code: Int32, _ message: String) async throws {
        let sandbox = try await sandbox()
        try await sandbox.prewarm("sync")
        let result = try await sandbox.prewarm(["with", "a", "--owner", "ci", "--"] + command)
        #expect(result.code == code && result.err.contains(message) && result.err.contains("released a-"), "\(result)")
        let none = try await sandbox.prewarm("with", "a", "--owner", "ci", "--", "true")
        #expect(none.code == 3, "the pool is empty: \(none)")
    }

    @Test("with renews the lease of a long command")
    func renews() async throws {
        let sandbox = try await sandbox()
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            let result = try await daemon.prewarm("with", "a", "--owner", "ci", "--", "sleep", "10")
            #expect(result.code == 0 && result.err.contains("released a-"), "\(result)")
            let claims = try await daemon.prewarm("get", "claims", "-o", "json").json()
            #expect(claims[0]?["endReason"]?.string == "Released")
        }
    }

    @Test("with exits with 4 if the claim ended before the command")
    func lost() async throws {
        let sandbox = try await sandbox()
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            async let result = daemon.prewarm(
                "with", "a", "--owner", "ci", "--", "sh", "-c",
                "while [ ! -e \(sandbox.root.path)/go ]; do sleep 0.1; done")
            try await daemon.eventually("it is claimed") {
                try await daemon.get("/api/v1/claims").json()[0]?["workspace"] != nil
            }
            let id = try #require(try await daemon.get("/api/v1/claims").json()[0]?["workspace"]?.string)
            #expect(try await daemon.prewarm("revoke", id, "--reason", "budget").code == 0)
            try await Task.sleep(for: .seconds(3))
            try sandbox.write("go", "")
            let ended = try await result
            #expect(ended.code == 4 && ended.err.contains("lost the workspace a-"), "\(ended)")
            #expect(ended.err.contains("budget"))
        }
    }

    /// Runs `with` under a daemon, sends it a signal when its command runs, and returns its exit code.
    private func signaled(_ daemon: RunningDaemon, _ signal: Signal) async throws -> TerminationStatus {
        let sandbox = daemon.sandbox
        let script = """
            trap 'echo cleanup > \(sandbox.root.path)/trapped; sleep 5; exit 9' TERM HUP
            touch \(sandbox.root.path)/running
            while :; do sleep 0.1; done
            """
        let result = try await Subprocess.run(
            .path(Sandbox.binary), arguments: Arguments(["with", "a", "--owner", "ci", "--", "sh", "-c", script]),
            environment: .inherit.updating(daemon.environment.mapValues { $0 }),
            workingDirectory: FilePath(sandbox.root.path), input: .none, output: .discarded, error: .discarded
        ) { execution in
            try await daemon.eventually("the command runs") { sandbox.bytes("running") != nil }
            try execution.send(signal: signal)
        }
        return result.terminationStatus
    }

    @Test(
        "with passes SIGTERM and SIGHUP on, renews while the command cleans up, and releases", arguments: [true, false])
    func terminated(_ isTerm: Bool) async throws {
        let sandbox = try await sandbox()
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            let status = try await signaled(daemon, isTerm ? .terminate : .terminalClosed)
            #expect(status == .exited(9) && sandbox.bytes("trapped") != nil, "\(status)")
            let claims = try await daemon.get("/api/v1/claims").json()
            #expect(claims[0]?["endReason"]?.string == "Released", "5 s of cleanup are longer than the lease")
        }
    }

    @Test("with whose claim failed takes no further workspace to give it back")
    func givesBack() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 6, "")]))
        try await sandbox.serve { daemon in
            try await daemon.eventually("six are ready") { try await daemon.isReady("a", 6) }
            let result = try await daemon.prewarm(
                "with", "a", "--owner", "ci", "--param", "act=exit", "--secret-file",
                "token=\(sandbox.root.path)/token", "--", "true")
            #expect(result.code == 1 && result.err.contains("no such branch"), "\(result)")
            #expect(sandbox.ledger.count { $0.hasPrefix("claim ") } == 3, "one handover and two replacements")
            let id = try #require(
                try await daemon.post(
                    "/api/v1/presets/a/claims",
                    #"{"owner": "ci", "parameters": {"token": "\#(Sandbox.secret)"}}"#,
                    headers: ["Idempotency-Key": "k1"]
                ).json()["id"]?.string)
            let found = try await daemon.get("/api/v1/workspaces?idempotencyKey=k1").json()
            #expect(found.list.compactMap { $0["id"]?.string } == [id], "\(found)")
            #expect(try await daemon.get("/api/v1/workspaces?idempotencyKey=k2").json().list.isEmpty)
        }
    }

    @Test("After SIGKILL of with, the lease ends the claim")
    func killed() async throws {
        let sandbox = try await sandbox()
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            let status = try await signaled(daemon, .kill)
            #expect(status == .signaled(9) || status == .exited(137), "\(status)")
            try await daemon.eventually("the lease ends") {
                try await daemon.get("/api/v1/claims").json()[0]?["endReason"]?.string == "Expired"
            }
        }
    }

    @Test("A terminal that hangs up ends the command, and the workspace is released")
    func hangUp() async throws {
        let sandbox = try await sandbox()
        try sandbox.write(
            "terminal.py",
            """
            import os, pty, sys, time
            pid, terminal = pty.fork()
            if pid == 0:
                os.execv(sys.argv[1], sys.argv[1:])
            while not os.path.exists("running"):
                time.sleep(0.05)
            os.close(terminal)
            os.waitpid(pid, 0)
            """)
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            let script = "test -t 0 && touch \(sandbox.root.path)/running; sleep 600"
            _ = try await Subprocess.run(
                .name("python3"),
                arguments: Arguments(
                    ["terminal.py", Sandbox.binary.string, "with", "a", "--owner", "ci", "--", "sh", "-c", script]),
                environment: .inherit.updating(daemon.environment.mapValues { $0 }),
                workingDirectory: FilePath(sandbox.root.path), input: .none, output: .discarded, error: .discarded)
            let claims = try await daemon.get("/api/v1/claims").json()
            #expect(claims[0]?["endReason"]?.string == "Released")
        }
    }
}
