import ArgumentParser
import PrewarmCore
import PrewarmEngine
import PrewarmServer

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Pull the sources, make the pools match, run the operations.",
        discussion: """
            Ends when nothing is left to do now. With --wait it goes on until every pool is as its preset says, or \
            until the timeout. Exit code 1 where a manifest is bad, a repository can't be read, an operation fails \
            or a pool does not converge in time.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Wait until every pool is as its preset says.")
    var wait = false

    @Option(
        help: ArgumentHelp(
            "How long to wait at most, as 90s or 15m; 30m unless it is said; implies --wait.", valueName: "duration"))
    var timeout: DurationArgument?

    @Option(help: ArgumentHelp("Act on this preset only.", valueName: "name"))
    var preset: String?

    @Option(help: ArgumentHelp("Act on this source only.", valueName: "name"))
    var source: String?

    @Option(
        name: .customLong("rev"),
        help: ArgumentHelp(
            """
            Apply this branch, tag or commit in place of the configured ref. With --server: a commit; wait until it, or a \
            later one, is applied. A daemon goes back to an earlier one by `prewarm pin`.
            """, valueName: "revision"))
    var revision: String?

    @Option(
        help: ArgumentHelp(
            "Carry out just this plan of `plan --out`; refused if something else would be done now.",
            valueName: "file"))
    var plan: String?

    @Flag(help: "Ask the provisioners first what really exists, even if that was done lately.")
    var refresh = false

    @Flag(help: "Show what would be done, and do nothing.")
    var dryRun = false

    func validate() throws {
        guard plan != nil else { return }
        if waits || refresh || dryRun || preset != nil || source != nil || revision != nil {
            throw ValidationError("--plan carries out just that plan: it goes with no other option of sync")
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
            let deadline = waits ? ContinuousClock.now + (timeout?.duration ?? .seconds(1800)) : nil
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
                console.warning("\(hold.sentence)", hint: "\(StoreHold.hint)")
            }
            try conclude(report, console: console)
            if report.last.isEmpty { try await tellHeld(sources, context, console) }
        }
    }

    /// What an earlier revision left to be approved, where there was nothing else to look at.
    private func tellHeld(_ sources: [String], _ context: Context, _ console: Console) async throws {
        let held = try await context.engine.store.read { store in
            try sources.compactMap { name in
                let names = try store.guardRecord(ofSource: name).held
                return try names.isEmpty ? nil : (count: names.count, revision: store.source(name)?.applied)
            }
        }
        for (count, revision) in held {
            console.warning(
                "deletions of \(counted(count, "preset")) wait for an approval",
                hint: revision.map { TerminalText(Self.approval($0)) })
        }
    }

    /// Triggers a daemon; with --wait its answer is the command's.
    private func ask(_ daemon: RemoteClient, _ console: Console) async throws {
        if plan != nil || refresh {
            throw CommandFailure("--plan and --refresh need the store: they go without --server")
        }
        if dryRun {
            let query = ["source": source, "preset": preset, "revision": revision]
            return try PlanCommand.show(
                try await daemon.send(APIRequest(.get, ["plan"], query: query)).value, output: .text, console: console)
        }
        let body = Value.object(known: [
            "source": source.map { .string($0) }, "preset": preset.map { .string($0) },
            "revision": revision.map { .string($0) },
        ])
        var answer = try await daemon.send(APIRequest(.post, ["sync"], body: body)).value
        guard waits, let id = answer.text("request") else {
            return console.step(.action, "asked the daemon to pull, request \(answer.text("request") ?? "?")")
        }
        let deadline = ContinuousClock.now + (timeout?.duration ?? .seconds(1800))
        var told = ""
        while ["queued", "running"].contains(answer.text("state")) {
            guard .now < deadline else {
                Self.tellUnfinished(answer, console)
                throw CommandFailure(
                    "not done in time: \(answer.text("message") ?? "")",
                    hint: "the daemon goes on; see `prewarm status`")
            }
            if let message = answer.text("message"), message != told {
                console.step(.waiting, "\(message)")
                told = message
            }
            answer = try await daemon.send(APIRequest(.get, ["requests", id], query: ["wait": "5s"])).value
        }
        for diagnostic in answer.list("diagnostics") {
            console.note(diagnostic.diagnosticText(colour: console.coloursErrors))
        }
        guard ["converged", "superseded"].contains(answer.text("state")) else {
            Self.tellUnfinished(answer, console)
            throw CommandFailure(answer.text("message") ?? "the sync failed", hint: answer.text("hint"))
        }
        console.step(.success, "\(answer.text("message") ?? "done")")
    }

    private static func tellUnfinished(_ answer: Value, _ console: Console) {
        for unfinished in answer.list("unfinished") { console.step(.failure, "\(unfinished.text("message") ?? "")") }
    }

    private var waits: Bool { wait || timeout != nil }

    private func conclude(_ report: Synchronizer.Report, console: Console) throws {
        for name in report.unknownProvisioners.sorted() {
            console.warning(
                "operations wait for the provisioner \"\(name)\", which the configuration does not name",
                hint: "name it under `provisioners:` until what it made is deleted")
        }
        if waits {
            for unfinished in report.unfinished { console.step(.failure, "\(unfinished.sentence(for: .local))") }
        }
        if let first = report.failed.first {
            // A delete that fails is tried again, and told each time.
            let count = Set(report.failed.map(\.id)).count
            throw CommandFailure(
                "\(counted(count, "operation")) failed: \((first.error ?? "").printable)",
                hint: "see `prewarm logs \(first.id)`")
        }
        let held = report.last.flatMap(\.plan.held).count(where: \.hold.needsApproval)
        if waits, held > 0 {
            throw CommandFailure("\(counted(held, "deletion")) held", hint: Self.approval(report))
        }
        if waits, !report.unfinished.isEmpty {
            throw CommandFailure(
                "\(counted(report.unfinished.count, "pool")) did not become as wanted",
                hint: "`prewarm describe preset \(report.unfinished[0].pool.preset.name)` says why")
        }
        // Why, is said above.
        let unread = report.turns.filter { $0.failure != nil }.map(\.source)
        guard unread.isEmpty else { throw CommandFailure("could not be read: \(unread.joined(separator: ", "))") }
        let errors = report.turns.flatMap(\.diagnostics).count { $0.severity == .error }
        if errors > 0 {
            throw CommandFailure(
                "\(counted(errors, "error")) in the manifests; the last good version of what they define stays in force"
            )
        }
        guard !report.last.isEmpty else { return }
        if held > 0 {
            console.warning(
                "\(counted(held, "deletion")) \(held == 1 ? "waits" : "wait") for an approval",
                hint: Self.approval(report).map { TerminalText($0) })
        }
        console.step(.success, "\(Self.summary(of: report.last))")
    }

    private static func summary(of reports: [TurnReport]) -> String {
        let totals = PoolTotals(reports.flatMap(\.plan.pools))
        let rest = reports.compactMap(\.rest)
        let (others, unfinished) = rest.reduce((0, 0)) { ($0.0 + $1.count, $0.1 + $1.unfinished) }
        guard others > 0 else { return totals.sentence }
        let but = unfinished > 0 ? ", of which \(unfinished) \(unfinished == 1 ? "is" : "are") not as wanted" : ""
        let asBefore = "\(counted(others, totals.pools == 0 ? "pool" : "other pool")) as before\(but)"
        return totals.pools == 0 ? asBefore : "\(totals.sentence); \(asBefore)"
    }

    /// The command that lets go on what is held.
    private static func approval(_ report: Synchronizer.Report) -> String? {
        let held = report.last.filter { $0.plan.held.contains(where: \.hold.needsApproval) }
        return held.first?.revision.map { approval($0) }
    }

    private static func approval(_ revision: Revision) -> String {
        "see `prewarm plan`; `prewarm approve \(revision.commit.prefix(8))` lets them go on"
    }
}
