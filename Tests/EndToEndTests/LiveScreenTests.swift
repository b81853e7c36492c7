import Foundation
import Glibc
import Subprocess
import SystemPackage
import Testing

@Suite("Live screens on a terminal")
struct LiveScreenTests {
    private static func sandbox() async throws -> Sandbox {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("alpha", instances: 2),
            "b.yaml": Sandbox.preset("beta", instances: 1).replacing(
                "{name: beta}", with: "{name: beta, labels: {x: y}}"),
        ])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        return sandbox
    }

    @Test("top shows all pools, finds pools, and restores the terminal when it quits")
    func top() async throws {
        let sandbox = try await Self.sandbox()
        let report = try await sandbox.onTerminal(
            ["top"],
            [
                ["until", "alpha +■■ +2/2.*\n.*beta +■ +1/1"], ["send", "/"], ["until", "/█"], ["send", "x=y"],
                ["without", "alpha"], ["send", "\u{1b}"], ["until", "alpha"], ["send", "q"],
            ])
        #expect(report.code == 0 && report.restored, "\(report)")
        let first = report.frames.first ?? ""
        #expect(first.contains("2 pools   3 of 3 ready   0 starting   0 claimed   all pools are healthy"), "\(first)")
        #expect(first.contains("q quit  / search  ↑↓ scroll  read "), "\(first)")
    }

    @Test("top follows a daemon with a token, and shows new pools and failures")
    func remote() async throws {
        let sandbox = try await Self.sandbox()
        #expect(try await sandbox.prewarm("token", "create", "ops", "--role", "operator").code == 0)
        let made = try await sandbox.prewarm("token", "create", "screen", "--role", "viewer", "-o", "json")
        let token = try #require(try made.json()["token"]?.string)
        try await sandbox.serve { daemon in
            try await sandbox.commit([
                "c.yaml": Sandbox.preset("gamma", instances: 1, "  failureLimit: 1\n  parameters: {fail: \"yes\"}")
            ])
            async let screen = sandbox.onTerminal(
                ["top", "--server", daemon.url, "--token", token],
                [
                    ["until", "alpha"], ["until", "gamma +□.*Stalled"], ["until", "1 pool needs attention"],
                    ["send", "q"],
                ])
            _ = try await daemon.post("/api/v1/sync")
            let report = try await screen
            #expect(report.code == 0 && report.restored, "\(report)")
            let last = report.frames.last ?? ""
            let places = ["gamma", "alpha", "beta"].compactMap { last.firstRange(of: $0)?.lowerBound }
            #expect(places.count == 3 && places == places.sorted(), "pools that need attention come first: \(last)")
        }
    }

    @Test(
        "The terminal is restored after each signal", arguments: ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGABRT"])
    func signals(name: String) async throws {
        let sandbox = try await Self.sandbox()
        for command in [["top"], ["status", "--watch"]] {
            let report = try await sandbox.onTerminal(command, [["until", "alpha"], ["signal", name]])
            #expect(report.restored && report.entered == 1, "\(report)")
            let end = ["SIGINT": 130, "SIGTERM": 143][name]
            #expect(report.code == end, "\(report)")
            let killedBy = ["SIGHUP": Int(SIGHUP), "SIGQUIT": Int(SIGQUIT), "SIGABRT": Int(SIGABRT)][name]
            #expect(report.signal == killedBy, "\(report)")
        }
    }

    @Test("Ctrl-Z gives the terminal back, and the screen is drawn again afterwards")
    func stopping() async throws {
        let sandbox = try await Self.sandbox()
        let report = try await sandbox.onTerminal(
            ["top"],
            [
                ["job"], ["until", "alpha"], ["send", "\u{1a}"], ["stopped"], ["restored"], ["fg"], ["entered", "2"],
                ["until", "alpha"], ["send", "q"],
            ])
        #expect(report.code == 0 && report.restored, "\(report)")
        #expect(report.entered == 2)
    }

    @Test("Ctrl-Z does not stop a screen that no shell could continue")
    func orphan() async throws {
        let sandbox = try await Self.sandbox()
        let report = try await sandbox.onTerminal(
            ["top"],
            [["until", "alpha"], ["send", "\u{1a}"], ["entered", "2"], ["until", "alpha"], ["send", "q"]])
        #expect(report.code == 0 && report.restored && report.entered == 2, "\(report)")
    }

    @Test("In the background, a screen leaves the terminal to the shell")
    func background() async throws {
        let sandbox = try await Self.sandbox()
        let started = try await sandbox.onTerminal(
            ["top"],
            [["background"], ["stopped"], ["restored"], ["entered", "0"], ["fg"], ["until", "alpha"], ["send", "q"]])
        #expect(started.code == 0 && started.restored && started.entered == 1, "\(started)")
        let continued = try await sandbox.onTerminal(
            ["status", "--watch"],
            [
                ["job"], ["until", "alpha"], ["send", "\u{1a}"], ["stopped"], ["bg"], ["stopped"], ["restored"],
                ["entered", "1"], ["fg"], ["entered", "2"], ["until", "alpha"], ["send", "q"],
            ])
        #expect(continued.code == 0 && continued.restored && continued.entered == 2, "\(continued)")
    }

    @Test("A stopped screen in the background ends at a signal", arguments: [false, true])
    func endInBackground(isContinued: Bool) async throws {
        let sandbox = try await Self.sandbox()
        let start = isContinued ? [["job"], ["until", "alpha"], ["send", "\u{1a}"]] : [["background"]]
        let report = try await sandbox.onTerminal(
            ["top"], start + [["stopped"], ["restored"], ["signal", "SIGTERM"], ["bg"]])
        #expect(report.code == 143 && report.restored && report.entered == (isContinued ? 1 : 0), "\(report)")
    }

    @Test("A daemon that hangs is reported, and the screen still ends at once")
    func hanging() async throws {
        let sandbox = try await Self.sandbox()
        try await sandbox.serve { daemon in
            defer { kill(daemon.pid, SIGCONT) }
            let report = try await sandbox.onTerminal(
                ["top", "--server", daemon.url, "--token", daemon.localToken],
                [
                    ["until", "alpha"], ["size", "24", "200"], ["signal", "SIGSTOP", "\(daemon.pid)"],
                    ["until", "read [5-9]s ago"],
                    ["until", "read [0-9]+s ago, cannot read again: no answer within 15s"],
                    ["send", "q"],
                ])
            #expect(report.code == 0 && report.restored, "\(report)")
        }
    }

    @Test("status --watch ends when the reader of its output has ended")
    func reader() async throws {
        let sandbox = try await Self.sandbox()
        let result = try await Subprocess.run(
            .name("sh"), arguments: ["-c", "\"$1\" status --watch | head -n 1", "sh", Sandbox.binary.string],
            environment: .inherit.updating(["PREWARM_CONFIG": nil]), workingDirectory: FilePath(sandbox.root.path),
            output: .string(limit: 1 << 16), error: .discarded)
        #expect(result.terminationStatus.isSuccess && result.standardOutput.contains("source presets"))
    }

    @Test("A screen follows the size of the terminal, and scrolls")
    func resizing() async throws {
        let sandbox = try await Sandbox()
        let names = (10..<60).map { "pool-\($0)" }
        try await sandbox.commit(
            Dictionary(uniqueKeysWithValues: names.map { ("\($0).yaml", Sandbox.preset($0, instances: 0)) }))
        #expect(try await sandbox.prewarm("sync").code == 0)
        let report = try await sandbox.onTerminal(
            ["top"],
            [
                ["until", "pool-10(.|\\n)*pool-29"], ["size", "12", "40"], ["until", "1–7 of 50"],
                ["send", "\u{1b}[6~"],
                ["until", "8–14 of 50"], ["send", "\u{1b}[B"], ["until", "9–15 of 50"], ["send", "\u{1b}[F"],
                ["until", "pool-59"], ["send", "\u{1b}OA"], ["until", "43–49 of 50"], ["send", "q"],
            ])
        #expect(report.code == 0 && report.restored, "\(report)")
        for frame in report.frames.dropFirst() {
            let rows = frame.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(rows.count == 12 && rows.allSatisfy { $0.count <= 40 }, "\(rows)")
        }
    }

    @Test("status --watch shows what status shows, and a search keeps the lines that match")
    func watch() async throws {
        let sandbox = try await Self.sandbox()
        let report = try await sandbox.onTerminal(
            ["status", "--watch"],
            [
                ["until", "✔ source presets(.|\\n)*alpha(.|\\n)*beta"], ["send", "/BETA\r"], ["without", "alpha"],
                ["send", "q"],
            ], environment: ["NO_COLOR": "1"])
        #expect(report.code == 0 && report.restored, "\(report)")
        #expect(!report.output.contains(/\u{1b}\[[0-9;]*m/), "NO_COLOR applies: \(report)")
    }

    @Test(
        "A signal at the prompt of login ends it with the terminal as it was",
        arguments: [("SIGTERM", 15), ("SIGINT", 2), ("SIGHUP", 1)])
    func prompt(name: String, number: Int) async throws {
        let sandbox = try await Self.sandbox()
        let home: [Environment.Key: String] = ["HOME": sandbox.root.path, "XDG_CONFIG_HOME": sandbox.root.path]
        let report = try await sandbox.onTerminal(
            ["login", "http://127.0.0.1:9"],
            [["until", "Token for http"], ["hidden"], ["send", "secret"], ["signal", name]], environment: home)
        #expect(report.signal == number && report.restored, "\(report)")
        #expect(!report.output.contains("secret"))
    }

    @Test("After a command of `with` that a signal ended, the terminal is as it was")
    func with() async throws {
        let sandbox = try await Self.sandbox()
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let report = try await sandbox.onTerminal(
            ["with", "alpha", "--owner", "ci", "--", "sh", "-c", "stty -echo -icanon; kill -KILL $$"], [["until", ""]])
        #expect(report.code == 137 && report.restored, "\(report)")
    }

    @Test("Without a terminal, top names the command that works, and status --watch prints each change")
    func pipes() async throws {
        let sandbox = try await Self.sandbox()
        let top = try await sandbox.prewarm("top")
        #expect(top.code == 1 && top.out.isEmpty, "\(top)")
        #expect(
            top.err.contains("error: cannot show top: standard output is not a terminal\nhint: use `prewarm status`"))
        let json = try await sandbox.prewarm("status", "--watch", "-o", "json")
        #expect(json.code == 64 && json.err.contains("cannot use --watch with --output json"), "\(json.err)")

        let log = sandbox.root.appending(path: "watch.log").path
        let file = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        let result = try await Subprocess.run(
            .path(Sandbox.binary), arguments: ["status", "--watch"], environment: .inherit.updating(["TERM": "xterm"]),
            workingDirectory: FilePath(sandbox.root.path), input: .none,
            output: .fileDescriptor(file, closeAfterSpawningProcess: true), error: .discarded
        ) { execution in
            func eventually(_ text: String) async throws {
                for _ in 0..<2400 {
                    if String(decoding: sandbox.bytes("watch.log") ?? Data(), as: UTF8.self).contains(text) { return }
                    try await Task.sleep(for: .milliseconds(50))
                }
                Issue.record("never: \(text)")
            }
            try await eventually("beta")
            try await sandbox.prewarm("suspend", "beta", "--reason", "a test")
            try await eventually("a test")
            try execution.send(signal: .terminate)
        }
        #expect(result.terminationStatus == .exited(143))
        let text = String(decoding: sandbox.bytes("watch.log") ?? Data(), as: UTF8.self)
        #expect(!text.contains("\u{1b}") && text.components(separatedBy: "source presets").count == 3, "\(text)")
    }
}

extension Sandbox {
    /// Runs the binary on a pseudo terminal of 24 rows and 80 columns, with the steps of `terminal-driver.py`.
    fileprivate func onTerminal(
        _ arguments: [String], _ steps: [[String]], environment: [Environment.Key: String] = [:]
    ) async throws -> TerminalReport {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "terminal-driver.py").path()
        let list = steps.map { step -> [Any] in
            ["size", "entered"].contains(step[0]) ? [step[0]] + step.dropFirst().map { Int($0) ?? 0 } : step
        }
        let json = String(decoding: try JSONSerialization.data(withJSONObject: list), as: UTF8.self)
        let result = try await Subprocess.run(
            .name("python3"), arguments: Arguments([script, json, Self.binary.string] + arguments),
            environment: .inherit.updating(["TERM": "xterm", "PREWARM_CONFIG": nil]).updating(
                environment.mapValues { $0 }),
            workingDirectory: FilePath(root.path), output: .string(limit: 64 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw SandboxError(message: "\(arguments): \(result.standardOutput)\(result.standardError)")
        }
        return try JSONDecoder().decode(TerminalReport.self, from: Data(result.standardOutput.utf8))
    }
}

/// The report of `terminal-driver.py`.
private struct TerminalReport: Decodable, Sendable {
    let output: String
    /// The screens that the steps waited for, without colors.
    let frames: [String]
    /// True if the terminal is as it was before.
    let restored: Bool
    /// The number of times at which the alternate screen was entered.
    let entered: Int
    let code: Int?
    let signal: Int?
}
