package import PrewarmCore
package import PrewarmEngine

extension PlanDocument {
    /// The document of one plan over all sources. Each action and each held action has its reason.
    package init(plans reports: [ReconcileReport], at time: Timestamp, for audience: some Audience) {
        let all = reports.flatMap(\.statuses).filter { audience.sees($0.preset.key) }
        let statuses = Dictionary(all.map { ($0.preset.key, $0) }) { first, _ in first }
        let actions = reports.flatMap(\.plan.actions).filter { audience.sees($0.preset) }
        let held = reports.flatMap { $0.plan.held + $0.suspended }.filter { audience.sees($0.action.preset) }
        let revisions = Dictionary(reports.map { ($0.source, $0.revision) }) { first, _ in first }
        let diagnostics = reports.flatMap { audience.visible($0.diagnostics, of: $0.presets) }
        let rollouts = reports.flatMap(\.rollouts).filter { audience.sees($0.preset) }
        let changes = reports.flatMap { report in
            audience.visible(report.changes, of: report).map { (source: report.source, change: $0) }
        }
        let moreChanges = changes.count - Self.planChangeLimit
        func replaced(_ isCounted: (Rollout) -> Bool) -> Int {
            rollouts.filter(isCounted).reduce(0) { $0 + $1.replaces }
        }
        func count(_ kind: Action.Kind) -> Int { actions.count { $0.kind == kind } }
        self.init(
            revision: reports.count == 1 ? reports[0].revision?.description : nil,
            revisions: reports.count == 1
                ? nil
                : OrderedMap(reports.compactMap { report in report.revision.map { (report.source, $0.description) } }),
            at: time,
            applied: OrderedMap(
                reports.compactMap { report in report.applied.map { (report.source, $0.description) } }),
            changes: changes.prefix(Self.planChangeLimit).map {
                DefinitionChangeDocument($0.change, source: $0.source)
            },
            moreChanges: moreChanges.unlessZero, rollouts: rollouts.map { RolloutDocument($0) },
            actions: actions.map { ActionDocument($0, statuses[$0.preset], for: audience) },
            held: held.map { held in
                ActionDocument(
                    held.action, statuses[held.action.preset], hold: held.hold,
                    at: revisions[held.action.preset.source] ?? nil, for: audience)
            }, presets: all.map { PresetDocument($0, for: audience) },
            diagnostics: diagnostics.shown.map { DiagnosticDocument($0) },
            failures: reports.compactMap { SourceFailureDocument($0) }.unlessEmpty,
            summary: PlanSummaryDocument(
                create: count(.create), delete: count(.delete), cancel: count(.cancel), held: held.count,
                replace: replaced { !$0.isHeld && $0.hold == nil }, replaceHeld: replaced(\.isHeld)))
    }

    /// The most changes of definitions in the document of a plan.
    private static let planChangeLimit = 1000
}

extension ActionDocument {
    fileprivate init(
        _ action: Action, _ status: PresetStatus?, hold: Hold? = nil, at revision: Revision? = nil,
        for audience: some Audience
    ) {
        // A plan contains only unclaimed workspaces.
        let isHidden = audience.view(of: action.preset, owner: nil) == .hidden
        self.init(
            action: Choice(action.kind), preset: action.preset.name, source: action.preset.source,
            workspace: isHidden ? nil : action.workspace?.rawValue, reason: action.reason.rawValue,
            message: status.map { status in
                hold?.needsApproval == true
                    ? action.reason.heldExplanation(status) : action.reason.explanation(status, of: action.kind)
            }, heldBy: hold?.message(at: revision), needsApproval: hold?.needsApproval)
    }
}

extension Reason {
    /// Returns the reason why a change of a preset waits for an approval.
    fileprivate func heldExplanation(_ status: PresetStatus) -> String {
        switch self {
        case .outdated: "the revision has a new version, and the rollout strategy replaces most workspaces at once"
        case .aboveDesired: "the revision asks for fewer workspaces"
        default: status.retirementMessage ?? "the preset was removed from git"
        }
    }

    /// Returns the explanation of the reason with the numbers of the preset.
    fileprivate func explanation(_ status: PresetStatus, of kind: Action.Kind) -> String {
        let (preset, counts) = (status.preset, status.pool.counts)
        let waits = kind == .create && status.pool.outage != nil
        let outage = waits ? "; it waits, because the provisioner \(preset.spec.provisioner) is unavailable" : ""
        switch self {
        case .belowDesired:
            let old = counts.outdated > 0 ? ", \(counts.outdated) outdated" : ""
            let canary = status.pool.wait == .canary ? "; more are created when the first is ready" : ""
            return
                "\(counts.desired) desired, \(counts.eligible) ready, \(counts.starting) starting\(old)\(canary)\(outage)"
        case .waitingClaim:
            return "\(counts.waiting) more for waiting claims: \(counts.desired) desired, \(counts.eligible) ready, "
                + "\(counts.starting) starting\(outage)"
        case .aboveDesired: return "\(counts.desired) desired"
        case .outdated:
            return "the preset is now at \(preset.spec.template) \(preset.spec.version), \(preset.fingerprint)"
        case .expired where kind == .create:
            return "replaces a workspace that reaches the ttl of \(preset.ttl?.prewarmText ?? "?")"
        case .expired: return "the workspace is older than the ttl of \(preset.ttl?.prewarmText ?? "?")"
        case .failed: return "the workspace failed to build"
        case .unhealthy: return "the health checks of the workspace failed"
        case .healthCheck: return "the workspace is checked at an interval"
        case .replaced: return "an operator ran `prewarm replace`"
        case .lost: return "the provisioner reports that the workspace no longer exists"
        case .deprecated, .inactive, .pruned: return status.retirementMessage ?? ""
        case .noLongerWanted: return "the workspace is no longer desired, and its create has not started"
        case .released: return "the owner released the workspace"
        case .leaseExpired: return "the lease of the claim ended"
        case .revoked: return "an operator revoked the claim"
        case .claimed: return "no workspace was ready at the claim"
        case .orphaned: return "the store does not know the workspace"
        case .starting: return "the workspace is not ready yet"
        case .handoverFailed: return "the handover to the owner failed"
        }
    }
}
