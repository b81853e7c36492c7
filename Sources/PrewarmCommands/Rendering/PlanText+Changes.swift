import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The changes of a plan for people: the fields of each definition that changes, and what its rollout replaces.
extension PlanText {
    /// The most groups of definitions, and the most fields of one, that are shown.
    private static let groupLimit = 30
    private static let fieldLimit = 20

    /// The changes of all sources, without any action.
    var changes: TerminalText {
        sources.map { source in
            let lines = changeLines(of: source)
            return lines.isEmpty ? "" : ([title(of: source)] + lines).map { "\($0)\n" }.joined()
        }.joined()
    }

    /// One sentence about all changes, for example `2 definitions change. Rollouts replace 12 workspaces.`
    var changeSummary: TerminalText {
        let count = plan.changes.count + plan.moreChanges.bounded
        guard count > 0 else { return "No definition changes.\(rolloutSummary)" }
        return "\(counted(count, "definition")) \(count == 1 ? "changes" : "change").\(rolloutSummary)"
    }

    /// The sentences about all rollouts: those that run, and those that wait for an approval; empty if nothing is replaced.
    var rolloutSummary: TerminalText {
        let (running, held) = (Int?(plan.summary.replace).bounded, Int?(plan.summary.replaceHeld).bounded)
        return (running > 0 ? " Rollouts replace \(counted(running, "workspace"))." : "")
            + (held > 0 ? " After an approval, rollouts replace \(counted(held, "workspace"))." : "")
    }

    /// Returns the line with a source and its revision.
    func title(of source: String) -> TerminalText {
        let name = Style.bold.apply(to: "\(source)", color: color)
        let revision = (plan.revisions?[source] ?? plan.revision)?.shortRevision
        return revision.map { "\(name) at \($0)" } ?? name
    }

    /// Returns the changes of a source with a heading; empty if there are none.
    func changeLines(of source: String) -> [TerminalText] {
        let groups = ChangeGroup.of(plan, source: source)
        guard !groups.isEmpty else { return [] }
        var lines: [TerminalText] = []
        let changes = groups.filter { $0.kind != nil }
        if !changes.isEmpty, changes.allSatisfy(\.isHeld) {
            lines.append("  changes that wait for an approval:")
        } else if !changes.isEmpty {
            let since = plan.applied[source].map { " since \($0.shortRevision)" } ?? ""
            lines.append("  changes\(since):")
        }
        lines += groups.prefix(Self.groupLimit).flatMap(entry(of:))
        let left = groups.dropFirst(Self.groupLimit).reduce(0) { $0 + $1.names.count }
        if left > 0 { lines.append("  and \(counted(left, "more definition")): `prewarm diff -o json`") }
        return lines
    }

    private func entry(of group: ChangeGroup) -> [TerminalText] {
        guard let kind = group.kind.flatMap({ DefinitionChange.Kind(rawValue: $0) }) else {
            let held = group.isHeld ? ", held" : ""
            return ["  rollout of \(group.title)\(held): \(times.sentence(group.rollout ?? ""))"]
        }
        let (symbol, style): (String, Style) =
            switch kind {
            case .added: ("+", .green)
            case .removed: ("-", .red)
            case .changed: ("~", .yellow)
            }
        let note = (kind == .removed ? ", removed from git" : "") + (group.isHeld ? ", held" : "")
        var lines = [style.apply(to: "    \(symbol) \(group.title)\(note)", color: color)]
        if let fields = group.addedFields { return lines + ["        \(fields)"] }
        lines += group.fields.prefix(Self.fieldLimit).map { field in
            "        \(field.name): \(field.old ?? "not set") → \(field.new ?? "not set")"
        }
        let left = max(0, group.fields.count - Self.fieldLimit) + group.moreFields
        if left > 0 { lines.append("        and \(counted(left, "more field"))") }
        if let rollout = group.rollout { lines.append("        rollout: \(times.sentence(rollout))") }
        return lines
    }
}
