import Foundation
import Glibc
import Subprocess
import SystemPackage
import Testing

@Suite("Missing system resources")
struct SystemLackTests {
    @Test(
        "Without descriptors for event loops, the daemon ends with an error",
        arguments: [4, 6, 8, 13, 15, 20, 28, 29])
    func descriptors(limit: Int) async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        let result = try await Subprocess.run(
            .name("timeout"),
            arguments: ["60", "sh", "-c", "ulimit -n \(limit); exec \(Sandbox.binary) serve --listen 127.0.0.1:0"],
            workingDirectory: FilePath(sandbox.root.path), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        #expect(result.terminationStatus == .exited(1), "\(result)")
        #expect(result.standardError.contains("error: cannot start: the system gives no"), "\(result)")
    }

    /// The limit on processes does not apply to root, so the commands run as another user.
    @Test(
        "Without free threads, a command ends with an error and does not wait for ever", .enabled(if: getuid() == 0),
        arguments: [1, 3, 5, 6, 7, 9], ["sync", "serve --listen 127.0.0.1:0"])
    func threads(limit: Int, command: String) async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        // A user without other processes.
        let user = 61_000 + limit * 10 + (command == "sync" ? 0 : 1)
        let result = try await Subprocess.run(
            .name("timeout"),
            arguments: [
                "-k", "5", "60", "setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "bash", "-c",
                "ulimit -u \(limit); exec \(Sandbox.binary) \(command)",
            ],
            workingDirectory: FilePath(sandbox.root.path), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        #expect(result.terminationStatus == .exited(1), "\(result)")
        #expect(result.standardError.contains("error: cannot start: the system gives no thread"), "\(result)")
    }
}
