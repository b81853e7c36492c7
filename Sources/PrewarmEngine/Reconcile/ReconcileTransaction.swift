import PrewarmCore

/// The last stages of a reconciliation. ``draft(in:)`` observes and plans from a snapshot of the store, while claims go on.
/// ``run(_:in:)`` carries the plan out in a transaction.
struct ReconcileTransaction: Sendable {
    let engine: Engine
    let source: Engine.Source
    let request: ReconcileRequest
    /// The record of the source when the plan is made, and then at the beginning of the transaction.
    var record: SourceRecord
    /// The definition to apply; nil if the applied revision stays.
    let definition: Definition?
    /// The decision of the deletion guard about ``definition``.
    let guarded: Guarded
    /// The reason why the newest revision could not be read.
    let failure: GitFailure?
    let now: Timestamp

    /// The applied revision after the transaction.
    var revision: Revision? { definition?.revision ?? record.applied }
    /// The only preset to act on; nil for all.
    var preset: String? { request.preset }
    /// Returns true if the remote was read, which ends an earlier failure.
    var isRecovered: Bool { request.pull && failure == nil }
    /// Returns true if the transaction applies another revision than before.
    var isNewRevision: Bool { definition != nil && revision != record.applied }

    /// Returns the plan for the definition, made from a snapshot of the store.
    func draft(in store: any StoreReader) throws -> PlanDraft {
        var draft = try PlanDraft(
            engine, source.name, scope(in: store), guarded, forgetsGone: true, at: now, in: store)
        // Another source may make room without an event of this source, so this one looks again soon.
        if engine.sources.count > 1, draft.plan.held.contains(where: \.hold.isOfAllSources) {
            draft.plan.noteChange(now + .seconds(15))
        }
        if let preset { draft.plan.restrict(to: preset) }
        return draft
    }

    /// Saves the definition, and the plan as operations.
    /// - Parameter draft: A plan that was made before. If it is nil or may no longer be carried out, the transaction makes
    ///   another one.
    /// - Throws: ``ReconcileError/planChanged(source:)``, ``StoreError``; ``Overtaken`` if the guard decided from an older
    ///   record
    func run(_ draft: PlanDraft?, in store: any StoreWriter) throws -> ReconcileReport {
        guard try store.guardRecord(ofSource: source.name) == guarded.earlier else { throw Overtaken() }
        let changed = try draft?.changedPools(engine, source.name, in: store)
        let draft = try changed == nil ? self.draft(in: store) : draft ?? self.draft(in: store)
        if let expected = request.expected, expected != draft.plan.digest(revision: revision) {
            throw ReconcileError.planChanged(source: source.name)
        }
        let recorder = Recorder(self)
        if let definition {
            try recorder.noteRevision(definition, in: store)
            try put(definition, in: store)
        }
        try putAdmitted(failing: Set(draft.failures.keys), in: store)
        if !draft.gone.isEmpty { try forget(draft.gone, in: store) }

        var report = ReconcileReport(source: source.name)
        report.revision = revision
        report.isNewRevision = isNewRevision
        report.failure = failure
        report.hasReadManifests = definition != nil
        report.diagnostics = definition?.diagnostics ?? draft.diagnostics
        report.include(draft)
        let applied = try Applier(self, draft, changed: changed ?? []).apply(in: store)
        report.plan.actions = applied.actions
        report.convergedAfter = try recorder.record(report, of: draft.scope, applied, in: store)
        return report
    }

    // MARK: Definition

    /// Saves the definition, except for the presets.
    private func put(_ definition: Definition, in store: any StoreWriter) throws {
        if let templates = definition.templates { try store.replaceTemplates(templates, source: source.name) }
        // The diagnostics are those of all files. If one preset is reconciled, the others have to be planned for later, so
        // that their conditions show the diagnostics.
        if definition.presets != nil, preset != nil { try store.unsettle(source: source.name) }
        // If only changed files were read, there were no diagnostics before, and there are no new ones.
        if definition.presets != nil { try store.replaceDiagnostics(definition.diagnostics, source: source.name) }
        try store.saveParsed(definition.newlyParsed, parserVersion: engine.parser.version, at: now)
    }

    /// Saves the presets that the deletion guard admits.
    /// - Parameter failing: The presets with a failed build. The failures that a new definition makes void are deleted.
    private func putAdmitted(failing: Set<PresetKey>, in store: any StoreWriter) throws {
        guard !guarded.changes.isEmpty else { return }
        try store.save(guarded.changes.map(\.now))
        try store.lengthenLeases(of: guarded.changes, at: now)
        for change in guarded.changes where failing.contains(change.now.key) && change.isNewTry {
            try store.setFailure(nil, of: change.now.key)
        }
        for change in guarded.changes {
            guard let before = change.before, before.options.priority != change.now.options.priority else { continue }
            try store.setPriority(change.now.options.priority, of: change.now.key)
        }
    }

    /// Deletes the records of presets that were removed from git and have no workspaces left.
    private func forget(_ presets: [Preset], in store: any StoreWriter) throws {
        try store.forget(presets.map(\.key))
        try store.append(
            presets.map { preset in
                Event(
                    at: now, reason: .forgotten, object: "preset", name: preset.key.name,
                    source: source.name, preset: preset.key.name,
                    message: "the preset was removed from git, and its last workspace is deleted")
            })
    }

    // MARK: Scope

    /// Returns the pools to plan for: those that may have changed, or all pools if the whole desired state was read, if only
    /// one preset or one plan may be carried out, if freezes apply, or if the clock was set back.
    private func scope(in store: any StoreReader) throws -> PoolScope {
        if let presets = definition?.presets { return PoolScope(presets: guarded.planned(presets)) }
        let changed = guarded.changes.map(\.now)
        guard engine.isIncremental, preset == nil, request.expected == nil, !engine.policy.mayFreeze(source.name),
            !record.isPlannedAhead(of: now)
        else {
            let keys = Set(changed.lazy.map(\.key))
            let others = try store.presets(source: source.name).filter { !keys.contains($0.key) }
            return PoolScope(presets: (others + changed).sorted { $0.key < $1.key })
        }
        return try PoolScope(open: source.name, and: changed, at: now, in: store)
    }
}

extension Plan {
    mutating func noteChange(_ at: Timestamp?) {
        if let at, at < nextChange ?? .distantFuture { nextChange = at }
    }

    /// Removes the actions, holds and pools of other presets.
    package mutating func restrict(to preset: String) {
        actions.removeAll { $0.preset.name != preset }
        held.removeAll { $0.action.preset.name != preset }
        pools.removeAll { $0.preset.name != preset }
    }
}

extension PresetChange {
    /// Returns true if the change makes earlier build failures void: a new fingerprint or a new failure limit.
    var isNewTry: Bool {
        before?.fingerprint != now.fingerprint || before?.failureLimit != now.failureLimit
    }
}
