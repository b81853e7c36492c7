import PrewarmCore
import PrewarmEngine

/// The text of `prewarm describe`: the definition of one object, its state with the reasons, and its history.
struct Description {
    let document: Value
    let now: Timestamp
    let color: Bool

    private var times: ShownTimes { ShownTimes(now: now) }

    var preset: TerminalText {
        let preset = document
        var lines = section("Preset \(preset.text("name") ?? "")")
        lines += fields([
            ("source", preset.text("source")), ("manifest", "\(preset.text("file") ?? ""):\(preset.number("line"))"),
            ("revision", preset.shortRevision("revision")),
            ("template", "\(preset.text("template") ?? "") \(preset.text("version") ?? "")"),
            ("provisioner", preset.text("provisioner")), ("fingerprint", preset.text("fingerprint")),
            ("ttl", preset.text("ttl")), ("lease", preset["lease"]?.plainText), ("strategy", preset.text("strategy")),
            ("hit rate", preset.hitRate.map { "\($0) of \(counted(preset.claimCount, "claim")) in 7 days" }),
            ("labels", preset["labels"]?.plainText), ("annotations", preset["annotations"]?.plainText),
        ])
        lines += parameters
        lines += section("Pool")
        lines += preset.list("story").compactMap(\.string).map { "  \(times.sentence($0))" }
        lines += section("Conditions")
        lines += preset.list("conditions").map { condition -> TerminalText in
            "  \(condition.text("type") ?? "")=\(condition.text("status") ?? "")  \(condition.text("reason") ?? ""): \(times.sentence(condition.text("message") ?? ""))"
        }
        return text(lines + log + workspaces + events)
    }

    /// The command that shows the log of the last failed build of a preset, if its builds fail now and the reader may
    /// read logs.
    private var log: [TerminalText] {
        let failing = document.condition(.stalled) ?? document.condition(.backingOff)
        guard let failing, failing.text("message")?.contains(Operation.withheldError) == false else { return [] }
        let failures = document.list("events").filter { $0.text("reason") == EventReason.createFailed.rawValue }
        let last = failures.max { ($0.time("at") ?? .distantPast) < ($1.time("at") ?? .distantPast) }
        guard let name = last?.text("object")?.split(separator: "/").last else { return [] }
        return ["  To read the log of the last failed build: `prewarm logs \(String(name))`"]
    }

    private var workspaces: [TerminalText] {
        let workspaces = document.list("workspaces")
        guard !workspaces.isEmpty else { return [] }
        var lines = section("Workspaces")
        lines += workspaces.prefix(50).map { workspace -> TerminalText in
            let isCurrent = workspace.text("fingerprint") == document.text("fingerprint")
            let head: TerminalText =
                "  \(workspace.text("name") ?? "")  \(workspace.text("state") ?? "")  \(workspace.age(of: "createdAt", at: now))"
            let outdated: TerminalText = isCurrent ? "" : "  outdated: version \(workspace.text("version") ?? "")"
            return head + outdated + (workspace.owner.map { "  owner \($0)" } ?? "")
        }
        if workspaces.count > 50 { lines.append("  and \(workspaces.count - 50) more") }
        return lines
    }

    private var events: [TerminalText] {
        let events = document.list("events")
        guard !events.isEmpty else { return [] }
        return section("Events")
            + grouped(events).map { event, count -> TerminalText in
                let object = count == 1 ? event.text("object") ?? "" : counted(count, "workspace")
                let age = event.age(of: "at", at: now).padded(to: 8)
                let message = times.sentence(event.text("message")?.cause ?? "")
                return "  \(age) \(event.text("reason") ?? "")  \(object): \(message)"
            }
    }

    /// Returns the events with their numbers. Failures of workspaces with the same reason and cause are one entry, in
    /// the place of the last one.
    private func grouped(_ events: [Value]) -> [(event: Value, count: Int)] {
        var (groups, counts): ([(event: Value, count: Int)], [[String]: Int]) = ([], [:])
        for event in events.reversed() {
            guard event.text("type") == "Warning", event.text("object")?.hasPrefix("workspace/") == true else {
                groups.append((event, 1))
                continue
            }
            let key = [event.text("reason") ?? "", event.text("message")?.cause ?? ""]
            if let place = counts[key] {
                groups[place].count += 1
            } else {
                counts[key] = groups.count
                groups.append((event, 1))
            }
        }
        return groups.reversed()
    }

    /// The state of the lease of a claimed workspace; nil if it has none.
    private var lease: String? {
        guard let lease = document["lease"], let state = lease.text("state") else { return nil }
        var text = state
        if let deletion = lease.timeText("deletesAt", times) { text += ", deleted \(deletion)" }
        if let hold = lease["hold"], let until = hold.time("until"), until > now {
            text += ", held by \(hold.text("by") ?? "")\(times.until(until)): \(hold.text("reason") ?? "")"
        }
        return text
    }

    var workspace: TerminalText {
        let workspace = document
        let currency = workspace["isCurrent"]?.bool.map { $0 ? ", current" : ", outdated" } ?? ""
        let commit = workspace["commit"].map { commit in
            "\(commit.text("subject") ?? "?")" + (commit.text("author").map { ", by \($0)" } ?? "")
        }
        let because = workspace.text("because").map { ", reason \($0)" } ?? ""
        var lines = section("Workspace \(workspace.text("name") ?? "")")
        lines += fields([
            ("id", workspace.text("id")), ("state", workspace.text("state")), ("owner", workspace.owner),
            ("preset", "\(workspace.text("source") ?? "")/\(workspace.text("preset") ?? "")"),
            ("template", "\(workspace.text("template") ?? "") \(workspace.text("version") ?? "")"),
            ("provisioner", workspace.text("provisioner")),
            ("fingerprint", workspace.text("fingerprint").map { $0 + currency }),
            ("created", workspace.timeText("createdAt", times).map { $0 + because }),
            ("revision", workspace.shortRevision("revision")), ("commit", commit),
            ("manifest", workspace.text("manifest")),
            ("ready", workspace.timeText("readyAt", times)), ("claimed", workspace.timeText("claimedAt", times)),
            ("handover", workspace.text("handover").flatMap { $0 == HandoverState.none.rawValue ? nil : $0 }),
            ("expires", workspace.timeText("expiresAt", times)), ("lease", lease),
            ("endpoint", workspace.text("endpoint")),
            ("metadata", workspace["metadata"]?.plainText.flatMap { $0.isEmpty ? nil : $0 }),
        ])
        lines += parameters
        lines += section("Operations")
        lines += workspace.list("operations").reversed().map { operation -> TerminalText in
            let head: TerminalText =
                "  \(operation.text("id") ?? "")  \(operation.text("type") ?? "")  \(operation.text("state") ?? "")  attempt \(operation.number("attempt"))  \(operation.age(of: "createdAt", at: now)) ago, \(operation.text("reason") ?? "")"
            return head + (operation.text("error")?.cause.map { "\n    \($0)" } ?? "")
        }
        return text(lines)
    }

    var operation: TerminalText {
        let operation = document
        var lines = section("Operation \(operation.text("id") ?? "")")
        lines += fields([
            ("type", operation.text("type")), ("state", operation.text("state")),
            ("workspace", "\(operation.text("workspaceName") ?? "") (\(operation.text("workspace") ?? ""))"),
            ("preset", "\(operation.text("source") ?? "")/\(operation.text("preset") ?? "")"),
            ("provisioner", operation.text("provisioner")), ("reason", operation.text("reason")),
            ("attempt", operation["attempt"]?.plainText), ("created", operation.timeText("createdAt", times)),
            ("started", operation.timeText("startedAt", times)), ("finished", operation.timeText("finishedAt", times)),
            ("next attempt", operation.timeText("nextAttemptAt", times)), ("error", operation.text("error")?.cause),
        ])
        if let log = operation.text("logEnd"), !log.isEmpty {
            lines += section("End of the log")
            lines += log.split(separator: "\n", omittingEmptySubsequences: false).map {
                "  \(TerminalText(lines: String($0)))"
            }
        }
        return text(lines)
    }

    // MARK: Parts

    private func text(_ lines: [TerminalText]) -> TerminalText { lines.map { "\($0)\n" }.joined() }

    private func section(_ title: String) -> [TerminalText] { [Style.bold.apply(to: "\(title)", color: color)] }

    private func fields(_ fields: [(String, String?)]) -> [TerminalText] {
        fields.compactMap { name, value in
            value.map { value in
                let title = Style.dim.apply(to: "\((name + ":").padded(to: 14))", color: color)
                return "  \(title)\(TerminalText(lines: value))"
            }
        }
    }

    /// The parameters. The value of a secret is never shown, only its name.
    private var parameters: [TerminalText] {
        let pairs = document["parameters"]?.pairs ?? []
        guard !pairs.isEmpty else { return [] }
        return ["  \(Style.dim.apply(to: "parameters:", color: color))"]
            + fields(
                pairs.map { name, value in
                    let secret = value["valueFrom"]?.text("secret")
                    return ("  " + name, secret.map { "(secret \($0))" } ?? value.parameterText)
                })
    }
}

extension Value {
    /// The owner of a workspace with its kind or issuer, for example `ada`, `ci (token)` or
    /// `repo:acme/web:ref:refs/heads/main (https://token.example.org)`.
    fileprivate var owner: String? {
        text("owner").map { name in
            name + ((text("ownerIssuer") ?? text("ownerKind")).map { " (\($0))" } ?? "")
        }
    }

    fileprivate var parameterText: String? { if case .bool(let value) = self { "\(value)" } else { plainText } }
}

extension String {
    /// Returns the text with spaces at the end, so that it takes at least this number of terminal cells.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - displayWidth))
    }
}
