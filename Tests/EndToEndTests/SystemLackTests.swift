import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("What the system does not give")
struct SystemLackTests {
    @Test("is an error with its cause, before anything hangs or traps", arguments: ["serve", "status"])
    func descriptors(command: String) async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        let arguments = command == "serve" ? "serve --listen 127.0.0.1:0" : "status --server http://127.0.0.1:1"
        // Few descriptors are left for event loops, and none can be had beyond the limit.
        for limit in [6, 7] {
            let result = try await Subprocess.run(
                .name("timeout"),
                arguments: [
                    "60", "sh", "-c", "ulimit -Hn \(limit); ulimit -n \(limit); exec \(Sandbox.binary) \(arguments)",
                ], workingDirectory: FilePath(sandbox.root.path), output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20))
            #expect(result.terminationStatus == .exited(1), "\(result)")
            #expect(result.standardError.contains("error: "), "\(result)")
        }
    }
}
