import PrewarmCore

/// A plan for the applied revision of a source that is only shown.
struct Assessment: Sendable {
    private let engine: Engine
    private let name: String

    init(_ engine: Engine, _ source: String) {
        self.engine = engine
        name = source
    }

    /// Plans without asking the remote, and writes nothing.
    /// - Parameter touched: See ``Engine/assess(_:touched:)``.
    func report(touched: Set<PresetKey>?, in store: any StoreReader) throws -> ReconcileReport {
        let now = engine.now()
        let draft = try PlanDraft(
            engine, name, scope(touched: touched, at: now, in: store),
            Guarded(record: store.guardRecord(ofSource: name)), at: now, in: store)
        var report = ReconcileReport(source: name)
        report.include(draft)
        report.revision = draft.record?.applied
        report.rest = draft.scope.settled
        if report.rest == nil {
            report.unreadable = try engine.unreadable(name, presets: report.presets.count, in: store)
        }
        report.diagnostics = draft.diagnostics + report.unreadable
        return report
    }

    private func scope(
        touched: Set<PresetKey>?, at now: Timestamp, in store: any StoreReader
    ) throws -> PoolScope {
        // The condition of a pool whose handovers fail has to be seen, although nothing has to be done for the pool.
        let touched = try touched?.union(store.handoverFailures(source: name).lazy.map(\.preset))
        guard let touched, engine.isIncremental, touched.count < PoolScope.manyPools, !engine.policy.mayFreeze(name),
            let others = try store.presets(Array(touched))
        else { return PoolScope(presets: try store.presets(source: name)) }
        var scope = try PoolScope(open: name, and: others, at: now, in: store)
        guard scope.isReadable else { return PoolScope(presets: try store.presets(source: name)) }
        if scope.settled?.count == 0 { scope.settled = nil }
        return scope
    }
}
