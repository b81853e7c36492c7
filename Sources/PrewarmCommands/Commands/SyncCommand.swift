import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Fetch the sources, and create and delete workspaces to match them.",
        discussion: """
            The command ends when no operation is due. With --wait it continues until all pools have converged or the \
            timeout is reached. If a manifest has an error, a repository cannot be read, an operation fails or a pool \
            does not converge in time, the exit code is 1.

            Examples:
              prewarm sync --wait --timeout 15m
              prewarm sync --preset go-large --dry-run
              prewarm sync --server https://prewarm.example.org --wait --rev 5394cb7f
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Wait until all pools have converged on their presets.")
    var wait = false

    @Option(
        help: ArgumentHelp(
            "The longest time to wait, for example 90s or 15m; implies --wait (default: 30m).", valueName: "duration"),
        transform: DurationArgument.init(argument:))
    var timeout: DurationArgument?

    @Option(
        help: ArgumentHelp("Act only on this preset (default: all presets).", valueName: "name"), completion: .presets)
    var preset: String?

    @Option(
        help: ArgumentHelp("Act only on this source (default: all sources).", valueName: "name"), completion: .sources)
    var source: String?

    @Option(
        name: .customLong("rev"),
        help: ArgumentHelp(
            """
            Apply this branch, tag or commit instead of the configured ref. With --server, it has to be a commit, and \
            --wait waits until this commit or a later one is applied. To make a daemon apply an earlier commit, use \
            `prewarm pin`.
            """, valueName: "revision"))
    var revision: String?

    @Option(
        help: ArgumentHelp(
            "Carry out only this plan of `prewarm plan --out`. prewarm refuses it if the plan would be different now.",
            valueName: "file"), completion: .file())
    var plan: String?

    @Flag(help: "First let the provisioners list all workspaces, even if they did so recently.")
    var refresh = false

    @Flag(help: "Show the plan and do nothing.")
    var dryRun = false

    func validate() throws {
        guard let plan else { return }
        let others = [
            wait ? "--wait" : nil, timeout != nil ? "--timeout" : nil, refresh ? "--refresh" : nil,
            dryRun ? "--dry-run" : nil, preset.map { "--preset \($0)" }, source.map { "--source \($0)" },
            revision.map { "--rev \($0)" },
        ].compactMap(\.self)
        if let other = others.first {
            throw ValidationError("cannot use --plan \(plan) with \(other): prewarm carries out only the plan")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            if let remote = try RemoteClient(global) { return try await ask(remote, console) }
            let context = try await Context.open(global)
            let file = try plan.map { try PlanFile(path: $0) }
            let sources =
                try file.map { file in
                    try file.digests.keys.sorted().flatMap { try context.engine.sourceNames($0) }
                } ?? context.engine.sourceNames(source)
            if dryRun {
                let plan = try await PlanCommand.plan(
                    context, source: source, preset: preset, revision: revision, console: console)
                return try PlanCommand.show(plan, output: .text, console: console)
            }
            let deadline = waits ? context.engine.clock.instant() + limit : nil
            let display = ProgressDisplay(console, drawsLive: waits)
            let synchronizer = Synchronizer(
                context.engine, sources: sources, revision: revision, preset: file?.preset ?? preset,
                waitsUntil: deadline, refreshes: refresh, expected: file?.digests
            ) { display.show($0) }
            let ticker = Task { await display.tick() }
            defer {
                ticker.cancel()
                display.end()
            }
            let report = try await synchronizer.run()
            display.end()
            if let hold = try await context.store.read({ try $0.identity().hold }) {
                console.warning("\(hold.sentence)", hint: "\(hold.hint)")
            }
            try conclude(report, preset: file?.preset ?? preset, deadline: deadline, console: console)
            if report.last.isEmpty { try await tellHeld(sources, context, console) }
        }
    }

    /// Warns of deletions that were held before, after a sync that found nothing changed.
    private func tellHeld(_ sources: [String], _ context: Context, _ console: Console) async throws {
        let held = try await context.engine.store.read { store in
            try sources.compactMap { name in
                let names = try store.guardRecord(ofSource: name).held
                return try names.isEmpty ? nil : (count: names.count, revision: store.source(name)?.applied)
            }
        }
        for (count, revision) in held {
            console.warning(
                "deletions of \(counted(count, "preset")) are held and need an approval",
                hint: revision.map { TerminalText(Self.approval($0)) })
        }
    }

    /// Requests a sync from a daemon. With --wait, the result of the request is the result of the command.
    private func ask(_ daemon: RemoteClient, _ console: Console) async throws {
        if let option = plan.map({ "--plan \($0)" }) ?? (refresh ? "--refresh" : nil) {
            throw CommandFailure(
                "cannot use \(option) with --server: it needs the store",
                hint: "run the command on the daemon's machine without --server and PREWARM_SERVER")
        }
        if dryRun {
            let query = ["source": source, "preset": preset, "revision": revision]
            return try PlanCommand.show(
                try await daemon.send(APIRequest(.get, ["plan"], query: query)).decoded(), output: .text,
                console: console)
        }
        let body = Value.object(known: [
            "source": source.map { .string($0) }, "preset": preset.map { .string($0) },
            "revision": revision.map { .string($0) },
        ])
        var answer: SyncRequestDocument = try await daemon.send(APIRequest(.post, ["sync"], body: body)).decoded()
        guard waits else {
            return console.step(.action, "requested a sync from the daemon, request \(answer.request)")
        }
        let deadline = ContinuousClock.now + limit
        var told = ""
        while answer.state == .queued || answer.state == .running {
            guard .now < deadline else {
                Self.tellUnfinished(answer, console)
                throw CommandFailure(
                    "the sync did not finish within \(limit.prewarmText): \(answer.message)",
                    hint: "run `prewarm status` later; the daemon continues the sync", code: .notConverged)
            }
            if answer.message != told {
                console.step(.waiting, "\(ShownTimes(now: .now).sentence(answer.message))")
                told = answer.message
            }
            let request = APIRequest(.get, ["requests", answer.request], query: ["wait": "5s"])
            answer = try await daemon.send(request).decoded()
        }
        for diagnostic in answer.diagnostics {
            console.note(diagnostic.diagnostic.text(color: console.colorsErrors))
        }
        guard answer.state == .converged || answer.state == .superseded else {
            Self.tellUnfinished(answer, console)
            throw CommandFailure(answer.message, hint: answer.hint, code: Self.code(of: answer))
        }
        console.step(.success, "\(answer.message)")
    }

    /// Returns the exit code for the final state of a request.
    private static func code(of answer: SyncRequestDocument) -> ExitStatus {
        switch answer.state.known {
        case .held: .approvalNeeded
        case .stalled: .notConverged
        default: answer.diagnostics.contains { $0.severity == .error } ? .invalid : .failure
        }
    }

    private static func tellUnfinished(_ answer: SyncRequestDocument, _ console: Console) {
        let (shown, times) = (answer.unfinished, ShownTimes(now: .now))
        for unfinished in shown {
            console.step(.failure, "\(times.sentence(unfinished.message))")
        }
        let more = answer.unfinishedTotal.bounded - shown.count
        if more > 0 { console.step(.failure, "and \(counted(more, "more pool")): see `prewarm status`") }
    }

    private var waits: Bool { wait || timeout != nil }

    /// The longest time to wait.
    private var limit: Duration { timeout?.duration ?? .seconds(1800) }

    /// Prints the result of a sync without a daemon.
    /// - Throws: ``CommandFailure`` if an operation failed, a source or manifest has an error, or a pool did not converge.
    private func conclude(
        _ report: Synchronizer.Report, preset: String?, deadline: Instant?, console: Console
    ) throws {
        let times = ShownTimes(now: .now)
        for name in report.unknownProvisioners.sorted() {
            console.warning(
                "operations wait for the provisioner \"\(name)\", which is not in the configuration",
                hint: "add \"\(name)\" to `provisioners` until its workspaces are deleted")
        }
        if waits {
            for unfinished in report.unfinished {
                console.step(.failure, "\(times.sentence(unfinished.sentence(for: .local)))")
            }
        }
        if let first = report.failed.first {
            let groups = FailureGroup.of(report.failed)
            let count = groups.reduce(0) { $0 + $1.count }
            let causes = groups.prefix(5).map(\.text).joined(separator: "; ")
            throw CommandFailure(
                "\(counted(count, "operation")) failed: \(causes)"
                    + (groups.count > 5 ? "; and \(groups.count - 5) more causes" : ""),
                hint: "read the log: `prewarm logs \(first.id)`")
        }
        if let first = report.notStarted.first {
            throw CommandFailure(
                "\(counted(report.notStarted.count, "operation")) did not start: \((first.error ?? "").printable)",
                hint: "the next `prewarm sync` tries again")
        }
        let held = report.last.reduce(0) { $0 + $1.waitingForApproval(of: preset).count }
        if waits, held > 0 {
            throw CommandFailure(
                Self.sentence(held: held), hint: Self.approval(report, preset: preset), code: .approvalNeeded)
        }
        if waits, !report.unfinished.isEmpty {
            // A pool that is stalled or held ends the sync before the deadline.
            let within = deadline.map { $0 <= SystemClock().instant() } == true ? " within \(limit.prewarmText)" : ""
            throw CommandFailure(
                "\(counted(report.unfinished.count, "pool")) did not converge\(within)",
                hint: "find the cause: `prewarm describe preset \(report.unfinished[0].pool.preset.name)`",
                code: .notConverged)
        }
        // The cause was printed when the reconciliation failed.
        let unread = report.reconciliations.filter { $0.failure != nil }
        if !unread.isEmpty { throw Self.failure(of: unread) }
        let errors = report.reconciliations.flatMap(\.diagnostics).count { $0.severity == .error }
        if errors > 0 {
            if waits, !report.last.isEmpty {
                console.step(.success, "\(Self.summary(of: report.last, preset: preset))")
            }
            throw CommandFailure(
                "the manifests have \(counted(errors, "error")); prewarm keeps the last valid version of their presets",
                code: .invalid)
        }
        for reconciliation in report.reconciliations where reconciliation.isQuiet && report.succeeded == 0 {
            console.step(
                .success,
                "\(reconciliation.source): nothing changed since \(reconciliation.revision?.short ?? "the last sync")")
        }
        guard !report.last.isEmpty else { return }
        if held > 0 {
            console.warning(
                "\(Self.sentence(held: held))", hint: Self.approval(report, preset: preset).map { TerminalText($0) })
        }
        console.step(.success, "\(Self.summary(of: report.last, preset: preset))")
    }

    /// Returns the error for sources whose newest revision was not applied. Their warnings have the details.
    private static func failure(of unread: [ReconcileReport]) -> CommandFailure {
        let names = "the source\(unread.count == 1 ? "" : "s") \(unread.map(\.source).joined(separator: ", "))"
        let isRefused = unread.allSatisfy { reconciliation in
            switch reconciliation.failure?.reason {
            case .verificationFailed, .historyRewritten, .tooLarge, .pathNotFound, .empty: true
            default: false
            }
        }
        return isRefused
            ? CommandFailure("cannot apply the newest revision of \(names)", hint: unread[0].failure?.hint)
            : CommandFailure(
                "cannot read \(names)", hint: "check the configuration and the connection: `prewarm doctor`",
                code: ExitStatus(unread.compactMap(\.failure?.reason)))
    }

    private static func summary(of reports: [ReconcileReport], preset: String?) -> String {
        let pools = reports.flatMap(\.plan.pools).filter { preset == nil || $0.preset.name == preset }
        let totals = PoolTotals(pools)
        // If the named preset is not among the planned pools, its pool is settled.
        if preset != nil { return totals.pools > 0 ? totals.sentence : "\(counted(1, "pool")) unchanged" }
        let rest = reports.compactMap(\.rest)
        let (others, unfinished) = rest.reduce((0, 0)) { ($0.0 + $1.count, $0.1 + $1.unfinished) }
        guard others > 0 else { return totals.sentence }
        let but = unfinished > 0 ? ", but \(unfinished) \(unfinished == 1 ? "has" : "have") not converged" : ""
        let asBefore = "\(counted(others, totals.pools == 0 ? "pool" : "other pool")) unchanged\(but)"
        return totals.pools == 0 ? asBefore : "\(totals.sentence); \(asBefore)"
    }

    private static func sentence(held: Int) -> String {
        held == 1 ? "1 deletion is held and needs an approval" : "\(held) deletions are held and need an approval"
    }

    /// Returns a hint with the command that allows the held deletions; nil if nothing is held.
    private static func approval(_ report: Synchronizer.Report, preset: String?) -> String? {
        report.last.first { !$0.waitingForApproval(of: preset).isEmpty }?.revision.map { approval($0) }
    }

    private static func approval(_ revision: Revision) -> String {
        "review them with `prewarm plan`. To allow them: `prewarm approve \(revision.commit.prefix(8))`"
    }
}
