import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The screen of `prewarm top`: the sums over all pools, and a table of pools.
struct PoolScreen {
    let status: StatusDocument
    let console: Console

    func content(search: String) -> LiveView.Content {
        let width = console.outputWidth ?? 80
        let presets = status.presets.filter { search.isEmpty || Self.matches($0, search.lowercased()) }
        let sorted = presets.filter { !Self.isHealthy($0) } + presets.filter(Self.isHealthy)
        let table = DocumentTable.pools(now: status.at).text(sorted, console).lines(width: width)
        let left = (status.morePresets ?? 0)
        var content = LiveView.Content(head: sums.lines(width: width) + [""] + table.prefix(1))
        content.body = sorted.isEmpty ? [emptyText(search)] : Array(table.dropFirst())
        if left > 0 { content.body.append("and \(counted(left, "more pool")): `prewarm get presets`") }
        return content
    }

    /// The sums over all pools, for example `12 pools   40 of 44 ready   3 starting   9 claimed   2 pools need attention`.
    private var sums: TerminalText {
        let (totals, color) = (status.totals, console.colorsOutput)
        let attention = totals.attention
        let (need, style): (TerminalText, Style) =
            attention > 0
            ? ("\(counted(attention, "pool needs", plural: "pools need")) attention", .yellow)
            : ("all pools are healthy", .green)
        var parts: [TerminalText] = [
            Style.bold.apply(to: "\(counted(totals.pools, "pool"))", color: color),
            "\(totals.ready) of \(totals.desired) ready", "\(totals.starting) starting",
            "\(totals.claimed) claimed",
        ]
        if let waiting = totals.waiting { parts.append("\(counted(waiting, "claim")) waiting") }
        parts.append(style.apply(to: need, color: color))
        let failing = status.sources.count { !$0.isReady }
        if failing > 0 {
            let text: TerminalText = "\(counted(failing, "source is", plural: "sources are")) not ready"
            parts.append(Style.red.apply(to: text, color: color))
        }
        return parts.joined(separator: "   ")
    }

    private func emptyText(_ search: String) -> TerminalText {
        if search.isEmpty { return "There are no pools yet." }
        guard (status.morePresets ?? 0) > 0 else { return "No pool matches the search." }
        return "No pool among the first \(status.presets.count) matches the search."
    }

    /// Returns true if the name, the source, the template or a label contains a text in lower case.
    private static func matches(_ preset: PresetDocument, _ search: String) -> Bool {
        let labels = preset.labels?.pairs.map { "\($0.key)=\($0.value)" } ?? []
        let name = "\(preset.source)/\(preset.name)"
        return ([name, preset.template] + labels).contains { $0.lowercased().contains(search) }
    }

    private static func isHealthy(_ preset: PresetDocument) -> Bool {
        let bad: [Condition.Kind] = [
            .stalled, .invalid, .backingOff, .handoverFailing, .provisionerUnavailable, .claimUnhealthy, .deletionsHeld,
        ]
        return !bad.contains { preset.conditions[$0] != nil }
    }
}

extension DocumentTable<PresetDocument> {
    /// The table of pools on a live screen. The first column is not cut before the message is.
    static func pools(now: Timestamp) -> DocumentTable {
        let standard = presets(now: now, isWide: false)
        let squares = Column("WORKSPACES") { .init(PoolSquares($0, most: 12).text) }
        let hits = Column("HITS", text: { $0.recentClaims.map { "\($0.hitRate.wholePercent)%" } })
        let named = ["NAME", "READY", "STARTING", "CLAIMED", "WAITING"].compactMap { title in
            standard.columns.first { $0.title == title }
        }
        let rest = ["STATUS", "MESSAGE"].compactMap { title in standard.columns.first { $0.title == title } }
        return DocumentTable(
            columns: Array(named.prefix(1)) + [squares] + Array(named.dropFirst()) + [hits] + rest, flexible: "MESSAGE",
            optional: ["STARTING", "HITS", "WORKSPACES", "CLAIMED"])
    }
}

extension PoolSquares {
    /// The squares as text: full for ready, half for starting, open for missing.
    fileprivate var text: String {
        String(repeating: "■", count: full) + String(repeating: "◧", count: half) + String(repeating: "□", count: open)
    }
}
