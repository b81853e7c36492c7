import PrewarmCore
import PrewarmEngine

/// The long form of one thing: what it is, why it is so, what happened, what comes next.
struct Description {
    let document: Value
    let now: Timestamp
    let colour: Bool

    var preset: String {
        let preset = document
        var lines = section("Preset \(preset.text("name") ?? "")")
        lines += fields([
            ("source", preset.text("source")), ("manifest", "\(preset.text("file") ?? ""):\(preset.number("line"))"),
            ("revision", preset.text("revision")),
            ("template", "\(preset.text("template") ?? "") \(preset.text("version") ?? "")"),
            ("provisioner", preset.text("provisioner")), ("fingerprint", preset.text("fingerprint")),
            ("ttl", preset.text("ttl")), ("strategy", preset.text("strategy")),
            ("labels", preset["labels"]?.plainText),
        ])
        lines += parameters
        lines += section("Pool")
        lines += preset.list("story").compactMap(\.string).map { "  " + $0 }
        lines += section("Conditions")
        lines += preset.list("conditions").map { condition in
            "  \(condition.text("type") ?? "")=\(condition.text("status") ?? "")  \(condition.text("reason") ?? ""): \(condition.text("message") ?? "")"
        }
        return text(lines + workspaces + events)
    }

    private var workspaces: [String] {
        let workspaces = document.list("workspaces")
        guard !workspaces.isEmpty else { return [] }
        var lines = section("Workspaces")
        lines += workspaces.prefix(50).map { workspace in
            let isCurrent = workspace.text("fingerprint") == document.text("fingerprint")
            return
                "  \(workspace.text("name") ?? "")  \(workspace.text("state") ?? "")  \(workspace.age(of: "createdAt", at: now))"
                + (isCurrent ? "" : "  outdated: version \(workspace.text("version") ?? "")")
                + (workspace.text("owner").map { "  owner \($0)" } ?? "")
        }
        if workspaces.count > 50 { lines.append("  and \(workspaces.count - 50) more") }
        return lines
    }

    private var events: [String] {
        let events = document.list("events")
        guard !events.isEmpty else { return [] }
        return section("Events")
            + events.map { event in
                "  \(event.age(of: "at", at: now).padded(to: 8)) \(event.text("reason") ?? "")  \(event.text("object") ?? ""): \((event.text("message") ?? "").asOneLine)"
            }
    }

    var workspace: String {
        let workspace = document
        let currency = workspace["isCurrent"]?.bool.map { $0 ? ", the current one" : ", an older one" } ?? ""
        let commit = workspace["commit"].map { commit in
            "\(commit.text("subject")?.asOneLine ?? "?")" + (commit.text("author").map { ", by \($0.asOneLine)" } ?? "")
        }
        var lines = section("Workspace \(workspace.text("name") ?? "")")
        lines += fields([
            ("id", workspace.text("id")), ("state", workspace.text("state")), ("owner", workspace.text("owner")),
            ("preset", "\(workspace.text("source") ?? "")/\(workspace.text("preset") ?? "")"),
            ("template", "\(workspace.text("template") ?? "") \(workspace.text("version") ?? "")"),
            ("provisioner", workspace.text("provisioner")),
            ("fingerprint", workspace.text("fingerprint").map { $0 + currency }),
            (
                "created",
                workspace.text("createdAt").map { $0 + (workspace.text("because").map { ", because of \($0)" } ?? "") }
            ),
            ("revision", workspace.text("revision")), ("commit", commit), ("manifest", workspace.text("manifest")),
            ("ready", workspace.text("readyAt")), ("claimed", workspace.text("claimedAt")),
            ("expires", workspace.text("expiresAt")), ("endpoint", workspace.text("endpoint")),
            ("metadata", workspace["metadata"]?.plainText.flatMap { $0.isEmpty ? nil : $0 }),
        ])
        lines += parameters
        lines += section("Operations")
        lines += workspace.list("operations").reversed().map { operation in
            "  \(operation.text("id") ?? "")  \(operation.text("type") ?? "")  \(operation.text("state") ?? "")  attempt \(operation.number("attempt"))  \(operation.age(of: "createdAt", at: now)) ago, \(operation.text("reason") ?? "")"
                + (operation.text("error").map { "\n    \($0.asOneLine)" } ?? "")
        }
        return text(lines)
    }

    var operation: String {
        let operation = document
        var lines = section("Operation \(operation.text("id") ?? "")")
        lines += fields([
            ("type", operation.text("type")), ("state", operation.text("state")),
            ("workspace", "\(operation.text("workspaceName") ?? "") (\(operation.text("workspace") ?? ""))"),
            ("preset", "\(operation.text("source") ?? "")/\(operation.text("preset") ?? "")"),
            ("provisioner", operation.text("provisioner")), ("because", operation.text("reason")),
            ("attempt", operation["attempt"]?.plainText), ("created", operation.text("createdAt")),
            ("started", operation.text("startedAt")), ("finished", operation.text("finishedAt")),
            ("next attempt", operation.text("nextAttemptAt")), ("error", operation.text("error")),
        ])
        if let log = operation.text("logEnd"), !log.isEmpty {
            lines += section("The end of its log")
            lines += log.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        }
        return text(lines)
    }

    // MARK: Parts

    private func text(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }

    private func section(_ title: String) -> [String] { [Style.bold.apply(to: title, colour: colour)] }

    private func fields(_ fields: [(String, String?)]) -> [String] {
        fields.compactMap { name, value in
            value.map { "  " + Style.dim.apply(to: (name + ":").padded(to: 14), colour: colour) + $0 }
        }
    }

    /// Of a secret only its name.
    private var parameters: [String] {
        fields(
            (document["parameters"]?.pairs ?? []).map { name, value in
                let secret = value["valueFrom"]?.text("secret")
                return ("  " + name, secret.map { "(secret \($0))" } ?? value.parameterText)
            })
    }
}

extension Value {
    fileprivate var parameterText: String? { if case .bool(let value) = self { "\(value)" } else { plainText } }
}

extension String {
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - displayWidth))
    }
}
