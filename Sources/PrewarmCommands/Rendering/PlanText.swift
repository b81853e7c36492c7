import PrewarmCore
import PrewarmEngine

/// A plan as people read it: a line for each action with its reason, a summary last.
struct PlanText {
    let report: TurnReport
    let colour: Bool

    var text: String {
        var lines: [String] = []
        if let revision = report.revision {
            lines.append(Style.bold.apply(to: report.source, colour: colour) + " at \(revision.short)")
        }
        let byKey = Dictionary(report.statuses.map { ($0.preset.key, $0) }) { first, _ in first }
        var preset: PresetKey?
        for (action, count) in grouped {
            if action.preset != preset {
                preset = action.preset
                lines.append(
                    "  " + Style.bold.apply(to: action.preset.name, colour: colour) + counts(byKey[action.preset]))
            }
            lines.append("    " + line(for: action, count: count, status: byKey[action.preset]))
        }
        let held = Dictionary(grouping: report.plan.held) { $0.hold }
        for (hold, actions) in held.sorted(by: { $0.key.message < $1.key.message }) {
            lines.append(
                "  "
                    + Style.yellow.apply(
                        to: "! held: \(counted(actions.count, "action")) by \(hold.message)", colour: colour))
        }
        for status in report.statuses where !status.pool.isConverged {
            guard let why = status[.suspended] ?? status[.stalled] ?? status[.backingOff] else { continue }
            lines.append(
                "  " + Style.yellow.apply(to: "! \(status.preset.key.name): \(why.message)", colour: colour))
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Creates of one preset are alike: one line says how many.
    private var grouped: [(action: Action, count: Int)] {
        var groups: [(action: Action, count: Int)] = []
        for action in report.plan.actions {
            if action.kind == .create, let last = groups.last, last.action == action {
                groups[groups.count - 1].count += 1
            } else {
                groups.append((action, 1))
            }
        }
        return groups
    }

    private func counts(_ status: PresetStatus?) -> String {
        guard let counts = status?.pool.counts else { return "" }
        let old = counts.outdated > 0 ? ", \(counts.outdated) outdated" : ""
        return Style.dim.apply(to: "  \(counts.eligible) of \(counts.desired) ready\(old)", colour: colour)
    }

    private func line(for action: Action, count: Int, status: PresetStatus?) -> String {
        let (symbol, style): (String, Style) =
            switch action.kind {
            case .create: ("+", .green)
            case .delete: ("-", .red)
            case .cancel: ("~", .yellow)
            }
        let what =
            action.workspace.map { Workspace.name(preset: action.preset.name, id: $0) } ?? counted(count, "workspace")
        return style.apply(to: "\(symbol) \(action.kind.rawValue) \(what)", colour: colour)
            + "  \(action.reason.rawValue): \(explanation(of: action.reason, status))"
    }

    private func explanation(of reason: Reason, _ status: PresetStatus?) -> String {
        guard let status else { return "" }
        let (preset, counts) = (status.preset, status.pool.counts)
        switch reason {
        case .belowDesired:
            let old = counts.outdated > 0 ? ", \(counts.outdated) of an older version" : ""
            let canary = status.pool.wait == .canary ? "; more when the first is ready" : ""
            return
                "wants \(counts.desired), has \(counts.eligible) ready and \(counts.starting) starting\(old)\(canary)"
        case .aboveDesired: return "wants \(counts.desired)"
        case .outdated: return "the preset is at \(preset.spec.template) \(preset.spec.version), \(preset.fingerprint)"
        case .expired: return "older than the ttl of \(preset.ttl?.prewarmText ?? "?")"
        case .failed: return "its create failed"
        case .lost: return "the provisioner says that it is gone"
        case .deprecated, .inactive, .pruned: return status[.deprecated]?.message ?? ""
        case .noLongerWanted: return "its create was not asked for yet"
        case .released: return "its owner gave it up"
        case .claimed: return "none was ready when it was claimed"
        case .orphaned: return "nobody knows it"
        case .starting: return "it is not ready yet"
        }
    }
}

extension Plan {
    /// `2 to create, 1 to delete, 0 to cancel.`
    static func summary(of plans: [Plan]) -> String {
        func count(_ kind: Action.Kind) -> Int { plans.reduce(0) { $0 + $1.actions.count { $0.kind == kind } } }
        let held = plans.reduce(0) { $0 + $1.held.count }
        guard plans.contains(where: { !$0.actions.isEmpty || !$0.held.isEmpty }) else {
            return plans.allSatisfy({ $0.pools.allSatisfy(\.isConverged) })
                ? "Nothing to do: every pool is as its preset says."
                : "Nothing to do now; `prewarm status` says what the pools wait for."
        }
        return "Plan: \(count(.create)) to create, \(count(.delete)) to delete, \(count(.cancel)) to cancel"
            + (held > 0 ? ", \(held) held." : ".")
    }
}
