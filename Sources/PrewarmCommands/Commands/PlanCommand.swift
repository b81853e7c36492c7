import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmServer

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a sync would do now and why, without doing it.",
        discussion: """
            With --path, prewarm plans a local folder of manifests against an exported state. It reads neither the \
            store nor a repository.

            A plan first says what the commit changes: the fields of each preset and template, how many workspaces the \
            rollouts replace, and how many stay claimable. Then it lists the actions of the next sync. A plan with --path \
            has no changes, because it knows no applied revision.

            Examples:
              prewarm plan --out plan.json
              prewarm plan --rev refs/pull/7/head --output markdown
              prewarm plan --path presets --observed state.json --at 2026-11-23T08:00:00Z
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        name: .customLong("rev"),
        help: ArgumentHelp("Plan this branch, tag or commit instead of the configured ref.", valueName: "revision"))
    var revision: String?

    @Option(help: ArgumentHelp("Show only this preset.", valueName: "name"), completion: .presets)
    var preset: String?

    @Option(
        help: ArgumentHelp("Plan only this source (default: all sources).", valueName: "name"), completion: .sources)
    var source: String?

    @Option(name: .shortAndLong, help: "The output format; markdown is for a comment on a pull request.")
    var output = PlanFormat.text

    @Flag(help: "Exit with code 2 if the plan has actions, or changes that need an approval; otherwise with code 0.")
    var detailedExitcode = false

    @Option(
        help: ArgumentHelp("Write the plan to this file, for `prewarm sync --plan`.", valueName: "file"),
        completion: .file())
    var out: String?

    @Option(help: ArgumentHelp("Plan this folder of manifests offline.", valueName: "dir"), completion: .directory)
    var path: String?

    @Option(
        help: ArgumentHelp(
            "With --path: the state that `prewarm export` wrote (default: no workspaces).", valueName: "file"),
        completion: .file())
    var observed: String?

    @Option(
        help: ArgumentHelp(
            "With --path: the time to plan for, for example 2026-11-23T08:00:00Z (default: now).", valueName: "time"))
    var at: TimeArgument?

    func validate() throws {
        if path == nil, let given = observed.map({ "--observed \($0)" }) ?? at.map({ "--at \($0.time)" }) {
            throw ValidationError("cannot use \(given) without --path DIR: it is for offline plans")
        }
        let revisionOption = revision.map { "--rev \($0)" }
        if let out, let other = path.map({ "--path \($0)" }) ?? revisionOption {
            throw ValidationError(
                "cannot use --out \(out) with \(other): `prewarm sync --plan` carries out plans of the configured ref")
        }
        if let path, let other = revisionOption ?? source.map({ "--source \($0)" }) {
            throw ValidationError("cannot use --path \(path) with \(other): it plans a folder, not a repository")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let plan: PlanDocument
            if path != nil {
                plan = PlanDocument(plans: [try offline()], at: at?.time ?? .now, for: .local)
            } else {
                plan = try await Self.plan(
                    global, source: source, preset: preset, revision: revision, out: out, console: console)
            }
            try Self.show(plan, output: output, console: console)
            if detailedExitcode, Self.hasChanges(plan) { throw ExitStatus.hasChanges.exitCode }
        }
    }

    private func offline() throws -> ReconcileReport {
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

    /// Returns the plan of a daemon if `--server` names one, otherwise that of the local store.
    /// - Parameter out: The file to write the plan to; nil for none.
    static func plan(
        _ global: GlobalOptions, source: String?, preset: String?, revision: String?, out: String? = nil,
        console: Console
    ) async throws -> PlanDocument {
        guard let remote = try RemoteClient(global) else {
            return try await plan(
                try await Context.open(global), source: source, preset: preset, revision: revision, out: out,
                console: console)
        }
        if let out {
            throw CommandFailure(
                "cannot use --out \(out) with --server: it needs the store",
                hint: "run the command on the daemon's machine without --server and PREWARM_SERVER")
        }
        return try await remote.send(
            APIRequest(.get, ["plan"], query: ["source": source, "preset": preset, "revision": revision])
        ).decoded()
    }

    static func plan(
        _ context: Context, source: String?, preset: String?, revision: String?, out: String? = nil, console: Console
    ) async throws -> PlanDocument {
        var reports: [ReconcileReport] = []
        let names = try context.engine.sourceNames(source)
        let copies = await WorkingCopies(of: revision == nil ? names.compactMap { context.engine.sources[$0] } : [])
        for source in names {
            let report = try await context.engine.preview(source, revision: revision)
            reports.append(report)
            let state = report.revision.map { "the commit \($0.short)" } ?? "only commits"
            if let remark = copies.remark("plan", reads: state, of: source) { console.note(remark) }
        }
        if let preset { try reports.restrict(to: preset) }
        let now = context.engine.now()
        if let out {
            try PlanFile.write(reports, at: now, preset: preset, to: out)
            console.step(.success, "wrote the plan to \(out); to carry it out: `prewarm sync --plan \(out)`")
        }
        return PlanDocument(plans: reports, at: now, for: .local)
    }

    /// Prints a plan.
    /// - Throws: ``CommandFailure`` if a source cannot be read or a manifest has an error.
    static func show(_ plan: PlanDocument, output: PlanFormat, console: Console) throws {
        switch output {
        case .json: console.write(TerminalText(document: plan.json))
        case .yaml: console.write(TerminalText(document: plan.yaml))
        case .markdown: console.write(TerminalText(PlanMarkdown(plan: plan).text))
        case .text:
            noteDiagnostics(of: plan, console)
            let text = PlanText(plan: plan, color: console.colorsOutput)
            console.write(text.text + (isWhole(plan) ? "\(text.summary)\n" : ""))
        }
        try checkErrors(of: plan)
    }

    /// Prints the errors and warnings of the manifests to standard error.
    static func noteDiagnostics(of plan: PlanDocument, _ console: Console) {
        for diagnostic in plan.diagnostics {
            console.note(diagnostic.diagnostic.text(color: console.colorsErrors))
        }
    }

    /// Returns false if a source was never read, so that a summary of the plan would be wrong.
    static func isWhole(_ plan: PlanDocument) -> Bool { (plan.failures ?? []).allSatisfy { $0.inForce != nil } }

    /// - Throws: ``CommandFailure`` if a source cannot be read or a manifest has an error.
    static func checkErrors(of plan: PlanDocument) throws {
        if let failure = plan.failures?.first {
            let applied = failure.inForce.map { "; the plan uses the applied revision \($0.shortRevision)" } ?? ""
            throw CommandFailure(
                "cannot read the source \(failure.source): \(failure.message)\(applied)",
                hint: failure.hint,
                code: ExitStatus([GitFailure.Reason(rawValue: failure.reason)].compactMap(\.self)))
        }
        let errors = plan.diagnostics.count { $0.severity == .error }
        if errors > 0 {
            throw CommandFailure(
                "the manifests have \(counted(errors, "error")); the plan uses the last valid version of their presets",
                code: .invalid)
        }
    }

    static func hasChanges(_ plan: PlanDocument) -> Bool {
        !plan.actions.isEmpty || plan.held.contains { $0.needsApproval == true }
    }
}

enum PlanFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, yaml, markdown
}
