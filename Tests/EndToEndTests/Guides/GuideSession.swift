import Foundation
import KubernetesSupport
import PodmanSupport
import Subprocess
import SystemPackage

/// A run of the blocks of a page, in order, by one bash in one empty folder.
struct GuideSession {
    /// A command, or a file that the page shows.
    struct Step: Equatable {
        /// The number of the line in the page.
        let line: Int
        /// The lines of the command as bash gets them.
        let command: String
        /// The range of the lines with the output of the command; nil for a file, which only has to be valid.
        let output: Range<Int>?
    }

    /// The end of a step.
    struct Result {
        let step: Step
        let code: Int32
        /// The output in the page.
        let expected: [String]
        let got: [String]

        /// True if the output is the one of the page, or prewarm accepts the file.
        var isRight: Bool { step.output == nil ? code == 0 : GuideText.isSame(expected, got) }

        var text: String {
            """
            line \(step.line): $ \(step.command)
            exit code \(code), and
            \(GuideSession.listed("-", expected))
            \(GuideSession.listed("+", got))
            """
        }
    }

    let page: GuidePage
    let steps: [Step]

    /// - Throws: ``SandboxError`` if the first line of a `yaml` block names no file, or a console block does not begin with
    ///   a command.
    init(_ page: GuidePage) throws {
        self.page = page
        steps = try page.blocks.flatMap { block in
            switch block.kind {
            case "yaml": [try Self.file(block)]
            case "console": try Self.commands(block)
            default: [Step]()
            }
        }
    }

    /// Runs all steps.
    func run() async throws -> [Result] {
        let socket = page.needsPodman ? try await PodmanService.shared.socket() : nil
        let mark = "step-\(UUID().uuidString)"
        let cluster = page.needsCluster ? try await StandIn() : nil
        let outputs = try await outputs(of: script(mark: mark), mark: mark, socket: socket, cluster: cluster)
        guard outputs.count == steps.count else {
            throw SandboxError(message: "\(page.path): \(outputs.count) of \(steps.count) steps ended")
        }
        let lines = page.lines
        return zip(steps, outputs).map { step, output in
            Result(
                step: step, code: output.code, expected: step.output.map { Array(lines[$0]) } ?? [], got: output.lines)
        }
    }

    /// Returns the text of the page with the outputs of the results. It replaces all outputs, so that an ID is the same in
    /// the whole page.
    func corrected(_ results: [Result]) -> String {
        var lines = page.lines
        for result in results.reversed() {
            if let output = result.step.output { lines.replaceSubrange(output, with: result.got) }
        }
        return lines.joined(separator: "\n")
    }

    // MARK: Steps

    private static func file(_ block: GuidePage.Block) throws -> Step {
        guard let path = block.body.first?.firstMatch(of: /^# (\S+\.ya?ml)$/)?.output.1 else {
            throw SandboxError(message: "line \(block.line): the first line of the block names no file")
        }
        let checked = path.contains("/") ? path.prefix { $0 != "/" } : path
        let end = "end-of-\(block.line)"
        let command =
            "mkdir -p \"$(dirname \(path))\" && cat >\(path) <<'\(end)'\n\(block.body.joined(separator: "\n"))\n\(end)\n"
            + "GIT_TOKEN=\"${GIT_TOKEN:-x}\" prewarm validate \(checked)"
        return Step(line: block.line, command: command, output: nil)
    }

    private static func commands(_ block: GuidePage.Block) throws -> [Step] {
        var steps: [Step] = []
        var rest = Array(zip(block.line..., block.body))[...]
        while let (index, first) = rest.popFirst() {
            guard first.hasPrefix("$ ") else {
                throw SandboxError(message: "line \(index + 1): expected a command, which begins with \"$ \"")
            }
            var command = String(first.dropFirst(2))
            while command.hasSuffix("\\"), let (_, more) = rest.popFirst() { command += "\n\(more)" }
            if let end = command.firstMatch(of: /<<\s*'?(\w+)'?/)?.output.1 {
                while let (_, more) = rest.popFirst() {
                    command += "\n\(more)"
                    if more == end { break }
                }
            }
            let output = rest.prefix { !$0.1.hasPrefix("$ ") }
            rest = rest.dropFirst(output.count)
            let start = index + command.count(where: { $0 == "\n" }) + 1
            steps.append(Step(line: index + 1, command: command, output: start..<start + output.count))
        }
        return steps
    }

    // MARK: Bash

    private func script(mark: String) -> String {
        let body = steps.map { "\($0.command)\nprintf '\\n%s %s\\n' \(mark) $?\n" }
        return "trap 'kill $(jobs -p) 2>/dev/null' EXIT\nexec 2>&1\n" + body.joined()
    }

    private func outputs(
        of script: String, mark: String, socket: String?, cluster: StandIn?
    ) async throws -> [(lines: [String], code: Int32)] {
        let root = FileManager.default.temporaryDirectory.appending(
            path: "prewarm-guide-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: root) }
        for name in ["bin", "home", "pools"] {
            try FileManager.default.createDirectory(
                at: root.appending(path: name), withIntermediateDirectories: true)
        }
        try FileManager.default.createSymbolicLink(
            atPath: root.appending(path: "bin/prewarm").path, withDestinationPath: Sandbox.binary.string)
        if page.needsExamples { try Self.addExamples(to: root) }
        if let cluster {
            let folder = root.appending(path: "home/.kube")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: cluster.kubeconfig, toPath: folder.appending(path: "config").path)
        }
        let file = root.appending(path: "script")
        try Data(script.utf8).write(to: file)
        // A page that hangs ends after 20 minutes, with all processes that it started.
        let result = try await Subprocess.run(
            .name("timeout"), arguments: ["--kill-after=10", "1200", "bash", "--norc", file.path],
            environment: .custom(Self.environment(root: root, socket: socket)),
            workingDirectory: FilePath(root.appending(path: "pools").path), input: .none,
            output: .string(limit: 16 << 20), error: .discarded)
        var outputs: [(lines: [String], code: Int32)] = []
        var lines: [String] = []
        let output = result.standardOutput.replacing("\r\n", with: "\n")
        for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix(mark + " ") else {
                lines.append(
                    String(line).replacing(root.appending(path: "pools").path, with: page.home)
                        .replacing(root.appending(path: "home").path, with: "/home/ada")
                        .replacing(socket ?? "\0", with: "/run/podman/podman.sock")
                        .replacing(cluster.map { "127.0.0.1:\($0.port)" } ?? "\0", with: "127.0.0.1:6443"))
                continue
            }
            while lines.last == "" { lines.removeLast() }
            outputs.append((lines, Int32(line.dropFirst(mark.count + 1)) ?? -1))
            lines = []
        }
        return outputs
    }

    /// Adds the checkout as `~/prewarm`, and a stand-in for OpenTofu if neither it nor Terraform is installed.
    private static func addExamples(to root: URL) throws {
        try FileManager.default.createSymbolicLink(
            at: root.appending(path: "home/prewarm"), withDestinationURL: GuidePage.root)
        guard !["tofu", "terraform"].contains(where: ProvisionerExample.isInstalled) else { return }
        try FileManager.default.copyItem(
            at: GuidePage.root.appending(path: "Tests/tofu-stand-in.sh"), to: root.appending(path: "bin/tofu"))
    }

    private static func environment(root: URL, socket: String?) -> [Environment.Key: String] {
        var variables: [Environment.Key: String] = [
            "PATH": "\(root.path)/bin:/usr/local/bin:/usr/bin:/bin", "HOME": "\(root.path)/home", "USER": "ada",
            "NO_COLOR": "1", "LANG": "C.UTF-8", "TERM": "dumb", "TZ": "UTC",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
        ]
        if let socket { variables["DOCKER_HOST"] = "unix://\(socket)" }
        return variables
    }

    private static func listed(_ sign: String, _ lines: [String]) -> String {
        lines.isEmpty ? "\(sign) (no output)" : lines.map { "\(sign) \($0)" }.joined(separator: "\n")
    }
}
