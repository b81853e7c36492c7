import PrewarmCore
import PrewarmEngine

/// The long form of one thing: what it is, why it is so, what happened, what comes next.
struct Description {
    private let context: Context
    private let colour: Bool

    init(_ context: Context, colour: Bool) {
        self.context = context
        self.colour = colour
    }

    func preset(_ name: String) async throws -> String {
        let preset = try await context.store.read { try context.engine.preset(named: name, in: $0) }
        let report = try await context.engine.assess(preset.key.source)
        guard let status = report.statuses.first(where: { $0.preset.key == preset.key }) else {
            throw ClaimError.unknownPreset(name, known: [])
        }
        let (events, workspaces) = try await context.store.read { store in
            (
                try store.events(EventFilter(preset: preset.key, limit: 20)),
                try store.workspaces(WorkspaceFilter(preset: preset.key))
            )
        }
        let now = context.engine.now()
        var lines = section("Preset \(preset.key.name)")
        lines += fields([
            ("source", preset.key.source), ("manifest", "\(preset.origin.file):\(preset.origin.line)"),
            ("revision", report.revision?.description), ("template", "\(preset.spec.template) \(preset.spec.version)"),
            ("provisioner", preset.spec.provisioner), ("fingerprint", preset.fingerprint.description),
            ("ttl", preset.ttl?.prewarmText), ("strategy", preset.strategy.description),
            ("labels", list(preset.labels)),
        ])
        lines += parameters(preset.spec.parameters)
        lines += section("Pool")
        lines += story(status, report: report, now: now).map { "  " + $0 }
        lines += section("Conditions")
        lines += status.conditions.map { condition in
            "  \(condition.kind.rawValue)=\(condition.status.rawValue)  \(condition.reason): \(condition.message)"
        }
        if !workspaces.isEmpty {
            lines += section("Workspaces")
            lines += workspaces.prefix(50).map { workspace in
                "  \(workspace.name)  \(workspace.state.rawValue)  \((now - workspace.createdAt).age)"
                    + (workspace.fingerprint == preset.fingerprint
                        ? "" : "  outdated: version \(workspace.spec.version)")
                    + (workspace.owner.map { "  owner \($0)" } ?? "")
            }
            if workspaces.count > 50 { lines.append("  and \(workspaces.count - 50) more") }
        }
        return (lines + eventLines(events, now: now)).joined(separator: "\n") + "\n"
    }

    /// What it wants, has, waits for, and what comes next, in sentences.
    private func story(_ status: PresetStatus, report: TurnReport, now: Timestamp) -> [String] {
        let (preset, counts) = (status.preset, status.pool.counts)
        var sentences: [String] = []
        if let retired = status[.deprecated] {
            sentences.append("It wants none: \(retired.message).")
        } else if let schedule = preset.schedule {
            sentences.append(
                "It wants \(counts.desired) now, by its schedule in \(schedule.timezone); outside its windows \(preset.instances)."
            )
        } else {
            sentences.append("It wants \(counts.desired).")
        }
        sentences.append(
            "It has \(counts.eligible) ready to be claimed, \(counts.starting) starting, \(counts.deleting) deleting, \(counts.claimed) claimed."
        )
        if counts.outdated > 0 {
            sentences.append("\(counts.outdated) are of an older fingerprint and are being replaced.")
        }
        if counts.expired > 0 { sentences.append("\(counts.expired) are older than the ttl.") }
        if counts.failed > 0 { sentences.append("\(counts.failed) failed to build.") }
        for kind in [Condition.Kind.stalled, .backingOff, .suspended, .deletionsHeld, .limited, .invalid] {
            if let condition = status[kind] { sentences.append("\(kind.rawValue): \(condition.message).") }
        }
        let actions = report.plan.actions.filter { $0.preset == preset.key }
        for kind in [Action.Kind.cancel, .delete, .create] {
            for (reason, group) in Dictionary(grouping: actions.filter { $0.kind == kind }, by: \.reason).sorted(by: {
                $0.key.rawValue < $1.key.rawValue
            }) {
                sentences.append("Next: \(kind.rawValue) \(group.count), \(reason.rawValue).")
            }
        }
        if actions.isEmpty { sentences.append("Nothing is to be done now.") }
        return sentences + changes(of: preset, report: report, now: now)
    }

    /// What the schedule brings, and the next moment at which the plan changes by itself.
    private func changes(of preset: Preset, report: TurnReport, now: Timestamp) -> [String] {
        var sentences: [String] = []
        if preset.retirement == nil, let schedule = preset.schedule,
            let zone = context.engine.zones.rules(of: [schedule.timezone])[schedule.timezone]
        {
            var instant = now
            for _ in 0..<3 {
                guard let change = schedule.nextChange(after: instant, zone: zone) else { break }
                sentences.append("From \(change.at) on it wants \(change.instances ?? preset.instances).")
                instant = change.at
            }
        }
        if let next = report.plan.pools.first(where: { $0.preset == preset.key })?.nextChange {
            sentences.append("If nothing else happens, its plan may change at \(next).")
        }
        return sentences
    }

    func workspace(_ name: String) async throws -> String {
        let now = context.engine.now()
        let (workspace, operations, preset, revision) = try await context.store.read { store in
            guard let workspace = try store.workspace(name) else { throw ClaimError.unknownWorkspace(name) }
            return (
                workspace, try store.operations(OperationFilter(workspace: workspace.id)).map(\.operation),
                try store.presets(named: workspace.preset.description).first,
                try store.revisions(source: workspace.preset.source, limit: 1000).first {
                    $0.revision.description == workspace.revision
                }
            )
        }
        let expiresAt =
            workspace.state == .ready ? preset?.ttl.flatMap { ttl in workspace.readyAt.map { $0 + ttl } } : nil
        let because = operations.last { $0.kind == .create }?.reason.rawValue
        var lines = section("Workspace \(workspace.name)")
        lines += fields([
            ("id", workspace.id.rawValue), ("state", workspace.state.rawValue), ("owner", workspace.owner),
            ("preset", workspace.preset.description),
            ("template", "\(workspace.spec.template) \(workspace.spec.version)"),
            ("provisioner", workspace.spec.provisioner),
            (
                "fingerprint",
                workspace.fingerprint.description
                    + (preset.map { $0.fingerprint == workspace.fingerprint ? ", the current one" : ", an older one" }
                        ?? "")
            ),
            ("created", "\(workspace.createdAt)" + (because.map { ", because of \($0)" } ?? "")),
            ("revision", workspace.revision),
            (
                "commit",
                revision.map { "\($0.subject?.asOneLine ?? "?")" + ($0.author.map { ", by \($0.asOneLine)" } ?? "") }
            ),
            ("manifest", preset.map { "\($0.origin.file):\($0.origin.line)" }),
            ("ready", workspace.readyAt?.description), ("claimed", workspace.claimedAt?.description),
            ("expires", expiresAt?.description), ("endpoint", workspace.endpoint),
            ("metadata", list(workspace.metadata)),
        ])
        lines += parameters(workspace.spec.parameters)
        lines += section("Operations")
        lines += operations.reversed().map { operation in
            "  \(operation.id)  \(operation.kind.rawValue)  \(operation.state.rawValue)  attempt \(operation.attempt)  \((now - operation.createdAt).age) ago, \(operation.reason.rawValue)"
                + (operation.error.map { "\n    \($0.asOneLine)" } ?? "")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    func operation(_ id: String) async throws -> String {
        let (operation, workspace, logs) = try await context.store.read { store in
            guard let record = try store.operation(OperationID(id)) else {
                throw CommandFailure("there is no operation \"\(id)\"", hint: "see `prewarm get operations`")
            }
            return (
                record.operation, try store.workspace(record.operation.workspace.rawValue),
                try store.log(of: record.operation.id)
            )
        }
        var lines = section("Operation \(operation.id)")
        lines += fields([
            ("type", operation.kind.rawValue), ("state", operation.state.rawValue),
            ("workspace", workspace.map { "\($0.name) (\($0.id))" } ?? operation.workspace.rawValue),
            ("preset", operation.preset.description), ("provisioner", operation.provisioner),
            ("because", operation.reason.rawValue), ("attempt", "\(operation.attempt)"),
            ("created", operation.createdAt.description), ("started", operation.startedAt?.description),
            ("finished", operation.finishedAt?.description),
            ("next attempt", operation.state == .pending ? operation.nextAttemptAt.description : nil),
            ("error", operation.error),
        ])
        if let log = logs.last, !log.text.isEmpty {
            lines += section("The end of its log")
            lines += log.text.split(separator: "\n", omittingEmptySubsequences: false).suffix(20).map { "  \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: Parts

    private func section(_ title: String) -> [String] { [Style.bold.apply(to: title, colour: colour)] }

    private func fields(_ fields: [(String, String?)]) -> [String] {
        fields.compactMap { name, value in
            value.map { "  " + Style.dim.apply(to: (name + ":").padded(to: 14), colour: colour) + $0 }
        }
    }

    private func list(_ dictionary: [String: String]) -> String? {
        dictionary.isEmpty
            ? nil : dictionary.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }

    private func parameters(_ parameters: [String: ParameterValue]) -> [String] {
        fields(parameters.sorted { $0.key < $1.key }.map { ("  " + $0.key, $0.value.text) })
    }

    private func eventLines(_ events: [Event], now: Timestamp) -> [String] {
        guard !events.isEmpty else { return [] }
        return section("Events")
            + events.map { event in
                "  \((now - event.at).age.padded(to: 8)) \(event.reason)  \(event.object)/\(event.name): \(event.message.asOneLine)"
            }
    }
}

extension String {
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - displayWidth))
    }
}

extension ParameterValue {
    /// For people; of a secret only its name.
    var text: String {
        switch self {
        case .string(let value): value
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .boolean(let value): "\(value)"
        case .secret(let name): "(secret \(name))"
        }
    }
}

extension RolloutStrategy {
    fileprivate var description: String {
        switch self {
        case .recreate: "Recreate"
        case .rollingUpdate(let surge, let unavailable):
            "RollingUpdate, maxSurge \(surge), maxUnavailable \(unavailable)"
        }
    }
}
