import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("The quickstart")
struct QuickstartTests {
    @Test("Without swift, the quickstart installs no package")
    func withoutSwift() async throws {
        let sandbox = try await Sandbox()
        for name in ["bash", "dirname"] {
            try sandbox.write("bin/\(name)", "#!/bin/sh\nexec /usr/bin/\(name) \"$@\"\n", isExecutable: true)
        }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let result = try await Subprocess.run(
            .path("/bin/bash"), arguments: [root.appending(path: "examples/quickstart.sh").path],
            environment: .custom(["PATH": sandbox.root.appending(path: "bin").path]), input: .none,
            output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
        #expect(result.terminationStatus == .exited(1) && result.standardOutput.isEmpty, "\(result)")
        #expect(
            result.standardError
                == "error: cannot build prewarm: there is no swift in PATH\n"
                + "hint: install Swift 6.3 or newer: https://www.swift.org/install/linux/\n")
    }
}
