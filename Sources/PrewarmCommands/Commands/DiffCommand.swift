import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what the newest commit changes: fields of presets and templates, and rollouts.",
        discussion: """
            `diff` prints the changes of a plan without its actions. The exit code is 0 if nothing changes, 2 if something \
            changes, and 1 if the command fails.

            Examples:
              prewarm diff
              prewarm diff --rev refs/pull/7/head --preset go-large
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        name: .customLong("rev"),
        help: ArgumentHelp("Compare this branch, tag or commit instead of the configured ref.", valueName: "revision"))
    var revision: String?

    @Option(help: ArgumentHelp("Compare only this preset.", valueName: "name"), completion: .presets)
    var preset: String?

    @Option(
        help: ArgumentHelp("Compare only this source (default: all sources).", valueName: "name"), completion: .sources)
    var source: String?

    @Option(name: .shortAndLong, help: "The output format.")
    var output = DataFormat.text

    func run() async throws {
        try await finish(global) { console in
            let plan = try await PlanCommand.plan(
                global, source: source, preset: preset, revision: revision, console: console)
            let comparison = Self.comparison(of: plan.tree)
            switch output {
            case .json: console.write(TerminalText(document: comparison.json))
            case .yaml: console.write(TerminalText(document: comparison.yaml))
            case .text:
                PlanCommand.noteDiagnostics(of: plan, console)
                let text = PlanText(plan: plan, color: console.colorsOutput)
                console.write(text.changes + (PlanCommand.isWhole(plan) ? "\(text.changeSummary)\n" : ""))
            }
            try PlanCommand.checkErrors(of: plan)
            if !plan.changes.isEmpty { throw ExitStatus.hasChanges.exitCode }
        }
    }

    /// Returns the members of a plan about changes, with the names that they have in the plan.
    private static func comparison(of plan: Value) -> Value {
        let keys: Set<String> = [
            "revision", "revisions", "at", "applied", "changes", "moreChanges", "rollouts", "diagnostics", "failures",
        ]
        return .object(plan.pairs.filter { keys.contains($0.key) })
    }
}
