import Foundation
import Subprocess
import SystemPackage
import Testing

/// The parts that short commands do not load, since most of their time is their own start.
@Suite struct StartTests {
    /// Replaces each possible version of libgit2 with an invalid file, so that a command that loads libgit2 fails.
    private func withoutLibGit2(_ sandbox: Sandbox) throws -> String {
        for minor in 0..<40 { try sandbox.write("libraries/libgit2.so.1.\(minor)", "") }
        return sandbox.root.appending(path: "libraries").path
    }

    @Test(arguments: [
        ["--help"], ["sync", "--help"], ["version"], ["schema", "preset"], ["validate", "repo/presets/a.yaml"],
        ["status"], ["status", "--output", "json"], ["get", "workspaces"], ["describe", "preset", "a"],
        ["claim", "a", "--owner", "ada"], ["sync"],
    ])
    func whatNeedsNoGitDoesNotLoadIt(arguments: [String]) async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        let libraries = try withoutLibGit2(sandbox)
        let result = try await sandbox.prewarm(arguments, environment: ["LD_LIBRARY_PATH": libraries])
        #expect(result.code == 0, "\(result.err)")
        #expect(!result.err.contains("libgit2"), "\(result.err)")
    }

    /// A full disk is an error. A reader that ends early is not.
    @Test(arguments: [("/dev/full", 1), ("| true", 0)])
    func outputThatIsLostIsAFailure(_ target: String, _ code: Int32) async throws {
        let script =
            target.hasPrefix("/")
            ? "\(Sandbox.binary.string) schema preset > \(target)"
            : "\(Sandbox.binary.string) schema preset \(target); exit ${PIPESTATUS[0]}"
        let result = try await Subprocess.run(
            .name("bash"), arguments: ["-c", script], output: .discarded, error: .string(limit: 1 << 16))
        #expect(result.terminationStatus == .exited(code), "\(result.standardError)")
        #expect(result.standardError.contains("no space left") == (code == 1))
    }

    @Test func whatNeedsGitSaysThatItIsMissing() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        let libraries = try withoutLibGit2(sandbox)
        let result = try await sandbox.prewarm("sync", environment: ["LD_LIBRARY_PATH": libraries])
        #expect(result.code == 1)
        #expect(
            result.err.contains("cannot set up libgit2: ") && result.err.contains("libgit2.so.1."), "\(result.err)")
        #expect(result.err.contains("hint: install libgit2 1."), "\(result.err)")
        #expect(sandbox.instances.count == 1, "the applied revision stays")
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(sandbox.instances.count == 2)
    }

    /// Each later process would have to read a write-ahead log that a command leaves behind.
    @Test(arguments: ["sync", "status", "plan"])
    func aCommandLeavesTheStoreInOneFile(command: String) async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        func files() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: sandbox.root.path).filter { $0.hasPrefix("prewarm.db") }
        }
        #expect(try await sandbox.prewarm(command).code == 0)
        #expect(try Set(files()) == ["prewarm.db", "prewarm.db.identity"])
    }
}
