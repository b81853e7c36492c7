import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("All attacks at once", .serialized)
struct MixedAttackTests {
    /// The script says what it does. It checks the time of claims only where it is run by hand against a release:
    /// `python3 Tests/mixed-attack.py .build/release/prewarm --p99-ms 100`.
    @Test("leave the daemon alive and within its memory, and every claim is answered with a workspace")
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
