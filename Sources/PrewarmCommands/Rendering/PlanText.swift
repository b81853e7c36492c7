import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// A plan for people: one line for each action with its reason, then a summary.
struct PlanText {
    let plan: PlanDocument
    let color: Bool

    var text: TerminalText { sources.map(text(ofSource:)).joined() }

    /// The sources of the plan, those with a revision first.
    var sources: [String] {
        let named = plan.revisions?.pairs.map(\.key) ?? []
        let found = plan.presets.map(\.source) + plan.changes.map(\.source)
        return (named + found).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private func text(ofSource source: String) -> TerminalText {
        let planned = plan.presets.filter { $0.source == source }
        let actions = plan.actions.filter { $0.source == source }
        var lines: [TerminalText] = []
        if plan.revisions?[source] != nil || plan.revision != nil { lines.append(title(of: source)) }
        let changes = changeLines(of: source)
        lines += changes
        if !changes.isEmpty, !actions.isEmpty { lines.append("  actions now:") }
        let presets = Dictionary(planned.map { ($0.name, $0) }) { first, _ in first }
        var name: String?
        for (action, count) in grouped(actions) {
            if action.preset != name {
                name = action.preset
                lines.append(
                    "  \(Style.bold.apply(to: "\(name ?? "")", color: color))\(counts(presets[name ?? ""]))")
            }
            lines.append("    \(line(for: action, count: count))")
        }
        let held = Dictionary(grouping: plan.held.filter { $0.source == source }) { $0.heldBy ?? "" }
        for (hold, actions) in held.sorted(by: { $0.key < $1.key }) where hold != Hold.suspension.message {
            lines.append(warning("held: \(counted(actions.count, "action")) by \(times.sentence(hold))"))
            lines.append("    \(presetCounts(actions))")
        }
        let suspended = Dictionary(grouping: held[Hold.suspension.message] ?? [], by: \.preset)
        let groups = PresetFailures.of(planned, least: 2)
        lines += groups.map { warning($0.sentence(times)) }
        let isGrouped = Set(groups.flatMap(\.keys))
        for preset in planned {
            if preset.isScaledToZeroByTemplate, let why = preset.conditions[.deprecated]?.message {
                lines.append(warning("\(preset.name): scaled to zero, \(why)"))
            }
            guard !preset.converged else { continue }
            let conditions = preset.conditions
            let why = conditions[.suspended] ?? conditions[.stalled] ?? conditions[.backingOff]
            guard let why else { continue }
            let name = preset.name
            if let actions = suspended[name] {
                lines.append(warning("\(name): would \(Self.kinds(of: actions)), held by the suspension"))
            }
            if isGrouped.contains(preset.presetKey) { continue }
            lines.append(warning("\(name): \(times.sentence(why.message))"))
        }
        return lines.map { "\($0)\n" }.joined()
    }

    var times: ShownTimes { ShownTimes(now: plan.at) }

    /// Returns the numbers of actions by kind, for example `create 2, delete 1`.
    private static func kinds(of actions: [ActionDocument]) -> String {
        [Action.Kind.create, .delete, .cancel].compactMap { kind in
            let count = actions.count { $0.action == kind }
            return count == 0 ? nil : "\(kind.rawValue) \(count)"
        }.joined(separator: ", ")
    }

    /// Returns the number of actions for each preset, for example `go-large 3, go-small 1`.
    private func presetCounts(_ actions: [ActionDocument]) -> String {
        let counts = Dictionary(grouping: actions, by: \.preset).sorted { $0.key < $1.key }
        let shown = counts.prefix(10).map { name, actions -> String in
            let isForClaims = actions.allSatisfy { $0.reason == Reason.waitingClaim.rawValue }
            return "\(name) \(actions.count)" + (isForClaims ? " for waiting claims" : "")
        }.joined(separator: ", ")
        return counts.count > 10 ? "\(shown) and \(counts.count - 10) more" : shown
    }

    private func warning(_ text: TerminalText) -> TerminalText {
        "  \(Style.yellow.apply(to: "! \(text)", color: color))"
    }

    /// Returns the actions in order. Neighboring creates of one preset with the same reason become one entry with a count.
    private func grouped(_ actions: [ActionDocument]) -> [(action: ActionDocument, count: Int)] {
        var groups: [(action: ActionDocument, count: Int)] = []
        for action in actions {
            if action.action == .create, let last = groups.last?.action, last.action == .create,
                last.preset == action.preset, last.reason == action.reason
            {
                groups[groups.count - 1].count += 1
            } else {
                groups.append((action, 1))
            }
        }
        return groups
    }

    private func counts(_ preset: PresetDocument?) -> TerminalText {
        guard let preset else { return "" }
        let (ready, claimable, outdated) = (preset.eligible, preset.claimable, preset.outdated)
        let old = outdated > 0 ? "\(outdated) outdated" : claimable > ready ? "\(claimable - ready) expired" : ""
        let more = claimable > ready ? ", \(claimable) claimable (\(old))" : old.isEmpty ? "" : ", \(old)"
        let waiting = preset.waitingClaims ?? 0
        let claims = waiting > 0 ? " (\(waiting) more for waiting claims)" : ""
        return Style.dim.apply(to: "  \(ready) of \(preset.desired) ready\(claims)\(more)", color: color)
    }

    private func line(for action: ActionDocument, count: Int) -> TerminalText {
        let (symbol, style): (String, Style) =
            switch action.action.known {
            case .create: ("+", .green)
            case .delete: ("-", .red)
            case .cancel, nil: ("~", .yellow)
            }
        let name = action.workspace.map { Workspace.name(preset: action.preset, id: WorkspaceID($0)) }
        let what = name ?? counted(count, "workspace")
        let head = style.apply(to: "\(symbol) \(action.action.text) \(what)", color: color)
        return "\(head)  \(action.reason): \(action.message ?? "")"
    }
}

extension PresetDocument {
    /// True if the pool is scaled to zero because of the template: it is deprecated, or the preset's version is inactive.
    var isScaledToZeroByTemplate: Bool {
        guard let reason = conditions[.deprecated]?.reason else { return false }
        return [ConditionReason.inactive, .templateDeprecated].map(\.rawValue).contains(reason)
    }
}

extension PlanText {
    var summary: String {
        let summary = plan.summary
        return Self.summary(
            create: summary.create, delete: summary.delete, cancel: summary.cancel, held: summary.held,
            pools: plan.presets.count, isConverged: plan.presets.allSatisfy(\.converged),
            hasChanges: !plan.changes.isEmpty) + rolloutSummary.text
    }

    /// Returns the summary of a reconciliation, which plans only for pools that may have changed.
    static func summary(of report: ReconcileReport) -> String {
        let plan = report.plan
        func count(_ kind: Action.Kind) -> Int { plan.actions.count { $0.kind == kind } }
        if plan.pools.isEmpty, report.diagnostics.contains(where: { $0.severity == .error }) {
            return "Nothing to do: no valid preset is new or has changed."
        }
        return summary(
            create: count(.create), delete: count(.delete), cancel: count(.cancel), held: plan.held.count,
            pools: nil, isConverged: plan.pools.allSatisfy(\.isConverged), hasChanges: false)
    }

    /// Returns the summary of a plan, for example `Plan: 2 to create, 1 to delete, 0 to cancel.`
    /// - Parameters:
    ///   - pools: The number of all pools, which is 0 if no preset is valid; nil if it is unknown.
    ///   - hasChanges: True if definitions change.
    private static func summary(
        create: Int, delete: Int, cancel: Int, held: Int, pools: Int?, isConverged: Bool, hasChanges: Bool
    ) -> String {
        guard create + delete + cancel + held > 0 else {
            if pools == 0 { return "Nothing to do: no valid preset." }
            if hasChanges { return "Plan: no workspace is created or deleted now." }
            return isConverged
                ? "Nothing to do: all pools have converged."
                : "Nothing to do now. To see what the pools wait for: `prewarm status`"
        }
        return "Plan: \(create) to create, \(delete) to delete, \(cancel) to cancel"
            + (held > 0 ? ", \(held) held." : ".")
    }
}
