import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("All attacks at once", .serialized)
struct MixedAttackTests {
    /// The script documents the attacks. It checks the latency of claims only if it is run by hand with a release build:
    /// `python3 Tests/mixed-attack.py .build/release/prewarm --p99-ms 100`.
    @Test("The daemon survives within its memory limit, and each claim gets a workspace")
    func everyClaimIsGranted() async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "mixed-attack.py")
        let result = try await Subprocess.run(
            .name("python3"),
            arguments: [script.path, Sandbox.binary.string, "--seconds", "15", "--memory-mb", "300"],
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        #expect(result.terminationStatus.isSuccess, "\(result.standardOutput)\n\(result.standardError)")
    }
}
