import ArgumentParser
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmServer

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

    @Option(name: .shortAndLong, help: "text, json, yaml, or markdown for a comment on a pull request.")
    var output = PlanFormat.text

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
            let plan: Value
            if path != nil {
                plan = Value(plans: [try offline()], at: at?.time ?? .now, for: .local)
            } else if let remote = try RemoteClient(global) {
                if out != nil { throw CommandFailure("--out needs the store: it goes without --server") }
                plan = try await remote.send(
                    APIRequest(.get, ["plan"], query: ["source": source, "preset": preset, "revision": revision])
                ).value
            } else {
                plan = try await Self.plan(
                    try await Context.open(global), source: source, preset: preset, revision: revision, out: out,
                    console: console)
            }
            try Self.show(plan, output: output, console: console)
            if detailedExitcode, Self.hasChanges(plan) { throw ExitCode(2) }
        }
    }

    private func offline() throws -> TurnReport {
        let configuration = try ConfigurationFile.loadIfPresent(global)
        var reports = [
            try OfflinePlan(
                path: path ?? ".", observed: observed, at: at?.time ?? .now, policy: configuration?.policy ?? Policy(),
                folder: Validator.folder(configuration)
            ).report()
        ]
        if let preset { try reports.restrict(to: preset) }
        return reports[0]
    }

    static func plan(
        _ context: Context, source: String?, preset: String?, revision: String?, out: String? = nil, console: Console
    ) async throws -> Value {
        var reports: [TurnReport] = []
        for source in try context.engine.sourceNames(source) {
            reports.append(try await context.engine.preview(source, revision: revision))
        }
        if let preset { try reports.restrict(to: preset) }
        let now = context.engine.now()
        if let out {
            try PlanFile.write(reports, at: now, preset: preset, to: out)
            console.step(.success, "wrote the plan to \(out); `prewarm sync --plan \(out)` carries out just that")
        }
        return Value(plans: reports, at: now, for: .local)
    }

    /// Prints a plan; throws where a source or a manifest is bad.
    static func show(_ plan: Value, output: PlanFormat, console: Console) throws {
        switch output {
        case .json: console.write(TerminalText(document: plan.json))
        case .yaml: console.write(TerminalText(document: plan.yaml))
        case .markdown: console.write(TerminalText(PlanMarkdown(plan: plan).text))
        case .text:
            for diagnostic in plan.list("diagnostics") {
                console.note(diagnostic.diagnosticText(colour: console.coloursErrors))
            }
            let text = PlanText(plan: plan, colour: console.coloursOutput)
            // Of a source that was never read there is nothing to sum up.
            let isKnown = plan.list("failures").allSatisfy { $0.text("inForce") != nil }
            console.write(text.text + (isKnown ? "\(text.summary)\n" : ""))
        }
        if let failure = plan.list("failures").first {
            let inForce = failure.shortRevision("inForce").map { "; the plan is from \($0), which is in force" } ?? ""
            throw CommandFailure(
                "the source \(failure.text("source") ?? "") could not be read: \(failure.text("message") ?? "")\(inForce)",
                hint: failure.text("hint"))
        }
        let errors = plan.list("diagnostics").count { $0.text("severity") == "error" }
        if errors > 0 {
            throw CommandFailure(
                "\(counted(errors, "error")) in the manifests; the plan keeps the last good version of what they define"
            )
        }
    }

    static func hasChanges(_ plan: Value) -> Bool {
        !plan.list("actions").isEmpty || plan.list("held").contains { $0["needsApproval"]?.bool == true }
    }
}

enum PlanFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, yaml, markdown
}
