import PrewarmCore

/// The transaction of a reconciliation: it plans and writes, so that no plan is made from outdated state.
struct ReconcileTransaction: Sendable {
    let engine: Engine
    let source: Engine.Source
    let request: ReconcileRequest
    /// The record of the source at the beginning of the transaction.
    let record: SourceRecord
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

    /// Applies the definition, observes, plans, and saves the plan as operations.
    /// - Throws: ``TurnError/planChanged(source:)``, ``StoreError``; ``Overtaken`` if the guard decided from an older
    ///   record
    func run(in store: any StoreWriter) throws -> TurnReport {
        guard try store.guardRecord(ofSource: source.name) == guarded.earlier else { throw Overtaken() }
        let recorder = Recorder(self)
        var failures = try store.failures(source: source.name)
        if let definition {
            try recorder.noteRevision(definition, in: store)
            try put(definition, in: store)
        }
        try putAdmitted(&failures, in: store)

        let scope = try scope(in: store)
        let observer = Observer(engine, source.name)
        let planner = try observer.planner(for: scope.presets, at: now, in: store)
        let observed = try observer.observed(of: scope, planner: planner, failures: failures, in: store)
        let presets = try forgetGone(among: scope.presets, observed, in: store)

        var report = TurnReport(source: source.name)
        report.revision = revision
        report.isNewRevision = isNewRevision
        report.failure = failure
        report.hasReadManifests = definition != nil
        report.presets = presets
        report.failures = observed.failures
        report.diagnostics = try definition?.diagnostics ?? store.diagnostics(source: source.name)
        report.plan = try plan(presets, observed, scope, by: planner)

        let applier = Applier(self, presets: PresetTable(scope.presets), observed: observed)
        let counts = try applier.apply(report.plan, in: store)
        report.conditions = try scope.conditions(source: source.name, in: store)
        report.convergedAfter = try recorder.record(report, of: scope, counts, in: store)
        return report
    }

    private func plan(
        _ presets: [Preset], _ observed: Observed, _ scope: PoolScope, by planner: Planner
    ) throws -> Plan {
        var plan = planner.plan(presets, observed: observed)
        plan.addHeld(by: guarded.record, of: presets)
        plan.noteChange(scope.settled?.nextChange)
        // Another source may make room without an event of this source, so this one looks again soon.
        if engine.sources.count > 1, plan.held.contains(where: \.hold.isOfAllSources) {
            plan.noteChange(now + .seconds(15))
        }
        if let preset { plan.restrict(to: preset) }
        if let expected = request.expected, expected != plan.digest(revision: revision) {
            throw TurnError.planChanged(source: source.name)
        }
        return plan
    }

    // MARK: Definition

    /// Saves the definition, except for the presets.
    private func put(_ definition: Definition, in store: any StoreWriter) throws {
        if let templates = definition.templates { try store.replaceTemplates(templates, source: source.name) }
        // If only changed files were read, there were no diagnostics before, and there are no new ones.
        if definition.presets != nil { try store.replaceDiagnostics(definition.diagnostics, source: source.name) }
        try store.saveParsed(definition.newlyParsed, parserVersion: engine.parser.version)
    }

    /// Saves the presets that the deletion guard admits.
    /// - Parameter failures: The failures of the source. Those that a new definition makes void are removed.
    private func putAdmitted(_ failures: inout [FailureRecord], in store: any StoreWriter) throws {
        guard !guarded.changes.isEmpty else { return }
        try store.save(guarded.changes.map(\.now))
        try store.lengthenLeases(of: guarded.changes, at: now)
        let failing = Set(failures.map(\.preset))
        for change in guarded.changes
        where failing.contains(change.now.key) && change.isNewTry {
            try store.setFailure(nil, of: change.now.key)
            failures.removeAll { $0.preset == change.now.key }
        }
        for change in guarded.changes {
            guard let before = change.before, before.options.priority != change.now.options.priority else { continue }
            try store.setPriority(change.now.options.priority, of: change.now.key)
        }
    }

    /// Deletes the records of presets that were removed from git and have no workspaces left. Returns the other presets.
    private func forgetGone(
        among presets: [Preset], _ observed: Observed, in store: any StoreWriter
    ) throws -> [Preset] {
        let gone = presets.filter { $0.retirement == .pruned && observed.tallies[$0.key] == nil }
        if gone.isEmpty { return presets }
        try forget(gone, in: store)
        let keys = Set(gone.map(\.key))
        return presets.filter { !keys.contains($0.key) }
    }

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
    /// one preset or one plan may be carried out, or if freezes apply.
    func scope(in store: any StoreWriter) throws -> PoolScope {
        if let presets = definition?.presets {
            // The diagnostics are those of all files. If one preset is reconciled, the others have to be planned for later,
            // so that their conditions show the diagnostics.
            if preset != nil { try store.unsettle(source: source.name, dueBy: nil) }
            return PoolScope(presets: guarded.planned(presets))
        }
        guard engine.isIncremental, preset == nil, request.expected == nil, !engine.policy.mayFreeze(source.name) else {
            return PoolScope(presets: try store.presets(source: source.name))
        }
        try store.unsettle(source: source.name, dueBy: record.isPlannedAhead(of: now) ? nil : now)
        guard let presets = try store.unsettledPresets(source: source.name) else {
            return PoolScope(presets: try store.presets(source: source.name), isReadable: false)
        }
        return PoolScope(presets: presets, settled: try store.settledPools(source: source.name, without: []))
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
