import PrewarmCore
import PrewarmEngine

extension DocumentTable {
    static func claims(now: Timestamp) -> DocumentTable {
        let times = ShownTimes(now: now)
        return DocumentTable(
            columns: [
                Column("ID", text: "id"), Column("PRESET", text: "preset"), Column("OWNER", text: "owner"),
                Column("RESULT") { .init($0.text("result") ?? "-", $0.text("result") == "missed" ? .red : .plain) },
                Column("WAIT") { .init($0.seconds("waitSeconds")) }, Column("WORKSPACE", text: "workspaceName"),
                Column("AGE", age: "askedAt", now: now),
                Column("STATE") { claim in .init(claim.claimState(times)) },
            ], flexible: "OWNER", optional: ["ID", "WAIT", "PRESET"])
    }

    static func report(by grouping: ReportCommand.Grouping) -> DocumentTable {
        let first = grouping == .preset ? Column("PRESET", text: "preset") : Column("OWNER", text: "owner")
        let idle = grouping == .preset ? [Column("IDLE") { .init($0.hours("idleHours")) }] : []
        return DocumentTable(
            columns: [
                first, Column("CLAIMS", text: "claims"), Column("HIT RATE") { .init($0.percent("hitRate")) },
                Column("WAITED", text: "waited"), Column("COLD", text: "cold"), Column("MISSED", text: "missed"),
                Column("P50") { .init($0.seconds("p50Seconds")) }, Column("P95") { .init($0.seconds("p95Seconds")) },
            ] + idle, flexible: first.title)
    }

    static var unclaimedPools: DocumentTable {
        DocumentTable(
            columns: [
                Column("PRESET", text: "preset"), Column("INSTANCES", text: "instances"),
                Column("IDLE") { .init($0.hours("idleHours")) },
            ], flexible: "PRESET")
    }
}

extension Value {
    private func number(of key: String) -> Double? {
        switch self[key] {
        case .double(let value): value
        case .int(let value): Double(value)
        case .number(let text): Double(text)
        default: nil
        }
    }

    /// A number of seconds with one decimal below ten, for example `0.4s` or `75s`.
    fileprivate func seconds(_ key: String) -> String {
        guard let seconds = number(of: key) else { return "-" }
        return seconds < 10 ? "\((seconds * 10).rounded() / 10)s" : "\(Int(min(seconds, 1e9)))s"
    }

    fileprivate func hours(_ key: String) -> String { number(of: key).map { "\($0)h" } ?? "-" }

    fileprivate func percent(_ key: String) -> String {
        number(of: key).map { "\(Int(($0 * 100).rounded()))%" } ?? "-"
    }

    /// The state of a claim: the end of its lease while it is held, otherwise the reason of its end.
    fileprivate func claimState(_ times: ShownTimes) -> String {
        if let reason = text("endReason") { return reason }
        guard text("grantedAt") != nil else { return "-" }
        return self["lease"]?.time("expiresAt").map { "ends \(times.distance(to: $0))" } ?? "held"
    }
}
