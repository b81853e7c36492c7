import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("Missing system resources", .inTurn)
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
}
