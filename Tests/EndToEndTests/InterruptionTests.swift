import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite struct InterruptionTests {
    @Test(arguments: [("TERM", Int32(143)), ("INT", 130)])
    func aSyncThatIsInterruptedEndsWhatRunsAndGivesItBack(signal: String, code: Int32) async throws {
        let slow = Sandbox.provisioner.replacing(
            "#!/bin/sh\n", with: "#!/bin/sh\n[ -e fast ] || { touch started; sleep 604; }\n")
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("timeout: 20s", with: "timeout: 5m"))
        try sandbox.write("provision", slow, isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let sync = try await sandbox.prewarm("sync", "--wait", endedBy: signal, once: "[ -e started ]")
        #expect(sync.code == code && sync.err.contains(Self.interrupted))
        let pending = try await sandbox.prewarm("get", "operations", "-o", "json").json()
        #expect(pending.list.map { $0["state"]?.string } == ["pending"], "at once, and not after the end of the lease")
        try sandbox.write("fast", "")
        #expect(try await sandbox.prewarm("sync").code == 0 && sandbox.instances.count == 1)
    }

    /// A shell may forward a signal that all processes of a terminal got. The test sends two signals within a second. If the
    /// machine is too slow for that, the test starts again.
    @Test func aSignalThatComesTwiceAtOnceIsOne() async throws {
        let slow = Sandbox.provisioner.replacing(
            "#!/bin/sh\n",
            with: "#!/bin/sh\ntrap 'sleep 0.5; exit 1' TERM; touch started; sleep 600 & wait\n")
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("timeout: 20s", with: "timeout: 5m"))
        try sandbox.write("provision", slow, isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let signals = """
            first=$(date +%s%N); kill -TERM $pid; sleep 0.2; kill -TERM $pid; (($(date +%s%N) - first < 700000000)) || exit 99
            """
        var sync = Sandbox.Result(code: 99, out: "", err: "")
        for _ in 0..<20 where sync.code == 99 {
            sync = try await sandbox.prewarm("sync", "--wait", once: "[ -e started ]", then: signals)
        }
        #expect(sync.code == 143 && sync.err.hasSuffix(Self.interrupted), "\(sync)")
    }

    private static let interrupted = "error: interrupted; the next run continues the unfinished operations\n"

    /// The provisioner of this test ignores signals.
    @Test func theSecondSignalEndsTheProcess() async throws {
        let deaf = Sandbox.provisioner.replacing(
            "#!/bin/sh\n", with: "#!/bin/sh\ntrap '' TERM INT; touch started; sleep 600\n")
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("timeout: 20s", with: "timeout: 20m\n    grace: 10m"))
        try sandbox.write("provision", deaf, isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        // A busy system can deliver two signals as one.
        let signals =
            "kill -TERM $pid; sleep 2; kill -TERM $pid && echo was waiting >&2; while sleep 2; do kill -TERM $pid || break; done"
        let sync = try await sandbox.prewarm("sync", "--wait", once: "[ -e started ]", then: signals)
        // The grace time is ten minutes, so the first signal alone does not end the command in time.
        #expect(sync.code == 143 && sync.err.contains("was waiting"), "\(sync)")
    }

    @Test func aWatchIsEndedByItsReaderWithoutAWord() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        let watch = try await sandbox.prewarm(
            "get", "presets", "--watch", endedBy: "INT", once: "grep -q '1 of 1' out")
        #expect(watch.code == 130 && watch.err.isEmpty && watch.out.contains("1 of 1"), "\(watch.err)")
    }
}

extension Sandbox {
    /// Runs prewarm, sends it a signal when a shell condition holds, and waits for its end.
    func prewarm(_ arguments: String..., endedBy signal: String, once condition: String) async throws
        -> Result
    {
        try await prewarm(arguments, once: condition, then: "kill -\(signal) $pid")
    }

    func prewarm(_ arguments: String..., once condition: String, then action: String) async throws -> Result {
        try await prewarm(arguments, once: condition, then: action)
    }

    /// In the shell of `action`, `$pid` is the process, and the files `out` and `err` have its output. With job control
    /// (`set -m`), a background process does not ignore SIGINT.
    private func prewarm(_ arguments: [String], once condition: String, then action: String) async throws -> Result {
        let script = """
            set -m; rm -f started
            "$@" >out 2>err & pid=$!
            for _ in {1..3000}; do \(condition) && break; sleep 0.1; done
            { \(action); } 2>>err
            wait $pid
            """
        let result = try await Subprocess.run(
            .name("bash"), arguments: Arguments(["-c", script, "bash", Self.binary.string] + arguments),
            workingDirectory: FilePath(root.path), output: .discarded, error: .discarded)
        guard case .exited(let code) = result.terminationStatus else { return Result(code: -1, out: "", err: "") }
        func text(_ file: String) -> String { String(decoding: bytes(file) ?? Data(), as: UTF8.self) }
        return Result(code: code, out: text("out"), err: text("err"))
    }
}
