import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite struct InterruptionTests {
    @Test(arguments: [("TERM", Int32(143)), ("INT", 130)])
    func aSyncThatIsInterruptedEndsWhatRunsAndGivesItBack(signal: String, code: Int32) async throws {
        let slow = Sandbox.provisioner.replacing("#!/bin/sh\n", with: "#!/bin/sh\n[ -e fast ] || sleep 604\n")
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("timeout: 20s", with: "timeout: 5m"))
        try sandbox.write("provision", slow, isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let sync = try await sandbox.prewarm(endedBy: signal, "sync", "--wait")
        #expect(sync.code == code && sync.err.contains("error: interrupted; what was under way is carried on"))
        let pending = try await sandbox.prewarm("get", "operations", "-o", "json").json()
        #expect(pending.list.map { $0["state"]?.string } == ["pending"], "at once, not when a lease ran out")
        try sandbox.write("fast", "")
        #expect(try await sandbox.prewarm("sync").code == 0 && sandbox.instances.count == 1)
    }

    /// As where somebody passes on what all of a terminal's processes got.
    @Test func aSignalThatComesTwiceAtOnceIsOne() async throws {
        let slow = Sandbox.provisioner.replacing(
            "#!/bin/sh\n", with: "#!/bin/sh\ntrap 'sleep 0.5; exit 1' TERM; sleep 20 & wait\n")
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("timeout: 20s", with: "timeout: 5m"))
        try sandbox.write("provision", slow, isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let script = """
            \(Sandbox.binary.string) sync --wait 2>&1 & sleep 2; kill -TERM $!; sleep 0.2; kill -TERM $!
            wait $! || echo "ended with $?"
            """
        let result = try await Subprocess.run(
            .name("bash"), arguments: ["-c", script], workingDirectory: FilePath(sandbox.root.path),
            output: .string(limit: 1 << 20), error: .discarded)
        let lines = result.standardOutput.split(separator: "\n")
        #expect(lines.last == "ended with 143", "\(lines)")
        #expect(lines.dropLast().last == "error: interrupted; what was under way is carried on by the next run")
    }

    /// As where what is waited for does not answer to anything.
    @Test func theSecondSignalEndsTheProcess() async throws {
        let deaf = Sandbox.provisioner.replacing("#!/bin/sh\n", with: "#!/bin/sh\ntrap '' TERM INT; sleep 20\n")
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("timeout: 20s", with: "timeout: 5m\n    grace: 1m"))
        try sandbox.write("provision", deaf, isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let script = """
            \(Sandbox.binary.string) sync --wait & sleep 2; kill -TERM $!; sleep 2; kill -TERM $! && echo "was waiting"
            sleep 1; kill -0 $! && echo "is still there"
            wait $! || echo "ended with $?"
            """
        let result = try await Subprocess.run(
            .name("bash"), arguments: ["-c", script], workingDirectory: FilePath(sandbox.root.path),
            output: .string(limit: 1 << 20), error: .discarded)
        #expect(result.standardOutput == "was waiting\nended with 143\n")
    }

    @Test func aWatchIsEndedByItsReaderWithoutAWord() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.prewarm("sync")
        let watch = try await sandbox.prewarm(endedBy: "INT", "get", "presets", "--watch")
        #expect(watch.code == 130 && watch.err.isEmpty && watch.out.contains("1 of 1"), "\(watch.err)")
    }
}

extension Sandbox {
    /// Runs prewarm for two seconds, then sends the signal (twice, as `timeout` does).
    fileprivate func prewarm(endedBy signal: String, _ arguments: String...) async throws -> Result {
        let command = ["--preserve-status", "--signal", signal, "2", Self.binary.string] + arguments
        let result = try await Subprocess.run(
            .name("timeout"), arguments: Arguments(command), workingDirectory: FilePath(root.path),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard case .exited(let code) = result.terminationStatus else { return Result(code: -1, out: "", err: "") }
        return Result(code: code, out: result.standardOutput, err: result.standardError)
    }
}
