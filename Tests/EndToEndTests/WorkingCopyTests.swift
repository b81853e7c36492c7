import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("Commands in a working copy")
struct WorkingCopyTests {
    /// Runs prewarm in the working copy of the source.
    private func prewarm(_ arguments: String..., in sandbox: Sandbox) async throws -> Sandbox.Result {
        let root = sandbox.root.path
        let result = try await Subprocess.run(
            .path(Sandbox.binary), arguments: Arguments(arguments),
            environment: .inherit.updating(["PREWARM_CONFIG": "\(root)/prewarm.yaml", "NO_COLOR": "1"]),
            workingDirectory: FilePath("\(root)/repo"), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard case .exited(let code) = result.terminationStatus else { throw SandboxError(message: "it crashed") }
        return Sandbox.Result(code: code, out: result.standardOutput, err: result.standardError)
    }

    @Test("validate and plan say which state they read if manifests are not committed")
    func uncommitted() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let commit = "main@sha1:\(try await sandbox.head().prefix(8))"
        for command in ["validate", "plan"] {
            #expect(try await !prewarm(command, in: sandbox).err.contains("committed"), "\(command)")
        }
        try sandbox.write("repo/presets/a.yaml", Sandbox.preset("a", instances: 5))
        try sandbox.write("repo/presets/b.yaml", Sandbox.preset("b", instances: 1, "  nonsense: 1"))
        try sandbox.write("repo/elsewhere/c.yaml", Sandbox.preset("c", instances: 1))
        let plan = try await prewarm("plan", in: sandbox)
        #expect(
            plan.err == "plan reads the commit \(commit); 2 files under presets/ have changes that are not committed. "
                + "To commit them: `git add presets && git commit`\n")
        #expect(plan.code == 0 && plan.out.contains("create 1 workspace "), "\(plan)")
        let json = try await prewarm("plan", "-o", "json", in: sandbox)
        #expect(try json.json()["summary"]?["create"]?.int == 1)
        let validate = try await prewarm("validate", in: sandbox)
        #expect(validate.code == 1 && validate.err.contains("presets/b.yaml:8:3: error: "), "\(validate.err)")
        #expect(!validate.err.contains("To commit them"), "\(validate.err)")
        #expect(
            validate.err.contains(/validate reads the files of \S+repo; 2 files under presets\/ have changes that/),
            "\(validate.err)")
        // Elsewhere there is no working copy of the source.
        for command in ["validate", "plan"] {
            let result = try await sandbox.prewarm(command)
            #expect(result.code == 0 && !result.err.contains("committed"), "\(command) \(result)")
        }
    }

    @Test("validate checks files before the first commit, and files of the branch of the source only")
    func branches() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("repo/presets/a.yaml", Sandbox.preset("a", instances: 1))
        let first = try await prewarm("validate", in: sandbox)
        #expect(first.code == 0 && first.err.contains("1 preset"), "\(first.err)")
        try await sandbox.commit([:])
        try await sandbox.git("switch", "-q", "-c", "other")
        try sandbox.write("repo/presets/a.yaml", "kind: Preset\napiVersion: prewarm/v1\n")
        let other = try await prewarm("validate", in: sandbox)
        #expect(other.code == 0, "\(other.err)")
        #expect(other.err.contains(/validate reads the commit main@sha1:\S+; 1 file under presets\/ has changes/))
    }
}
