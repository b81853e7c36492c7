import Foundation
import Subprocess
import SystemPackage

/// A folder with the files of an example of `examples/provisioners`, and a commit of its manifests.
struct ProvisionerExample {
    let sandbox: Sandbox

    /// - Parameter changes: Texts of the configuration of the example, and what the test replaces them with.
    init(_ name: String, changes: [String: String] = [:]) async throws {
        sandbox = try await Sandbox()
        let root = sandbox.root
        for entry in ["prewarm.yaml", "provision", "repo"] {
            try FileManager.default.removeItem(at: root.appending(path: entry))
        }
        let folder = GuidePage.root.appending(path: "examples/provisioners/\(name)")
        for entry in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            try FileManager.default.copyItem(at: folder.appending(path: entry), to: root.appending(path: entry))
        }
        var configuration = try String(contentsOf: root.appending(path: "prewarm.yaml"), encoding: .utf8)
        for (text, other) in changes { configuration.replace(text, with: other) }
        try sandbox.write("prewarm.yaml", configuration)
        try FileManager.default.createDirectory(at: root.appending(path: "home"), withIntermediateDirectories: true)
        let commit = try await run("git init -q -b main; git add presets; git commit -q -m 'Add a pool'")
        guard commit.code == 0 else { throw SandboxError(message: commit.err) }
    }

    /// Runs a script of bash in the folder, until its first command that fails. Its log has each command.
    /// - Parameters:
    ///   - path: Folders in front of PATH.
    ///   - command: A command that runs bash.
    func run(_ script: String, path: [String] = [], through command: [String] = []) async throws -> Sandbox.Result {
        let root = sandbox.root.path
        let folders = path + [Sandbox.binary.removingLastComponent().string, "/usr/local/bin:/usr/bin:/bin"]
        let arguments = command + ["bash", "-euxo", "pipefail", "-c", script]
        let result = try await Subprocess.run(
            .name("timeout"), arguments: Arguments(["--kill-after=10", "900"] + arguments),
            environment: .custom([
                "PATH": "\(folders.joined(separator: ":")):/usr/sbin:/sbin", "HOME": "\(root)/home", "NO_COLOR": "1",
                "LANG": "C.UTF-8", "USER": "ada", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
                "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
                "GIT_COMMITTER_EMAIL": "ada@example.org",
            ]),
            workingDirectory: FilePath(root), input: .none, output: .string(limit: 1 << 20),
            error: .string(limit: 4 << 20))
        let code: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Sandbox.Result(code: code, out: result.standardOutput, err: result.standardError)
    }

    /// Runs `prewarm provisioner test`.
    /// - Returns: The checks that did not pass, with their findings.
    func findings(path: [String] = [], through command: [String] = []) async throws -> [String] {
        let test = try await run(
            """
            ssh-keygen -q -t ed25519 -N '' -C ada -f test-key
            prewarm provisioner test local -o json --param sshKey="$(cat test-key.pub)" || [ $? = 1 ]
            """, path: path, through: command)
        guard test.code == 0 else { return ["\(test)"] }
        let findings = try test.json()["findings"]?.list ?? []
        guard findings.count == 24 else { return ["\(findings.count) checks: \(test)"] }
        return findings.filter { $0["result"]?.string != "pass" }.map { "\($0.value)" }
    }

    /// Returns true if all programs are installed. In CI, a missing one is a failure of the test.
    static func has(_ programs: String...) -> Bool {
        ProcessInfo.processInfo.environment["CI"] != nil
            || programs.allSatisfy { program in
                ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"].contains { access("\($0)/\(program)", X_OK) == 0 }
            }
    }

    /// Returns true if a program is installed, also in CI.
    static func isInstalled(_ program: String) -> Bool {
        ["/usr/local/bin", "/usr/bin"].contains { access("\($0)/\(program)", X_OK) == 0 }
    }
}
