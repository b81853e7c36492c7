import PrewarmCore

/// The plan that a reconciliation of a source would make now, without carrying it out.
struct Preview: Sendable {
    private let engine: Engine
    private let source: Engine.Source

    init(_ engine: Engine, _ source: Engine.Source) {
        self.engine = engine
        self.source = source
    }

    /// - Parameter revision: A branch, tag or commit to plan for; nil for the configured ref.
    func plan(for revision: String?) async throws -> ReconcileReport {
        let start = try await ReconcileStart(engine, source)
        do {
            let target = try await Resolver(engine, source).resolve(revision, start)
            if start.isNew(target) { return try await plan(for: target, isAskedFor: revision != nil, start) }
        } catch let failure as GitFailure {
            try Task.checkCancellation()
            if revision != nil { throw failure }
            return try await planForApplied(failure)
        }
        return try await planForApplied(nil)
    }

    private func plan(
        for target: Revision, isAskedFor: Bool, _ start: ReconcileStart
    ) async throws -> ReconcileReport {
        try await source.git.fetch(target)
        let remarks = try await Verifier(engine, source)
            .remarks(on: Arrival(revision: target), start, isAskedFor: isAskedFor)
        let manifests = try await Loader(engine, source).all(at: target)
        let definition = try await Linking(engine, source).link(manifests, of: target)
        return try await plan { [engine, source] store in
            var report = ReconcileReport(source: source.name)
            report.revision = target
            report.diagnostics = definition.diagnostics + remarks
            let guarded = try Admission(engine, source).admit(definition.changes, in: store)
            return (report, guarded, definition.presets ?? [], definition.templateChanges)
        }
    }

    /// Plans for the presets as the guard admits them.
    /// - Parameter begin: Returns the report without a plan, the decision of the guard, and the presets of the revision
    ///   and its changes of templates.
    private func plan(
        _ begin:
            @escaping @Sendable (any StoreReader) throws -> (ReconcileReport, Guarded, [Preset], [DefinitionChange])
    ) async throws -> ReconcileReport {
        let now = engine.now()
        var report = try await engine.store.read { [engine, source] store in
            let (earlier, guarded, presets, templates) = try begin(store)
            var report = earlier
            let scope = PoolScope(presets: guarded.planned(presets))
            report.include(try PlanDraft(engine, source.name, scope, guarded, at: now, in: store))
            try RevisionComparison(engine, source.name, guarded.record, in: store).add(presets, templates, to: &report)
            return report
        }
        report.suspended = try await heldBySuspensions(report)
        return report
    }

    private func planForApplied(_ failure: GitFailure?) async throws -> ReconcileReport {
        let name = source.name
        if try await engine.store.read({ try $0.guardRecord(ofSource: name).hasApproval }) {
            return try await plan { [engine, source] store in
                var report = ReconcileReport(source: source.name)
                report.revision = try store.source(source.name)?.applied
                report.failure = failure
                report.diagnostics = try store.diagnostics(source: source.name)
                let guarded = try Admission(engine, source).admit(nil, in: store)
                return (report, guarded, guarded.earlier.written(try store.presets(source: source.name)), [])
            }
        }
        let assessed = try await engine.assess(name)
        var report = try await engine.store.read { [engine] store in
            var report = assessed
            let record = try store.guardRecord(ofSource: name)
            try RevisionComparison(engine, name, record, in: store)
                .add(record.written(try store.presets(source: name)), [], to: &report)
            return report
        }
        report.failure = failure
        report.suspended = try await heldBySuspensions(report)
        return report
    }

    /// Returns the actions of suspended presets that would be planned without the suspensions.
    private func heldBySuspensions(_ report: ReconcileReport) async throws -> [HeldAction] {
        let suspended = Set(
            zip(report.presets, report.plan.pools).lazy.filter { $1.isSuspended($0) }.map { $0.0.key })
        guard !suspended.isEmpty else { return [] }
        let (presets, now) = (report.presets.map(\.resumed), engine.now())
        return try await engine.store.read { [engine, source] store in
            let observer = Observer(engine, source.name)
            let planner = try observer.planner(for: presets, at: now, in: store)
            var observed = try observer.observed(of: PoolScope(presets: presets), planner: planner, in: store)
            observed.suspensions = []
            let plan = planner.plan(presets, observed: observed)
            return (plan.actions + plan.held.map(\.action)).filter { suspended.contains($0.preset) }
                .map { HeldAction($0, hold: .suspension) }
        }
    }
}
