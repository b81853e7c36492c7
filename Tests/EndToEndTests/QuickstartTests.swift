import Foundation
import PodmanSupport
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

    /// A kind of workspaces of the quickstart.
    struct Kind: Sendable, CustomTestStringConvertible {
        let name: String
        /// The line in which the quickstart says which kind it takes, and why.
        let line: String
        /// The value of PREWARM_QUICKSTART_KIND.
        var choice: String?
        /// A program `bwrap` in front of PATH.
        var bwrap: String?

        var testDescription: String { name }
    }

    private static let none = "no Docker or Podman answers at its socket"
    private static let kinds = [
        Kind(
            name: "folder", line: "folders with a service, because PREWARM_QUICKSTART_KIND is folder.", choice: "folder"
        ),
        Kind(
            name: "broken sandbox",
            line: "folders with a service, because \(none), and sandboxes do not work: bwrap: no namespaces.",
            bwrap: "#!/bin/sh\necho 'bwrap: no namespaces' >&2\nexit 1\n"),
        Kind(name: "sandbox", line: "sandboxes of bubblewrap, because \(none)."),
        Kind(name: "container", line: "containers, because a container engine answers at "),
    ]

    @Test(
        "The session says which kind of workspaces it takes, and ends with full pools",
        arguments: kinds.filter { kind in
            (kind.name != "container" || PodmanService.isWanted)
                && (kind.name != "sandbox" || ProvisionerExample.has("bwrap", "sshd"))
        })
    func session(kind: Kind) async throws {
        let sandbox = try await Sandbox()
        // The script builds prewarm with this program, which names the folder of the binary of the tests.
        let folder = Sandbox.binary.removingLastComponent().string
        try sandbox.write("bin/swift", "#!/bin/sh\necho '\(folder)'\n", isExecutable: true)
        if let bwrap = kind.bwrap { try sandbox.write("bin/bwrap", bwrap, isExecutable: true) }
        let engine = kind.name == "container" ? try await PodmanService.shared.socket() : "/nonexistent"
        let script = GuidePage.root.appending(path: "examples/quickstart.sh").path
        let result = try await Subprocess.run(
            .name("timeout"), arguments: ["--kill-after=30", "900", "bash", script, "\(sandbox.root.path)/session"],
            environment: .custom([
                "PATH": "\(sandbox.root.path)/bin:/usr/local/bin:/usr/bin:/bin", "HOME": sandbox.root.path,
                "DOCKER_HOST": "unix://\(engine)", "PREWARM_QUICKSTART_KIND": kind.choice ?? "",
            ]), input: .none, output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        let text = result.standardOutput + result.standardError
        #expect(result.terminationStatus == .exited(0), "\(text)")
        #expect(text.contains("\nThe workspaces are \(kind.line)") || text.hasPrefix("The workspaces are \(kind.line)"))
        #expect(text.contains("✔ The pools are full again, and the claimed workspace is unchanged."), "\(text)")
        let left = try? FileManager.default.contentsOfDirectory(
            atPath: sandbox.root.appending(path: "session/workspaces").path)
        #expect((left ?? []).allSatisfy { $0.hasPrefix(".") }, "\(left ?? [])")
    }
}
