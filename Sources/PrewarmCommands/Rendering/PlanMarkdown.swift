import PrewarmCore
import PrewarmEngine

/// A plan as a comment on a pull request.
struct PlanMarkdown {
    let plan: Value

    var text: String {
        var lines = ["### prewarm plan", ""]
        let revisions = plan["revisions"]?.pairs.compactMap { name, value in value.string.map { "\(name) at `\($0)`" } }
        if let named = revisions ?? plan.text("revision").map({ ["`\($0)`"] }) {
            lines += ["At \(named.joined(separator: ", ")).", ""]
        }
        let actions = plan.list("actions").map { ($0, "") } + plan.list("held").map { ($0, $0.text("heldBy") ?? "") }
        if !actions.isEmpty {
            lines += ["| preset | action | number | why | held by |", "| --- | --- | ---: | --- | --- |"]
            lines += rows(actions)
            lines.append("")
        }
        lines += diagnostics
        lines.append("**\(PlanText(plan: plan, colour: false).summary)**")
        return lines.joined(separator: "\n") + "\n"
    }

    private func rows(_ actions: [(action: Value, heldBy: String)]) -> [String] {
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
        return order.map { row in
            let cells = row.map { $0.asOneLine.replacing("|", with: "\\|") }
            return "| \(cells[0]) | \(cells[1]) | \(counts[row] ?? 0) | \(cells[2]) | \(cells[3]) |"
        }
    }

    private var diagnostics: [String] {
        let found = plan.list("diagnostics")
        guard !found.isEmpty else { return [] }
        return found.map {
            "- **\($0.text("severity") ?? "")** `\($0.location.replacing("`", with: "'"))`: \(($0.text("message") ?? "").asOneLine)"
        }
            + [""]
    }
}
