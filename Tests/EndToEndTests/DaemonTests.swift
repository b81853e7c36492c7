import Foundation
import Subprocess
import Testing

@Suite("The daemon", .serialized)
struct DaemonTests {
    @Test("The daemon fills pools at once, refills them after a claim, and applies new commits")
    func loop() async throws {
        let sandbox = try await Sandbox(configuration: .quick)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("two are ready") { try await daemon.isReady("a", 2) }
            let claim = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#)
            #expect(claim.status == 201)
            #expect(try claim.json()["state"]?.string == "claimed")
            try await daemon.eventually("the pool is refilled") { try await daemon.isReady("a", 2) }
            #expect(sandbox.instances.count == 3)
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4)])
            try await daemon.eventually("the interval has brought the commit") { try await daemon.isReady("a", 4) }
        }
    }

    @Test("A daemon whose spawner is killed starts another one")
    func spawner() async throws {
        let sandbox = try await Sandbox(configuration: .quick)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            let killed = try await Subprocess.run(
                .name("pkill"), arguments: ["-KILL", "-P", "\(daemon.pid)", "prewarm-spawner"], input: .none,
                output: .discarded, error: .discarded)
            #expect(killed.terminationStatus == .exited(0))
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
            try await daemon.eventually("three are ready") { try await daemon.isReady("a", 3) }
        }
    }

    @Test("A sync with --wait ends when the commit is applied and its pools are full")
    func syncWaits() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
            let commit = try await sandbox.git("rev-parse", "HEAD").prefix(40)
            let sync = try await daemon.prewarm("sync", "--wait", "--rev", String(commit), "--timeout", "20s")
            #expect(sync.code == 0, "\(sync.err)")
            #expect(sync.err.contains("3 of 3 workspaces ready"))
            #expect(try await daemon.isReady("a", 3))
            // A later commit fulfills the request for an earlier one, and the message says so.
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
            let later = try await daemon.prewarm("sync", "--wait", "--rev", String(commit), "--timeout", "20s")
            #expect(later.code == 0, "\(later.err)")
            #expect(later.err.contains("superseded by main@sha1:"))
            let source = try await daemon.get("/api/v1/sources").json()[0]
            #expect(source?["daemon"]?["lastHandledRequest"]?.string?.isEmpty == false)
        }
    }

    @Test("A sync fails at once if a forced push has replaced its commit")
    func forcedAway() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let first = try await sandbox.head()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        let replaced = try await sandbox.head()
        try await sandbox.serve { daemon in
            try await daemon.eventually("two are ready") { try await daemon.isReady("a", 2) }
            try await sandbox.git("reset", "-q", "--hard", first)
            try await sandbox.commit(["b.yaml": Sandbox.preset("b", instances: 1)])
            // Without the check, the command would wait for an hour.
            let sync = try await daemon.prewarm("sync", "--wait", "--rev", replaced, "--timeout", "1h")
            #expect(sync.code == 1)
            #expect(sync.err.contains("\(replaced.prefix(8)) is not in the history of main@sha1:"), "\(sync.err)")
            #expect(sync.err.contains("replaced by a forced push"), "\(sync.err)")
        }
    }

    @Test("A sync that does not converge names the cause")
    func syncFails() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        let broken = Sandbox.preset("a", instances: 1, "  failureLimit: 1\n  parameters: {fail: \"yes\"}")
        try await sandbox.commit(["a.yaml": broken])
        try await sandbox.serve { daemon in
            let stalled = try await daemon.prewarm("sync", "--wait", "--timeout", "20s")
            #expect(stalled.code == 1)
            #expect(stalled.err.contains("a: 0 of 1 ready, stalled"), "\(stalled.err)")
            try await sandbox.commit(["a.yaml": "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {nam: a}\n"])
            let invalid = try await daemon.prewarm("sync", "--wait", "--timeout", "20s")
            #expect(invalid.code == 1)
            #expect(invalid.err.contains("presets/a.yaml:3:12"), "\(invalid.err)")
            let never = try await daemon.prewarm(
                "sync", "--wait", "--rev", "0123456789abcdef", "--timeout", "1s")
            #expect(never.code == 1)
            #expect(never.err.contains("01234567 is not applied"), "\(never.err)")
        }
    }

    @Test("After SIGTERM, operations get the grace time, and the next start continues the unfinished ones")
    func stop() async throws {
        let sandbox = try await Sandbox(configuration: .quick)
        let slow = Sandbox.preset("a", instances: 1, "  parameters: {seconds: 15}")
        try await sandbox.commit(["a.yaml": slow])
        let status = try await sandbox.serve(["--grace", "1s"]) { daemon in
            try await daemon.eventually("the create runs") { !sandbox.ledger.isEmpty }
        }
        #expect(status == .exited(0))
        #expect(sandbox.bytes("prewarm.db-wal") == nil, "the store is one file again")
        let operations = try await sandbox.prewarm("get", "operations", "-o", "json").json().list
        #expect(operations.map { $0["state"]?.string } == ["pending"])
        #expect(sandbox.instances.isEmpty)
    }

    @Test("The daemon ends at the second signal, even if the grace time is long")
    func secondSignal() async throws {
        let sandbox = try await Sandbox(configuration: .quick)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, "  parameters: {seconds: 300}")])
        let status = try await sandbox.serve(["--grace", "10m"]) { daemon in
            try await daemon.eventually("the create runs") { !sandbox.ledger.isEmpty }
            try daemon.send(.terminate)
            // Within a second of the first signal another one does not count, and a busy machine sees signals late.
            for _ in 0..<10 {
                try await Task.sleep(for: .seconds(1))
                try? daemon.send(.terminate)
            }
        }
        #expect(status == .signaled(15))
    }

    @Test("The daemon ends without waiting for a silent remote")
    func silentRemote() async throws {
        let sandbox = try await Sandbox()
        try await GitBackend.serving(sandbox) { port in
            let file = String(decoding: try #require(sandbox.bytes("prewarm.yaml")), as: UTF8.self)
            try sandbox.write(
                "prewarm.yaml",
                file.replacing(/url: file:.*/, with: "url: http://127.0.0.1:\(port)/silent/a\n    interval: 1s"))
            let status = try await sandbox.serve { daemon in
                try await daemon.eventually("it is asked") {
                    let names = try FileManager.default.contentsOfDirectory(atPath: sandbox.root.path)
                    return names.contains { $0.hasPrefix("server-") && sandbox.bytes("\($0)/requests") != nil }
                }
            }
            #expect(status == .exited(0))
            let log = String(decoding: sandbox.bytes("serve.log") ?? Data(), as: UTF8.self)
            #expect(log.contains("stopped") && !log.contains("cannot read a source"), "\(log)")
        }
    }

    @Test("SIGHUP applies a new configuration, or keeps the old one if the new one has an error")
    func reload() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 5)])
        let file = String(decoding: try #require(sandbox.bytes("prewarm.yaml")), as: UTF8.self)
        try sandbox.write("prewarm.yaml", file + "policy: {limits: {instances: 1}}\n")
        try await sandbox.serve { daemon in
            try await daemon.eventually("the limit holds") { try await daemon.isReady("a", 1) }
            try sandbox.write("prewarm.yaml", file.replacing("concurrency: 4", with: "concurency: 4"))
            try daemon.send(.terminalClosed)
            try await daemon.eventually("the new one is refused") { daemon.log.contains("keeping the old one") }
            let refusal = daemon.log.split(separator: "\n").first { $0.contains("keeping the old one") } ?? ""
            #expect(refusal.contains("prewarm.yaml:16:5: invalid provisioner: unknown key"), "\(refusal)")
            #expect(refusal.contains(#"hint="did you mean \"concurrency\"?""#), "\(refusal)")
            try sandbox.write("prewarm.yaml", file)
            try daemon.send(.terminalClosed)
            try await daemon.eventually("the limit is gone") { try await daemon.isReady("a", 5) }
        }
    }

    @Test("An unreadable source and a slow operation delay no other source")
    func independence() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing(
                "    path: presets",
                with:
                    "    path: presets\n    interval: 1s\n  - name: broken\n    url: file:///nowhere/at/all\n    interval: 1s"
            ))
        try await sandbox.commit([
            "slow.yaml": Sandbox.preset("slow", instances: 1, "  parameters: {seconds: 30}"),
            "a.yaml": Sandbox.preset("a", instances: 1),
        ])
        let status = try await sandbox.serve(["--grace", "0s"]) { daemon in
            try await daemon.eventually("the other preset is ready") { try await daemon.isReady("a", 1) }
            try await sandbox.commit(["b.yaml": Sandbox.preset("b", instances: 1)])
            try await daemon.eventually("a later one, too") { try await daemon.isReady("b", 1) }
            let status = try await daemon.prewarm("status")
            #expect(status.code == 1)
            #expect(status.out.contains("✗ source broken"), "\(status.out)")
        }
        #expect(status == .exited(0))
    }

    @Test("The daemon acts on changes that commands make in the same store")
    func commandsBeside() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            #expect(try await sandbox.prewarm("claim", "a", "--owner", "ada").code == 0)
            try await daemon.eventually("the daemon refills it") { try await daemon.isReady("a", 1) }
            #expect(try await sandbox.prewarm("suspend", "a", "--reason", "lunch").code == 0)
            #expect(try await sandbox.prewarm("claim", "a", "--owner", "ada").code == 0)
            try await Task.sleep(for: .seconds(1))
            #expect(try await daemon.isReady("a", 0))
            #expect(try await daemon.prewarm("resume", "a").code == 0)
            try await daemon.eventually("it goes on") { try await daemon.isReady("a", 1) }
        }
    }
}

extension String {
    /// A configuration that polls the source each second.
    static let quick = Sandbox.configuration.replacing("    path: presets", with: "    path: presets\n    interval: 1s")
    /// A configuration that polls the source only on request.
    static let slow = Sandbox.configuration.replacing("    path: presets", with: "    path: presets\n    interval: 1h")
}
