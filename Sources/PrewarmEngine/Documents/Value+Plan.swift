package import PrewarmCore

extension Value {
    /// One plan over all sources. Each action, and each that is held back, says why.
    package init(plans reports: [TurnReport], at time: Timestamp, for audience: some Audience) {
        let all = reports.flatMap(\.statuses).filter { audience.sees($0.preset.key) }
        let statuses = Dictionary(all.map { ($0.preset.key, $0) }) { first, _ in first }
        let actions = reports.flatMap(\.plan.actions).filter { audience.sees($0.preset) }
        let held = reports.flatMap(\.plan.held).filter { audience.sees($0.action.preset) }
        let diagnostics = reports.flatMap { audience.visible($0.diagnostics, of: $0.presets) }
        func count(_ kind: Action.Kind) -> Value { .int(actions.count { $0.kind == kind }) }
        self = .object(known: [
            "revision": reports.count == 1 ? reports[0].revision.map { .string($0.description) } : nil,
            "revisions": reports.count == 1
                ? nil
                : .object(
                    reports.compactMap { report in report.revision.map { (report.source, .string($0.description)) } }),
            "at": Value(time),
            "actions": .array(actions.map { Value($0, statuses[$0.preset], for: audience) }),
            "held": .array(held.map { Value($0.action, statuses[$0.action.preset], hold: $0.hold, for: audience) }),
            "presets": .array(all.map { Value($0, for: audience) }),
            "diagnostics": .array(diagnostics.shown.map { Value($0) }),
            "failures": reports.allSatisfy { $0.failure == nil } ? nil : .array(reports.compactMap(\.failureValue)),
            "summary": .object(known: [
                "create": count(.create), "delete": count(.delete), "cancel": count(.cancel), "held": .int(held.count),
            ]),
        ])
    }

    private init(_ action: Action, _ status: PresetStatus?, hold: Hold? = nil, for audience: some Audience) {
        // Only workspaces that nobody has claimed are in a plan.
        let isHidden = audience.view(of: action.preset, owner: nil) == .hidden
        self = .object(known: [
            "action": .string(action.kind.rawValue),
            "preset": .string(action.preset.name),
            "source": .string(action.preset.source),
            "workspace": isHidden ? nil : action.workspace.map { .string($0.rawValue) },
            "reason": .string(action.reason.rawValue),
            "message": status.map { .string(action.reason.explanation($0)) },
            "heldBy": hold.map { .string($0.message) },
            "needsApproval": hold.map { .bool($0.needsApproval) },
        ])
    }
}

extension TurnReport {
    /// Why the source could not be read, and what is in force meanwhile.
    fileprivate var failureValue: Value? {
        guard let failure else { return nil }
        return .object(known: [
            "source": .string(source), "reason": .string(failure.reason.rawValue),
            "message": .string(failure.message), "hint": failure.hint.map { .string($0) },
            "inForce": revision.map { .string($0.description) },
        ])
    }
}

extension Reason {
    /// Why, in the numbers of the preset.
    fileprivate func explanation(_ status: PresetStatus) -> String {
        let (preset, counts) = (status.preset, status.pool.counts)
        switch self {
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
