import Foundation
import Subprocess
import Testing

/// Text of committers, provisioners and servers is shown in each output without any effect there.
@Suite("Hostile text")
struct HostileTextTests {
    static let hostile =
        "@team ![x](https://evil.example/x.png) [y](https://evil.example) <img src=x> <!channel> | `c` **b** _i_ "
        + "%0A##[error]e \u{1b}[31m\u{1b}]0;t\u{7} \u{202e}b \u{2066}i \u{200b}z\u{feff}\u{2060} \u{9b}31m \u{ad} "
        + "\u{34f} www.evil.example\u{2028}::warning::w\u{85}x"

    /// The same text with line breaks.
    static let hostileLines = "::error::a\n  ::add-mask::b\r\n" + hostile + "\n::stop-commands::c"

    // MARK: Checks

    /// Expects that the text does not control a terminal, hides nothing and has no commands for GitHub Actions.
    static func isHarmless(_ text: String, commands: Bool = false) -> Bool {
        let isPrintable = text.unicodeScalars.allSatisfy { scalar in
            // Most of it is plain, and the properties of a sign are found slowly.
            if (0x20..<0x7f).contains(scalar.value) || scalar == "\n" || scalar == "\t" { return true }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: return false
            default: return !scalar.properties.isDefaultIgnorableCodePoint
            }
        }
        let lines = text.split(separator: "\n").map { $0.drop { $0.isWhitespace } }
        let isQuiet = lines.allSatisfy { line in
            !line.hasPrefix("::")
                || commands && (line.hasPrefix("::error file=") || line.hasPrefix("::warning file="))
        }
        return isPrintable && isQuiet
    }

    /// Expects that the Markdown has no link, image, HTML, mention or additional table cell.
    static func isPlain(markdown: String) -> Bool {
        markdown.split(separator: "\n").allSatisfy { line in
            let bare = line.replacing(/`[^`]*`/, with: "")
            let isTable = !line.hasPrefix("|") || line.count { $0 == "|" } == 6
            return isTable
                && !["@team", "<", "](", "https://", "www.evil", "**b**", "`"].contains { part in
                    bare.contains(part) && !(part == "](" && bare.contains("\\]("))
                }
        }
    }

    // MARK: Tests

    @Test("Hostile text of manifests, commits and provisioners has no effect in any output")
    func local() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration(operations: "create, delete, list"))
        let quoted = Self.quoted(Self.hostile)
        try sandbox.write("text", Self.hostileLines)
        try sandbox.write(
            "provision",
            """
            #!/bin/sh
            cat > /dev/null
            cat text >&2
            [ "$PREWARM_PRESET" != failing ] || exit 3
            case $1 in
            create) printf '%s' '{"endpoint": \(quoted), "metadata": {\(quoted): \(quoted)}}' ;;
            list) cat text >&2; exit 5 ;;
            esac
            """, isExecutable: true)
        let deprecated = "  deprecated: {message: \(quoted)}\n"
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 2, "  parameters: {note: \(quoted)}")
                .replacing("{name: a}", with: "{name: a, annotations: {note: \(quoted)}}"),
            "b.yaml": Sandbox.preset("b", instances: 1, deprecated),
            "c.yaml": Sandbox.preset("failing", instances: 1, "  failureLimit: 1"),
            "d.yaml": Sandbox.preset("d", instances: 1, "  \(quoted): 1").replacing("go", with: quoted),
            "::error e\u{1b}[31m \u{202e}.yaml": Sandbox.preset("e", instances: 1, "  strategy: \(quoted)"),
        ])
        try await sandbox.git("-c", "user.name=\(Self.hostile)", "commit", "-q", "--allow-empty", "-m", Self.hostile)
        let changes = try await sandbox.prewarm("plan", "-o", "markdown")
        #expect(Self.isPlain(markdown: changes.out) && Self.isHarmless(changes.out), "\(changes.out)")
        #expect(changes.out.contains("| preset a | added |  |  | template: go, "), "\(changes.out)")
        var outputs = [
            try await sandbox.prewarm("plan"), try await sandbox.prewarm("diff"),
            try await sandbox.prewarm("diff", "-o", "yaml"), try await sandbox.prewarm("sync", "--refresh"),
        ]
        try await sandbox.prewarm("suspend", "b", "--reason", Self.hostile, "--by", Self.hostile)
        let claimed = try await sandbox.prewarm("claim", "a", "--owner", Self.hostile, "-o", "json")
        let workspace = try #require(try claimed.json()["id"]?.string)
        let operations = try await sandbox.prewarm("get", "operations", "-o", "json").json().list
        outputs.append(claimed)
        for arguments in [
            ["status"], ["status", "-o", "json"], ["get", "presets"], ["get", "presets", "-o", "wide"],
            ["get", "workspaces"], ["get", "workspaces", "-o", "yaml"], ["get", "events"], ["get", "operations"],
            ["get", "revisions"], ["get", "sources"], ["get", "audit"], ["get", "templates"],
            ["describe", "preset", "a"], ["describe", "preset", "failing"], ["describe", "workspace", workspace],
            ["logs", workspace], ["plan"], ["validate"], ["validate", "-o", "json"], ["validate", "-o", "sarif"],
            ["claim", "b", "--owner", "x"], ["claim", Self.hostile, "--owner", "x"], ["doctor"],
            ["plan", "--log-format", "json"], ["export"],
        ] + operations.prefix(4).map({ ["describe", "operation", $0["id"]?.string ?? ""] }) {
            outputs.append(try await sandbox.prewarm(arguments))
        }
        for (index, output) in outputs.enumerated() {
            #expect(Self.isHarmless(output.out + output.err), "\(index): \(output.out)\(output.err)")
        }
        let described = try await sandbox.prewarm("describe", "preset", "a").out
        #expect(described.contains("annotations:  note=@team"), "\(described)")
        let github = try await sandbox.prewarm("validate", "-o", "github")
        #expect(Self.isHarmless(github.out, commands: true) && github.out.contains("::error file="), "\(github.out)")
        let sarif = try await sandbox.prewarm("validate", "-o", "sarif")
        #expect(!sarif.out.contains("y](https"), "\(sarif.out)")
        let markdown = try await sandbox.prewarm("plan", "-o", "markdown")
        #expect(Self.isPlain(markdown: markdown.out) && Self.isHarmless(markdown.out), "\(markdown.out)")
        #expect(markdown.out.contains("evil"), "the text is there: \(markdown.out)")
    }

    @Test("Hostile text of a server has no effect in the output of any command")
    func server() async throws {
        let sandbox = try await Sandbox()
        let kinds = [
            "presets", "templates", "workspaces", "operations", "events", "sources", "revisions", "orphans", "audit",
            "deliveries",
        ]
        let lists = kinds.flatMap { kind in
            ["table", "wide", "name", "json", "yaml"].map { ["get", kind, "-o", $0] }
        }
        let documents = [
            ["describe", "preset", "p"], ["describe", "workspace", "w"], ["describe", "operation", "o"],
            ["status"], ["plan"], ["plan", "-o", "json"], ["diff"], ["diff", "-o", "yaml"], ["sync", "--wait"],
            ["sync"],
            ["claim", "p", "--owner", "x"], ["release", "w"], ["adopt", "p", "i"], ["approve", "abcdef12"],
            ["suspend", "p"], ["resume", "p"], ["retry", "p"], ["pin", "s", "abcdef12"], ["unpin", "s"],
            ["logs", "o"], ["export"], ["token", "list"], ["token", "create", "t", "--role", "viewer"],
            ["token", "revoke", "t"],
        ]
        // What an error shows does not depend on the format.
        let refused = kinds.map { ["get", $0] } + documents.filter { $0.last != "json" }
        try await Self.serve([Self.hostile, Self.hostileLines], in: sandbox) { url in
            var runs = lists.map { (url, $0) }
            for url in [url, url + "/second"] {
                runs += documents.map { (url, $0) } + refused.map { (url + "/refuse", $0) }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, (url, arguments)) in runs.enumerated() {
                    if index >= 4 { try await group.next() }
                    group.addTask { try await Self.check(arguments, at: url, in: sandbox) }
                }
                try await group.waitForAll()
            }
            for url in [url, url + "/second"] {
                let markdown = try await sandbox.prewarm(
                    ["plan", "-o", "markdown"], environment: ["PREWARM_SERVER": url, "PREWARM_CONFIG": "/nowhere"])
                #expect(Self.isPlain(markdown: markdown.out) && Self.isHarmless(markdown.out), "\(markdown.out)")
                #expect(markdown.out.contains("evil"))
            }
        }
    }

    /// Returns the text in double quotes, for JSON and YAML.
    private static func quoted(_ text: String) -> String {
        "\""
            + text.unicodeScalars.map { scalar in
                switch scalar {
                case "\"", "\\": "\\\(scalar)"
                case _ where scalar.isASCII && scalar.value >= 0x20: "\(scalar)"
                default: String(scalar).utf16.map { String(format: "\\u%04x", $0) }.joined()
                }
            }.joined() + "\""
    }

    private static func check(_ arguments: [String], at url: String, in sandbox: Sandbox) async throws {
        let result = try await sandbox.prewarm(
            arguments, environment: ["PREWARM_SERVER": url, "PREWARM_CONFIG": "/nowhere"])
        let text = result.out + result.err
        #expect(isHarmless(text), "\(arguments): \(text.debugDescription)")
        if url.hasSuffix("/refuse") { #expect(result.code == 1 && result.err.contains("evil"), "\(arguments)") }
    }

    private static func serve(
        _ texts: [String], in sandbox: Sandbox, _ body: @escaping @Sendable (_ url: String) async throws -> Void
    ) async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "hostile-server.py").path()
        let files = try texts.enumerated().map { index, text in
            try sandbox.write("hostile-\(index)", text)
            return sandbox.root.appending(path: "hostile-\(index)").path
        }
        let port = sandbox.root.appending(path: "hostile-port").path
        _ = try await Subprocess.run(
            .name("python3"), arguments: Arguments([script] + files + [port]), input: .none, output: .discarded,
            error: .discarded
        ) { execution in
            defer { try? execution.send(signal: .kill) }
            for _ in 0..<1200 {
                if let bytes = sandbox.bytes("hostile-port"), let number = Int(String(decoding: bytes, as: UTF8.self)) {
                    return try await body("http://127.0.0.1:\(number)")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw SandboxError(message: "the server did not start")
        }
    }
}
