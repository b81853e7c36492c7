import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show how often and how fast users got a workspace, and which pools wait unused.",
        discussion: """
            HIT RATE is the share of claims that got a ready workspace at once. P50 and P95 are the times until a workspace \
            was usable. IDLE is the time that ready workspaces waited for a claim; workspaces that were deleted more than \
            14 days ago do not count.

            Examples:
              prewarm report
              prewarm report --since 7d --by owner
              prewarm report --output json
            """)

    enum Grouping: String, ExpressibleByArgument, CaseIterable {
        case preset, owner
    }

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, yaml
    }

    @OptionGroup var global: GlobalOptions

    @Option(
        help: ArgumentHelp(
            "The beginning of the period: a duration such as 7d, or a time such as 2026-11-24T18:00:00Z (default: 30d).",
            valueName: "time"),
        transform: PastMoment.init(argument:))
    var since: PastMoment?

    @Option(help: "The rows of the report: preset or owner (default: preset).")
    var by = Grouping.preset

    @Option(name: .shortAndLong, help: "The output format.")
    var output = Format.table

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            let start = since?.time(before: await session.now()).description
            let report: ClaimReportDocument = try await session.get(
                "report", query: ["since": start, "by": by.rawValue])
            switch output {
            case .json: console.write(TerminalText(document: report.json))
            case .yaml: console.write(TerminalText(document: report.yaml))
            case .table: console.write(text(of: report, console))
            }
        }
    }

    private func text(of report: ClaimReportDocument, _ console: Console) -> TerminalText {
        var text: TerminalText = ""
        let rows = report.rows
        if rows.isEmpty {
            text += "There are no claims in this period.\n"
        } else {
            text += DocumentTable<ClaimReportRow>.report(by: by).text(rows, console)
        }
        let unclaimed = report.unclaimed
        guard !unclaimed.isEmpty else { return text }
        text += "\nPools without a claim:\n"
        return text + DocumentTable<UnclaimedPool>.unclaimedPools.text(unclaimed, console)
    }
}

/// A point in the past, which a user gives as a time or as a duration before now.
enum PastMoment {
    case at(Timestamp)
    case before(Duration)

    /// - Throws: `ValidationError` with the form of a time.
    init(argument: String) throws {
        switch try Moment(argument: argument) {
        case .at(let time): self = .at(time)
        case .after(let duration): self = .before(duration)
        }
    }

    func time(before now: Timestamp) -> Timestamp {
        switch self {
        case .at(let time): time
        case .before(let duration): now - duration
        }
    }
}
