import PrewarmCore
import PrewarmEngine

/// A plan in Markdown, for a comment on a pull request.
struct PlanMarkdown {
    let plan: Value

    var text: MarkdownText {
        var lines: [MarkdownText] = ["### prewarm plan", ""]
        let named = revisions
        if !named.isEmpty { lines += ["At \(named.joined(separator: ", ")).", ""] }
        let actions = plan.list("actions").map { ($0, "") } + plan.list("held").map { ($0, $0.text("heldBy") ?? "") }
        if !actions.isEmpty {
            lines += ["| preset | action | number | reason | held by |", "| --- | --- | ---: | --- | --- |"]
            lines += rows(actions)
            lines.append("")
        }
        lines += diagnostics
        lines.append("**\(PlanText(plan: plan, color: false).summary)**")
        return lines.map { "\($0)\n" }.joined()
    }

    private var revisions: [MarkdownText] {
        guard let revisions = plan["revisions"]?.pairs else {
            return plan.shortRevision("revision").map { [.code($0)] } ?? []
        }
        return revisions.map(\.key).compactMap { name in
            plan["revisions"]?.shortRevision(name).map { "\(name) at \(MarkdownText.code($0))" }
        }
    }

    private func rows(_ actions: [(action: Value, heldBy: String)]) -> [MarkdownText] {
        var counts: [[String]: Int] = [:]
        var order: [[String]] = []
        for (action, heldBy) in actions {
            let row = [
                action.text("preset") ?? "", action.text("action") ?? "",
                "\(action.text("reason") ?? ""): \(action.text("message") ?? "")", heldBy,
            ]
            if counts[row] == nil { order.append(row) }
            counts[row, default: 0] += 1
        }
        return order.map { row in "| \(row[0]) | \(row[1]) | \(counts[row] ?? 0) | \(row[2]) | \(row[3]) |" }
    }

    private var diagnostics: [MarkdownText] {
        let found = plan.list("diagnostics")
        guard !found.isEmpty else { return [] }
        let lines = found.map { diagnostic -> MarkdownText in
            let (severity, message) = (diagnostic.text("severity") ?? "", diagnostic.text("message") ?? "")
            return "- **\(severity)** \(MarkdownText.code(diagnostic.location)): \(message)"
        }
        return lines + [""]
    }
}
