import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("Output on a terminal")
struct TerminalTests {
    @Test("A sync shows running operations, and no line is wider than the terminal")
    func liveProgress() async throws {
        let sandbox = try await Sandbox()
        let slow = Sandbox.provisioner.replacing("#!/bin/sh\n", with: "#!/bin/sh\nsleep 1\n")
        try sandbox.write("provision", slow, isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a-preset-with-a-long-name", instances: 2)])
        let sync = try await sandbox.terminal(columns: 60, "sync", "--wait")
        #expect(sync.contains("\u{1b}["), "the output has colors")
        #expect(sync.contains("\r"), "there is a line that is drawn again: \(sync.debugDescription)")
        #expect(sync.contains("2 of 2 workspaces ready"))
        let status = try await sandbox.terminal(columns: 60, "status")
        for line in status.split(whereSeparator: \.isNewline) {
            let plain = line.replacing(/\u{1b}\[[0-9;?]*[A-Za-z]/, with: "")
            #expect(plain.count <= 60, "\(plain)")
        }
        let piped = try await sandbox.prewarm("status")
        #expect(!piped.out.contains("\u{1b}"), "and none of that in a pipe")
    }

    @Test("Text of provisioners, committers and users moves no cursor and changes no color")
    func steering() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write(
            "provision", "#!/bin/sh\nprintf 'a\\033[2Jb\\rc\\n' >&2\n[ $1 = delete ] || exit 1\n", isExecutable: true)
        let deprecated = #"  deprecated: {message: "gone\e[31m\u202E"}"#
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1, "  failureLimit: 1"),
            "b.yaml": Sandbox.preset("b", instances: 1, deprecated),
            "c.yaml": Sandbox.preset("c", instances: 1).replacing("name: c", with: #"name: "c\e[5m""#),
        ])
        var outputs = [try await sandbox.prewarm("plan"), try await sandbox.prewarm("sync", "--wait")]
        try await sandbox.prewarm("suspend", "a", "--reason", "r\u{1b}[1m\nx", "--by", "e\u{1b}ve")
        for arguments in [
            ["status"], ["get", "presets"], ["get", "events"], ["get", "operations"], ["describe", "preset", "a"],
            ["describe", "preset", "b"], ["plan"], ["claim", "b", "--owner", "x"], ["get", "presets", "-o", "json"],
        ] {
            outputs.append(try await sandbox.prewarm(arguments))
        }
        for output in outputs {
            let text = output.out + output.err
            #expect(!text.unicodeScalars.contains { "\u{1b}\r\u{202e}".unicodeScalars.contains($0) }, "\(text)")
        }
        #expect(outputs[2].out.contains("suspended by eve: r[1m x"), "\(outputs[2].out)")
    }

    @Test("A narrow terminal never cuts an endpoint or a name")
    func endpoints() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a-preset-with-a-long-name", instances: 1)])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let workspace = try await sandbox.prewarm("get", "ws", "-o", "json").json()
        let (name, endpoint) = (
            try #require(workspace[0]?["name"]?.string), try #require(workspace[0]?["endpoint"]?.string)
        )
        let shown = try await sandbox.terminal(columns: 40, "get", "ws")
        #expect(shown.contains(name) && shown.contains(endpoint), "\(shown)")
    }

    @Test("NO_COLOR turns colors off")
    func noColour() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let plan = try await sandbox.terminal(columns: 80, "plan", environment: "NO_COLOR=1")
        #expect(plan.contains("create 1 workspace") && !plan.contains("\u{1b}[3"), "\(plan.debugDescription)")
    }
}

extension Sandbox {
    /// Runs the binary on a pseudo terminal and returns its output.
    fileprivate func terminal(
        columns: Int, _ arguments: String..., environment: String = "COLORTERM=truecolor"
    ) async throws -> String {
        let command = (["env", "TERM=xterm", environment, Sandbox.binary.string] + arguments).map { "'\($0)'" }
        let line = "stty cols \(columns) rows 24; " + command.joined(separator: " ")
        return try await Subprocess.run(
            .name("script"), arguments: ["--quiet", "--return", "--command", line, "/dev/null"],
            workingDirectory: FilePath(root.path), output: .string(limit: 1 << 20), error: .discarded
        ).standardOutput
    }
}
