import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check manifests and the configuration.",
        discussion: "Without a path it checks the configuration and the newest state of the configured sources.")

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, sarif, github
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Files or folders; else the configuration and its sources.")
    var paths: [String] = []

    @Option(name: .shortAndLong, help: "text, json, sarif or github.")
    var output = Format.text

    func validate() throws {
        if global.server != nil { throw ValidationError("validate looks from this machine: it goes without --server") }
    }

    func run() async throws {
        try await finish(global) { console in
            let found = paths.isEmpty ? try await Validator(global).configured() : try Validator(global).check(paths)
            let findings = found.masked
            switch output {
            case .text:
                for diagnostic in findings.diagnostics { console.note(diagnostic.text(colour: console.coloursErrors)) }
                console.step(findings.errors == 0 ? .success : .failure, "\(findings.summary)")
            case .json: console.write(TerminalText(document: findings.value.json))
            case .sarif: console.write(TerminalText(document: findings.sarif.json))
            case .github: console.write(commands: findings.github)
            }
            if findings.errors > 0 { throw ExitCode(1) }
        }
    }
}
