import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The text of `prewarm describe`: the definition of one object, its state with the reasons, and its history.
struct Description {
    let now: Timestamp
    let color: Bool

    private var times: ShownTimes { ShownTimes(now: now) }

    func text(of preset: PresetDescription) -> TerminalText {
        var lines = section("Preset \(preset.name)")
        lines += fields([
            ("source", preset.source), ("manifest", "\(preset.file):\(preset.line)"),
            ("revision", preset.revision?.shortRevision), ("template", "\(preset.template) \(preset.version)"),
            ("provisioner", preset.provisioner), ("fingerprint", preset.fingerprint), ("ttl", preset.ttl),
            ("lease", preset.lease?.line), ("strategy", preset.strategy),
            (
                "hit rate",
                preset.recentClaims.map { "\($0.hitRate.wholePercent)% of \(counted($0.claims, "claim")) in 7 days" }
            ),
            ("labels", preset.labels?.line), ("annotations", preset.annotations?.line),
        ])
        lines += parameters(preset.parameters)
        lines += section("Pool")
        lines += preset.story.map { "  \(times.sentence($0))" }
        lines += section("Conditions")
        lines += preset.conditions.map { condition -> TerminalText in
            "  \(condition.type)=\(condition.status.text)  \(condition.reason): \(times.sentence(condition.message))"
        }
        return text(lines + log(of: preset) + workspaces(of: preset) + events(preset.events))
    }

    /// The command that shows the log of the last failed build of a preset, if its builds fail now and the reader may
    /// read logs.
    private func log(of preset: PresetDescription) -> [TerminalText] {
        let failing = preset.conditions[.stalled] ?? preset.conditions[.backingOff]
        guard let failing, !failing.message.contains(Operation.withheldError) else { return [] }
        let failures = preset.events.filter { $0.reason == EventReason.createFailed.rawValue }
        guard let name = failures.max(by: { $0.at < $1.at })?.object.split(separator: "/").last else { return [] }
        return ["  To read the log of the last failed build: `prewarm logs \(String(name))`"]
    }

    private func workspaces(of preset: PresetDescription) -> [TerminalText] {
        let workspaces = preset.workspaces
        guard !workspaces.isEmpty else { return [] }
        var lines = section("Workspaces")
        lines += workspaces.prefix(50).map { workspace -> TerminalText in
            let isCurrent = workspace.fingerprint == preset.fingerprint
            let head: TerminalText =
                "  \(workspace.name)  \(workspace.state.text)  \((now - workspace.createdAt).age)"
            let outdated: TerminalText = isCurrent ? "" : "  outdated: version \(workspace.version)"
            return head + outdated + (workspace.ownerText.map { "  owner \($0)" } ?? "")
        }
        if workspaces.count > 50 { lines.append("  and \(workspaces.count - 50) more") }
        return lines
    }

    private func events(_ events: [EventDocument]) -> [TerminalText] {
        guard !events.isEmpty else { return [] }
        return section("Events")
            + grouped(events).map { event, count -> TerminalText in
                let object = count == 1 ? event.object : counted(count, "workspace")
                let age = (now - event.at).age.padded(to: 8)
                let message = times.sentence(event.message.cause ?? "")
                return "  \(age) \(event.reason)  \(object): \(message)"
            }
    }

    /// Returns the events with their numbers. Failures of workspaces with the same reason and cause are one entry, in
    /// the place of the last one.
    private func grouped(_ events: [EventDocument]) -> [(event: EventDocument, count: Int)] {
        var (groups, counts): ([(event: EventDocument, count: Int)], [[String]: Int]) = ([], [:])
        for event in events.reversed() {
            guard event.type == .warning, event.object.hasPrefix("workspace/") else {
                groups.append((event, 1))
                continue
            }
            let key = [event.reason, event.message.cause ?? ""]
            if let place = counts[key] {
                groups[place].count += 1
            } else {
                counts[key] = groups.count
                groups.append((event, 1))
            }
        }
        return groups.reversed()
    }

    /// The state of the lease of a claimed workspace.
    private func text(of lease: ClaimLeaseDocument) -> String {
        var text = lease.state.text
        if let deletion = lease.deletesAt { text += ", deleted \(times.relative(deletion))" }
        if let hold = lease.hold, hold.until > now {
            text += ", held by \(hold.by)\(times.until(hold.until)): \(hold.reason)"
        }
        return text
    }

    func text(of workspace: WorkspaceDescription) -> TerminalText {
        let currency = workspace.isCurrent.map { $0 ? ", current" : ", outdated" } ?? ""
        let commit = workspace.commit.map { commit in
            "\(commit.subject ?? "?")" + (commit.author.map { ", by \($0)" } ?? "")
        }
        let because = workspace.because.map { ", reason \($0)" } ?? ""
        let handover = workspace.handover.flatMap { $0 == HandoverState.none ? nil : $0.text }
        var lines = section("Workspace \(workspace.name)")
        lines += fields([
            ("id", workspace.id), ("state", workspace.state.text), ("owner", workspace.base.ownerText),
            ("preset", "\(workspace.source)/\(workspace.preset)"),
            ("template", "\(workspace.template) \(workspace.version)"), ("provisioner", workspace.provisioner),
            ("fingerprint", workspace.fingerprint + currency),
            ("created", times.relative(workspace.createdAt) + because),
            ("revision", workspace.revision?.shortRevision), ("commit", commit), ("manifest", workspace.manifest),
            ("ready", workspace.readyAt.map(times.relative)), ("claimed", workspace.claimedAt.map(times.relative)),
            ("handover", handover), ("expires", workspace.expiresAt.map(times.relative)),
            ("lease", workspace.lease.map { text(of: $0) }), ("endpoint", workspace.endpoint),
            ("metadata", workspace.metadata.flatMap { $0.isEmpty ? nil : $0.line }),
        ])
        lines += parameters(workspace.parameters)
        lines += section("Operations")
        lines += workspace.operations.reversed().map { operation -> TerminalText in
            let head: TerminalText =
                "  \(operation.id)  \(operation.type.text)  \(operation.state.text)  attempt \(operation.attempt)  \((now - operation.createdAt).age) ago, \(operation.reason)"
            return head + (operation.error?.cause.map { "\n    \($0)" } ?? "")
        }
        return text(lines)
    }

    func text(of operation: OperationDescription) -> TerminalText {
        var lines = section("Operation \(operation.id)")
        lines += fields([
            ("type", operation.type.text), ("state", operation.state.text),
            ("workspace", "\(operation.workspaceName) (\(operation.workspace))"),
            ("preset", "\(operation.source)/\(operation.preset)"), ("provisioner", operation.provisioner),
            ("reason", operation.reason), ("attempt", "\(operation.attempt)"),
            ("created", times.relative(operation.createdAt)), ("started", operation.startedAt.map(times.relative)),
            ("finished", operation.finishedAt.map(times.relative)),
            ("next attempt", operation.nextAttemptAt.map(times.relative)), ("error", operation.error?.cause),
        ])
        if let log = operation.logEnd, !log.isEmpty {
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
    private func parameters(_ parameters: OrderedMap<ParameterValue>) -> [TerminalText] {
        guard !parameters.isEmpty else { return [] }
        return ["  \(Style.dim.apply(to: "parameters:", color: color))"]
            + fields(parameters.pairs.map { ("  " + $0.key, $0.value.line) })
    }
}

extension ParameterValue {
    /// The value on one line; of a secret, its name.
    fileprivate var line: String {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .secret(let name): "(secret \(name))"
        }
    }
}

extension WorkspaceDocument {
    /// The owner of a workspace with its kind or issuer, for example `ada`, `ci (token)` or
    /// `repo:acme/web:ref:refs/heads/main (https://token.example.org)`.
    fileprivate var ownerText: String? {
        owner.map { name in name + ((ownerIssuer ?? ownerKind?.text).map { " (\($0))" } ?? "") }
    }
}

extension String {
    /// Returns the text with spaces at the end, so that it takes at least this number of terminal cells.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - displayWidth))
    }
}
