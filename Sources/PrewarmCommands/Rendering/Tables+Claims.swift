import PrewarmAPI
import PrewarmCore
import PrewarmEngine

extension DocumentTable<ClaimDocument> {
    static func claims(now: Timestamp) -> DocumentTable {
        let times = ShownTimes(now: now)
        return DocumentTable(
            columns: [
                Column("ID", text: \.id), Column("PRESET", text: \.preset), Column("OWNER", text: \.owner),
                Column("RESULT") { .init($0.result.text, $0.result == .missed ? .red : .plain) },
                Column("WAIT", text: { $0.waitSeconds?.secondsText }), Column("WORKSPACE", text: \.workspaceName),
                Column("AGE", age: \.askedAt, now: now),
                Column("STATE") { claim in .init(claim.stateText(times)) },
            ], flexible: "OWNER", optional: ["ID", "WAIT", "PRESET"])
    }
}

extension DocumentTable<ClaimReportRow> {
    static func report(by grouping: ReportCommand.Grouping) -> DocumentTable {
        let first = grouping == .preset ? Column("PRESET", text: \.preset) : Column("OWNER", text: \.owner)
        let idle = grouping == .preset ? [Column("IDLE", text: { $0.idleHours.map { "\($0)h" } })] : []
        return DocumentTable(
            columns: [
                first, Column("CLAIMS", number: \.claims),
                Column("HIT RATE", text: { $0.hitRate.map { "\(Int(($0 * 100).rounded()))%" } }),
                Column("WAITED", number: \.waited), Column("COLD", number: \.cold), Column("MISSED", number: \.missed),
                Column("P50", text: { $0.p50Seconds?.secondsText }),
                Column("P95", text: { $0.p95Seconds?.secondsText }),
            ] + idle, flexible: first.title)
    }
}

extension DocumentTable<UnclaimedPool> {
    static var unclaimedPools: DocumentTable {
        DocumentTable(
            columns: [
                Column("PRESET", text: \.preset), Column("INSTANCES", number: \.instances),
                Column("IDLE", text: { $0.idleHours.map { "\($0)h" } }),
            ], flexible: "PRESET")
    }
}

extension Double {
    /// A number of seconds with one decimal below ten, for example `0.4s` or `75s`.
    fileprivate var secondsText: String {
        self < 10 ? "\((self * 10).rounded() / 10)s" : "\(Int(Swift.min(self, 1e9)))s"
    }
}

extension ClaimDocument {
    /// The state of a claim: the end of its lease while it is held, otherwise the reason of its end.
    fileprivate func stateText(_ times: ShownTimes) -> String {
        if let endReason { return endReason.text }
        guard grantedAt != nil else { return "-" }
        return lease.map { "ends \(times.distance(to: $0.expiresAt))" } ?? "held"
    }
}
