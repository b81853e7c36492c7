import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check manifests and the configuration for errors.",
        discussion: """
            Without a path, prewarm checks the configuration and the newest commit of each source. In a working copy of \
            a source with changes that are not committed, it checks the files instead. If there is an error, the exit \
            code is 1.

            Examples:
              prewarm validate
              prewarm validate presets prewarm.yaml
              prewarm validate presets --output github
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, sarif, github, junit
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Files or folders to check (default: the configuration and its sources).", completion: .file())
    var paths: [String] = []

    @Option(
        name: .shortAndLong,
        help: "The output format; github is for annotations in GitHub Actions, junit for test reports.")
    var output = Format.text

    func validate() throws {
        try global.refuseServer("`prewarm validate` checks from this machine")
    }

    func run() async throws {
        try await finish(global) { console in
            let validator = Validator(global)
            let found = paths.isEmpty ? try await validator.configured() : try validator.check(paths)
            let findings = found.masked
            switch output {
            case .text:
                for state in findings.states { console.note(state) }
                for diagnostic in findings.diagnostics { console.note(diagnostic.text(color: console.colorsErrors)) }
                console.step(findings.errors == 0 ? .success : .failure, "\(findings.summary)")
            case .json: console.write(TerminalText(document: findings.document.json))
            case .sarif: console.write(TerminalText(document: findings.sarif.json))
            case .github: console.write(commands: findings.github)
            case .junit: console.write(TerminalText(findings.junit))
            }
            if findings.errors > 0 { throw ExitStatus.invalid.exitCode }
        }
    }
}
