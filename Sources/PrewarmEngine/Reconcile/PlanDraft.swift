import PrewarmCore

/// A plan for pools of a source with the state that it was made from, which is one snapshot of the store.
///
/// A preview and an assessment show it. A reconciliation carries it out in a later transaction, if the plan still fits
/// then (``ReconcileTransaction``), so that no claim waits while a plan is made.
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
    /// The number of workspaces that limits count, by source; empty if there is no limit.
    let live: [String: Int]

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
        conditions = try scope.conditions(source: source, in: store)
        diagnostics = try store.diagnostics(source: source)
        record = try store.source(source)
        handovers = try store.handoversFailing(source: source)
        isStoreRestored = planner.isStoreRestored
        live = engine.policy.limits.areOfInstances ? try store.liveWorkspaces() : [:]
    }

    /// Returns true if the plan may be carried out in a later transaction.
    ///
    /// Claims, outcomes and deletions since then do no harm: the plan deletes a workspace only if it is still in its pool,
    /// and the next reconciliation fills a gap. The plan no longer fits if the rules changed, or if workspaces were added,
    /// which could exceed a limit.
    func fits(_ engine: Engine, _ source: String, in store: any StoreReader) throws -> Bool {
        let now = try store.source(source)
        guard now?.applied == record?.applied, now?.appliedAt == record?.appliedAt, now?.inputs == record?.inputs,
            try store.suspensions() == observed.suspensions,
            try Observer(engine, source).outages(in: store) == observed.outages,
            try (store.restoredHold() != nil) == isStoreRestored,
            try Dictionary(uniqueKeysWithValues: store.failures(source: source).map { ($0.preset, $0) }) == failures
        else { return false }
        if plan.actions.contains(where: { $0.kind == .create }), !live.isEmpty {
            let others = try store.liveWorkspaces()
            let sum = others.values.reduce(0, +)
            guard sum <= live.values.reduce(0, +), others[source] ?? 0 <= live[source] ?? 0 else { return false }
        }
        let changed = try changedPools(engine, source, in: store)
        return changed.allSatisfy { (observed.tallies[$0.key] ?? []).liveCount >= $0.value }
    }

    /// Returns the pools whose workspaces changed since, each with its number of workspaces that limits count.
    func changedPools(_ engine: Engine, _ source: String, in store: any StoreReader) throws -> [PresetKey: Int] {
        // Each change marks the source, so that nothing has to be read if the source was not marked.
        guard try store.source(source)?.changes != record?.changes else { return [:] }
        let tallies = try Observer(engine, source).tallies(of: scope, in: store)
        var changed: [PresetKey: Int] = [:]
        for key in Set(tallies.keys).union(observed.tallies.keys)
        where key.source == source && tallies[key] != observed.tallies[key] {
            changed[key] = (tallies[key] ?? []).liveCount
        }
        return changed
    }
}

extension TurnReport {
    /// Takes over the plan with the state that it was made from.
    mutating func take(_ draft: PlanDraft) {
        presets = draft.presets
        plan = draft.plan
        failures = draft.observed.failures
        conditions = draft.conditions
        handovers = draft.handovers
    }
}
