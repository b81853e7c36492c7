import Foundation
import Subprocess
import SystemPackage
import Testing

/// The scripts of `prewarm completion` work in real shells.
@Suite("Completion in shells")
struct CompletionTests {
    /// Returns a sandbox with two presets and a ready workspace each, the scripts, and `prewarm` in `bin`.
    private func sandbox() async throws -> Sandbox {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("go-large", instances: 1), "b.yaml": Sandbox.preset("go-small", instances: 1),
        ])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        for (shell, file) in [("bash", "prewarm.bash"), ("zsh", "_prewarm"), ("fish", "prewarm.fish")] {
            let script = try await sandbox.prewarm("completion", shell)
            #expect(script.code == 0 && script.err.isEmpty, "\(script.err)")
            try sandbox.write("scripts/\(file)", script.out)
        }
        try FileManager.default.createDirectory(
            at: sandbox.root.appending(path: "bin"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: sandbox.root.appending(path: "bin/prewarm").path, withDestinationPath: Sandbox.binary.string)
        return sandbox
    }

    private func run(
        _ shell: String, _ script: String, in sandbox: Sandbox, _ environment: [Environment.Key: String] = [:]
    ) async throws -> String {
        let root = sandbox.root.path
        let path = "\(root)/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        let own: [Environment.Key: String?] = [
            "PATH": path, "PREWARM_CONFIG": nil, "PREWARM_CONTEXT": nil, "XDG_CONFIG_HOME": nil, "HOME": root,
            "TERM": "dumb", "LC_ALL": "C.UTF-8",
        ]
        let result = try await Subprocess.run(
            .name(shell), arguments: ["-c", script],
            environment: .inherit.updating(own).updating(environment.mapValues { $0 }),
            workingDirectory: FilePath(root), input: .none, output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        #expect(result.standardError.isEmpty, "\(result.standardError)")
        return result.standardOutput
    }

    /// A bash function that completes a line and prints the answers, as readline does.
    private static let bash = """
        source scripts/prewarm.bash
        complete_line() {
            COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
            read -ra COMP_WORDS <<<"${1//:/ : }"
            [[ $1 != *" " ]] || COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _prewarm_joined prewarm "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
        }

        """

    @Test(
        "bash completes commands, options, kinds and names",
        arguments: [
            ("prewarm comp", "completion"), ("prewarm claim ", "go-large go-small"),
            ("prewarm claim go-s", "go-small"), ("prewarm get preset go-l", "go-large"),
            ("prewarm plan --preset ", "go-large go-small"), ("prewarm pin ", "presets"),
            ("prewarm context use ", "local"),
            ("prewarm get --output ", "table wide json yaml name"), ("prewarm claim --idem", "--idempotency-key"),
        ])
    func bash(line: String, answers: String) async throws {
        let sandbox = try await sandbox()
        let shown = try await completed(line, in: sandbox) { !$0.isEmpty }
        #expect(shown.joined(separator: " ") == answers)
    }

    /// Returns the completions of a line in bash. A completion ends at its time limit, so on a busy machine it is tried
    /// again until it is good.
    private func completed(
        _ line: String, in sandbox: Sandbox, _ environment: [Environment.Key: String] = [:],
        until isGood: ([Substring]) -> Bool
    ) async throws -> [Substring] {
        var shown: [Substring] = []
        for _ in 0..<40 {
            shown = try await run("bash", Self.bash + "complete_line '\(line)'", in: sandbox, environment)
                .split(separator: "\n")
            if isGood(shown) { break }
        }
        return shown
    }

    @Test("bash completes the workspaces that can be released, and names of the daemon on the line")
    func workspaces() async throws {
        let sandbox = try await sandbox()
        let claim = try await sandbox.prewarm("claim", "go-small", "--owner", "ada", "-o", "json")
        let name = try #require(try claim.json()["name"]?.string, "\(claim)")
        #expect(try await completed("prewarm release ", in: sandbox) { !$0.isEmpty } == [name[...]])
        #expect(try await completed("prewarm get ws ", in: sandbox) { !$0.isEmpty }.contains(name[...]))
        try await sandbox.serve { daemon in
            let options = "--server \(daemon.url) --token \(daemon.localToken)"
            let shown = try await completed(
                "prewarm claim \(options) ", in: sandbox, ["PREWARM_CONFIG": "/nowhere"]
            ) { !$0.isEmpty }
            #expect(shown == ["go-large", "go-small"])
        }
    }

    @Test("Without a store or a daemon, a name has no completion, no error and no new store")
    func nothing() async throws {
        let sandbox = try await sandbox()
        for server in ["http://127.0.0.1:9", "nonsense", ""] {
            let shown = try await run(
                "bash", Self.bash + "complete_line 'prewarm claim '", in: sandbox,
                ["PREWARM_SERVER": server, "PREWARM_CONFIG": "/nowhere"])
            #expect(shown == "\n", "\(server)")
        }
        try sandbox.write("other.yaml", Sandbox.configuration.replacing("prewarm.db", with: "other.db"))
        let shown = try await run(
            "bash", Self.bash + "complete_line 'prewarm claim '", in: sandbox, ["PREWARM_CONFIG": "other.yaml"])
        #expect(shown == "\n" && sandbox.bytes("other.db") == nil)
    }

    @Test(
        "zsh and fish complete names in a terminal",
        arguments: [
            (
                "zsh -f -i",
                "fpath=($PWD/scripts $fpath); autoload -U compinit; compinit -u -D; PS1='> '; print rea''dy"
            ), ("fish --no-config -i", "source scripts/prewarm.fish; echo rea''dy"),
        ])
    func terminal(shell: String, setup: String) async throws {
        let sandbox = try await sandbox()
        try sandbox.write("setup", setup)
        // The first tab completes what the names share, the second lists them.
        let script = #"""
            zmodload zsh/zpty
            shown=
            # until_shown PATTERN [KEYS]: waits for a pattern, and sends keys each few seconds.
            until_shown() {
                local end=$((SECONDS + 120)) next=$((SECONDS + 5)) part
                while ((SECONDS < end)); do
                    if zpty -r -t shell part; then shown+=$part; else sleep 0.05; fi
                    [[ $shown != *$~1* ]] || return 0
                    if (($# > 1 && SECONDS >= next)); then
                        zpty -w -n shell $2
                        next=$((SECONDS + 5))
                    fi
                done
                print -r -- "never: $1 in $shown"
                exit 1
            }
            zpty shell "TERM=xterm SHELL_LINE"
            zpty -w shell "$(<setup)"
            until_shown ready
            shown=
            zpty -w -n shell $'prewarm claim --owner ada \t\t'
            until_shown 'go-large*go-small' $'\t'
            print found
            """#.replacing("SHELL_LINE", with: shell)
        #expect(try await run("zsh", script, in: sandbox) == "found\n")
    }

    @Test("Each argument that names a preset, a source, a workspace or an operation completes its names")
    func everyName() async throws {
        let sandbox = try await Sandbox()
        let root = try await sandbox.prewarm("--experimental-dump-help").json()
        let names: Set = ["preset", "presets", "source", "workspace", "workspaces", "operation"]
        var count = 0
        func check(_ command: JSON, _ path: String) {
            let path = "\(path) \(command["commandName"]?.string ?? "")"
            for argument in command["arguments"]?.list ?? [] {
                let name = argument["names"]?[0]?["name"]?.string ?? argument["valueName"]?.string ?? ""
                guard names.contains(name) else { continue }
                count += 1
                #expect(
                    argument["completionKind"]?["customAsync"] != nil,
                    "add `completion:` to \(name) of\(path), for example .presets (see NameCompletion)")
            }
            for subcommand in command["subcommands"]?.list ?? [] { check(subcommand, path) }
        }
        check(try #require(root["command"]), "")
        #expect(count >= 14)
    }
}
