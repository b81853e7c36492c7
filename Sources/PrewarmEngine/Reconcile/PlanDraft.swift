import PrewarmCore

/// A plan for pools of a source with the state that it was made from, which is one snapshot of the store.
///
/// A preview and an assessment show it. A reconciliation carries it out in a later transaction (``ReconcileTransaction``), so
/// that no claim waits while a plan is made.
struct PlanDraft: Sendable {
    let scope: PoolScope
    /// The presets that were planned for: those of the scope without ``gone``.
    let presets: [Preset]
    /// The presets that were removed from git and have no workspaces left.
    let gone: [Preset]
    let observed: Observed
    var plan: Plan
    /// The conditions that the last reconciliation stored.
    let conditions: [PresetKey: [Condition]]
    /// The diagnostics of the applied revision.
    let diagnostics: [Diagnostic]
    /// The record of the source.
    let record: SourceRecord?
    /// The stored failures of the source.
    let failures: [PresetKey: FailureRecord]
    /// The failed handovers in a row, by preset.
    let handovers: [PresetKey: HandoverFailures]
    let isStoreRestored: Bool
    private let plannedAt: Timestamp

    /// Observes the pools and plans for them.
    /// - Parameters:
    ///   - guarded: The decision of the deletion guard.
    ///   - forgetsGone: True if presets without workspaces that were removed from git are left out.
    init(
        _ engine: Engine, _ source: String, _ scope: PoolScope, _ guarded: Guarded, forgetsGone: Bool = false,
        at now: Timestamp, in store: any StoreReader
    ) throws {
        let observer = Observer(engine, source)
        let planner = try observer.planner(for: scope.presets, at: now, in: store)
        var observed = try observer.observed(of: scope, planner: planner, in: store)
        failures = observed.failures
        for change in guarded.changes where change.isNewTry { observed.failures[change.now.key] = nil }
        let tallies = observed.tallies
        gone = forgetsGone ? scope.presets.filter { $0.retirement == .pruned && tallies[$0.key] == nil } : []
        let goneKeys = Set(gone.lazy.map(\.key))
        presets = goneKeys.isEmpty ? scope.presets : scope.presets.filter { !goneKeys.contains($0.key) }
        plan = planner.plan(presets, observed: observed)
        plan.addHeld(by: guarded.record, of: presets)
        plan.noteChange(scope.settled?.nextChange)
        self.scope = scope
        self.observed = observed
        conditions = try scope.conditions(source: source, in: store).filter { !goneKeys.contains($0.key) }
        diagnostics = try store.diagnostics(source: source)
        record = try store.source(source)
        handovers = try store.handoversFailing(source: source)
        isStoreRestored = planner.isStoreRestored
        plannedAt = now
    }

    /// Returns the pools whose workspaces changed since the plan was made; nil if the plan may no longer be carried out.
    ///
    /// A claim, or a workspace that became ready, does no harm to a plan that only adds workspaces: the next reconciliation
    /// fills a gap. The plan may not be carried out if another one was recorded since, if the rules changed, if workspaces
    /// were added, or if a pool changed from which the plan removes workspaces, since too few might be left.
    func changedPools(_ engine: Engine, _ source: String, in store: any StoreReader) throws -> Set<PresetKey>? {
        let current = try store.source(source)
        guard current?.applied == record?.applied, current?.appliedAt == record?.appliedAt,
            current?.inputs == record?.inputs, current?.plans == record?.plans,
            try store.suspensions() == observed.suspensions,
            try Observer(engine, source).outages(in: store) == observed.outages,
            try store.replacements() == observed.replaced, try store.brokenClaims() == observed.brokenClaims,
            try (store.restoredHold() != nil) == isStoreRestored,
            try store.handoversFailing(source: source) == handovers,
            try Dictionary(uniqueKeysWithValues: store.failures(source: source).map { ($0.preset, $0) }) == failures,
            try hasRoom(engine.policy.limits, source, in: store)
        else { return nil }
        if plan.actions.contains(where: { $0.reason == .waitingClaim }) {
            // A claim may have got a workspace, or may have stopped waiting.
            guard try engine.waitingDemand(source: source, at: plannedAt, in: store) == observed.waiting else {
                return nil
            }
        }
        let reduced = Set(plan.actions.lazy.filter { $0.kind != .create }.map(\.preset))
        // A start of an operation does not mark the source, so pools that lose workspaces are compared in any case.
        guard current?.changes != record?.changes || !reduced.isEmpty else { return [] }
        let tallies = try Observer(engine, source).tallies(of: scope, in: store)
        var changed: Set<PresetKey> = []
        for key in Set(tallies.keys).union(observed.tallies.keys) where key.source == source {
            let (now, before) = (tallies[key] ?? [], observed.tallies[key] ?? [])
            guard now != before else { continue }
            if reduced.contains(key) || now.liveCount > before.liveCount { return nil }
            changed.insert(key)
        }
        return changed
    }

    /// Returns true if the workspaces that the plan adds are still within the limits.
    private func hasRoom(_ limits: Policy.Limits, _ source: String, in store: any StoreReader) throws -> Bool {
        guard limits.instances != nil || limits.instancesPerSource != nil else { return true }
        let added = plan.actions.reduce(0) { $0 + ($1.kind == .create ? 1 : $1.kind == .cancel ? -1 : 0) }
        guard added > 0 || plan.actions.contains(where: { $0.kind == .create }) else { return true }
        let live = try store.liveWorkspaces()
        return live.values.reduce(added, +) <= limits.instances ?? .max
            && live[source, default: 0] + added <= limits.instancesPerSource ?? .max
    }
}

extension ReconcileReport {
    /// Takes over the plan with the state that it was made from.
    mutating func include(_ draft: PlanDraft) {
        presets = draft.presets
        plan = draft.plan
        failures = draft.observed.failures
        conditions = draft.conditions
        handovers = draft.handovers
    }
}
