import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// A plan in Markdown, for a comment on a pull request.
struct PlanMarkdown {
    let plan: PlanDocument

    var text: MarkdownText {
        var lines: [MarkdownText] = ["### prewarm plan", ""]
        let named = revisions
        if !named.isEmpty { lines += ["At \(named.joined(separator: ", ")).", ""] }
        lines += changes
        let actions = plan.actions.map { ($0, "") } + plan.held.map { ($0, $0.heldBy ?? "") }
        if !actions.isEmpty {
            lines += ["| preset | action | number | reason | held by |", "| --- | --- | ---: | --- | --- |"]
            lines += Self.limited(rows(actions), "row") + [""]
        }
        lines += diagnostics
        lines.append("**\(PlanText(plan: plan, color: false).summary)**")
        return lines.map { "\($0)\n" }.joined()
    }

    /// The most bytes of each of the four parts: the changes, the rollouts, the actions and the diagnostics. A comment of a
    /// forge has at most 65,536 characters.
    private static let partLimit = 12_000

    /// Returns the first lines of a part that fit, and the number of the others in a sentence.
    private static func limited(_ lines: [MarkdownText], _ noun: String) -> [MarkdownText] {
        var size = 0
        let kept = lines.prefix { line in
            size += line.text.utf8.count + 1
            return size <= partLimit
        }
        let left = lines.count - kept.count
        return kept + (left > 0 ? ["", "and \(counted(left, "more \(noun)"))"] : [])
    }

    /// The fields that change, one row each, and a sentence for each rollout.
    private var changes: [MarkdownText] {
        let groups = ChangeGroup.of(plan)
        guard !groups.isEmpty else { return [] }
        let rows = groups.filter { $0.kind != nil }.flatMap(fieldRows(of:))
        var lines: [MarkdownText] = []
        if !rows.isEmpty {
            lines += ["| definition | change | field | before | after |", "| --- | --- | --- | --- | --- |"]
            lines += Self.limited(rows, "change") + [""]
        }
        let more = plan.moreChanges.bounded
        if more > 0 {
            lines += [
                "The plan leaves out \(counted(more, "definition")) that \(more == 1 ? "changes" : "change").", "",
            ]
        }
        let rollouts = groups.compactMap { group -> MarkdownText? in
            let title = group.title + (group.isHeld ? " (held)" : "")
            return group.rollout.map { "- The rollout of \(title) \($0)." }
        }
        return lines + Self.limited(rollouts, "rollout") + (rollouts.isEmpty ? [] : [""])
    }

    private func fieldRows(of group: ChangeGroup) -> [MarkdownText] {
        let kind = (group.kind ?? "") + (group.isHeld ? ", held" : "")
        if let fields = group.addedFields { return ["| \(group.title) | \(kind) |  |  | \(fields) |"] }
        var rows: [MarkdownText] = group.fields.map { field in
            let (old, new) = (field.old.map { MarkdownText.code($0) }, field.new.map { MarkdownText.code($0) })
            return "| \(group.title) | \(kind) | \(field.name) | \(old ?? "") | \(new ?? "") |"
        }
        if group.moreFields > 0 || rows.isEmpty {
            let more = group.moreFields > 0 ? counted(group.moreFields, "more field") : ""
            rows.append("| \(group.title) | \(kind) | \(more) |  |  |")
        }
        return rows
    }

    private var revisions: [MarkdownText] {
        guard let revisions = plan.revisions?.pairs else {
            return plan.revision.map { [.code($0.shortRevision)] } ?? []
        }
        return revisions.map { "\($0.key) at \(MarkdownText.code($0.value.shortRevision))" }
    }

    private func rows(_ actions: [(action: ActionDocument, heldBy: String)]) -> [MarkdownText] {
        var counts: [[String]: Int] = [:]
        var order: [[String]] = []
        for (action, heldBy) in actions {
            let row = [
                action.preset, action.action.text, "\(action.reason): \(action.message ?? "")", heldBy,
            ]
            if counts[row] == nil { order.append(row) }
            counts[row, default: 0] += 1
        }
        return order.map { row in "| \(row[0]) | \(row[1]) | \(counts[row] ?? 0) | \(row[2]) | \(row[3]) |" }
    }

    private var diagnostics: [MarkdownText] {
        let found = plan.diagnostics
        guard !found.isEmpty else { return [] }
        let lines = found.map { diagnostic -> MarkdownText in
            "- **\(diagnostic.severity.text)** \(MarkdownText.code(diagnostic.location)): \(diagnostic.message)"
        }
        return Self.limited(lines, "diagnostic") + [""]
    }
}
