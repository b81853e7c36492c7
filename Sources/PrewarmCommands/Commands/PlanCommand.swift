import ArgumentParser
import PrewarmCore
import PrewarmEngine
import PrewarmManifests

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a sync would do now, and why, without doing it.",
        discussion: """
            Offline, a folder of manifests is planned against an exported state at a given time, touching nothing:
              prewarm plan --path presets --observed state.json --at 2026-11-23T08:00:00Z
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        name: .customLong("rev"),
        help: ArgumentHelp("Plan this branch, tag or commit in place of the configured ref.", valueName: "revision"))
    var revision: String?

    @Option(help: ArgumentHelp("Show this preset only.", valueName: "name"))
    var preset: String?

    @Option(help: ArgumentHelp("Plan this source only.", valueName: "name"))
    var source: String?

    @Option(name: .shortAndLong, help: "text, json or yaml.")
    var output = DataFormat.text

    @Flag(help: "Exit with 2 where there are changes, 0 where there are none.")
    var detailedExitcode = false

    @Option(help: ArgumentHelp("Write the plan to this file, for `sync --plan`.", valueName: "file"))
    var out: String?

    @Option(help: ArgumentHelp("Offline: the folder of manifests.", valueName: "dir"))
    var path: String?

    @Option(
        help: ArgumentHelp(
            "Offline: the state that `prewarm export` wrote; without it nothing exists.", valueName: "file"))
    var observed: String?

    @Option(
        help: ArgumentHelp("Offline: the time to plan for, as 2026-11-23T08:00:00Z; without it now.", valueName: "time")
    )
    var at: TimeArgument?

    func validate() throws {
        if path == nil, observed != nil || at != nil {
            throw ValidationError("--observed and --at go with --path DIR")
        }
        if out != nil, path != nil || revision != nil {
            throw ValidationError("--out makes a plan to carry out, so it goes with neither --path nor --rev")
        }
        if path != nil, revision != nil || source != nil {
            throw ValidationError("--rev and --source make no sense with --path: it plans a folder, not a repository")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let hasChanges: Bool
            if let path {
                let configuration = try ConfigurationFile.loadIfPresent(global)
                let report = try OfflinePlan(
                    path: path, observed: observed, at: at?.time ?? .now,
                    policy: configuration?.policy ?? Policy(),
                    folder: Validator.folder(configuration)
                ).report()
                hasChanges = try Self.show(
                    [report], at: at?.time ?? .now, preset: preset, output: output, console: console)
            } else {
                let context = try await Context.open(global)
                hasChanges = try await Self.show(
                    context, sources: try context.sources(named: source), preset: preset, revision: revision,
                    output: output, out: out, console: console)
            }
            if detailedExitcode, hasChanges { throw ExitCode(2) }
        }
    }

    @discardableResult
    static func show(
        _ context: Context, sources: [String], preset: String?, revision: String?, output: DataFormat,
        out: String? = nil,
        console: Console
    ) async throws -> Bool {
        var reports: [TurnReport] = []
        for source in sources { reports.append(try await context.engine.preview(source, revision: revision)) }
        let now = context.engine.now()
        let hasChanges = try show(reports, at: now, preset: preset, output: output, console: console)
        if let out {
            if let preset { for index in reports.indices { reports[index].plan.restrict(to: preset) } }
            try PlanFile.write(reports, at: now, preset: preset, to: out)
            console.step(.success, "wrote the plan to \(out); `prewarm sync --plan \(out)` carries out just that")
        }
        return hasChanges
    }

    /// Prints the plans and says whether they hold changes; throws where a source or a manifest is bad.
    private static func show(
        _ reports: [TurnReport], at time: Timestamp, preset: String?, output: DataFormat, console: Console
    ) throws -> Bool {
        var reports = reports
        if let preset {
            let known = reports.flatMap(\.presets).map(\.key.name)
            guard known.contains(preset) else {
                throw CommandFailure(
                    "there is no preset \"\(preset)\"", hint: CommandFailure.hint(for: preset, among: known))
            }
            for index in reports.indices { reports[index].plan.restrict(to: preset) }
        }
        switch output {
        case .json: console.write(Value(plans: reports, at: time).json)
        case .yaml: console.write(Value(plans: reports, at: time).yaml)
        case .text:
            for report in reports {
                for diagnostic in report.diagnostics { console.note(diagnostic.text(colour: console.coloursErrors)) }
                console.write(PlanText(report: report, colour: console.coloursOutput).text)
            }
            // Of a source that was never read there is nothing to sum up.
            if reports.contains(where: { $0.failure == nil || $0.revision != nil }) {
                console.write(Plan.summary(of: reports.map(\.plan)) + "\n")
            }
        }
        for report in reports {
            if let failure = report.failure {
                let inForce = report.revision.map { "; the plan is from \($0.short), which is in force" } ?? ""
                throw CommandFailure(
                    "the source \(report.source) could not be read: \(failure.message)\(inForce)", hint: failure.hint)
            }
        }
        let errors = reports.flatMap(\.diagnostics).count { $0.severity == .error }
        if errors > 0 {
            throw CommandFailure(
                "\(counted(errors, "error")) in the manifests; the plan keeps the last good version of what they define"
            )
        }
        return reports.contains { report in
            !report.plan.actions.isEmpty || report.plan.held.contains(where: \.hold.needsApproval)
        }
    }
}
