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
    func report(touched: Set<PresetKey>?, in store: any StoreReader) throws -> TurnReport {
        let scope = try scope(touched: touched, in: store)
        var report = TurnReport(source: name)
        report.revision = try store.source(name)?.applied
        report.presets = scope.presets
        report.rest = scope.settled
        let observer = Observer(engine, name)
        let planner = try observer.planner(for: report.presets, at: engine.now(), in: store)
        let observed = try observer.observed(of: scope, planner: planner, in: store)
        report.plan = planner.plan(report.presets, observed: observed)
        report.plan.addHeld(by: try store.guardRecord(ofSource: name), of: report.presets)
        report.failures = observed.failures
        report.handovers = try store.handoversFailing(source: name)
        report.conditions = try scope.conditions(source: name, in: store)
        if scope.settled == nil {
            report.unreadable = try engine.unreadable(name, presets: report.presets.count, in: store)
        }
        report.diagnostics = try store.diagnostics(source: name) + report.unreadable
        return report
    }

    private func scope(touched: Set<PresetKey>?, in store: any StoreReader) throws -> PoolScope {
        // The condition of a pool whose handovers fail has to be seen, although nothing has to be done for the pool.
        let touched = try touched?.union(store.handoverFailures(source: name).lazy.map(\.preset))
        guard let touched, engine.isIncremental, touched.count < PoolScope.manyPools, !engine.policy.mayFreeze(name),
            let open = try store.unsettledPresets(source: name),
            let others = try store.presets(Array(touched.subtracting(open.lazy.map(\.key))))
        else { return PoolScope(presets: try store.presets(source: name)) }
        let presets = (open + others).sorted { $0.key < $1.key }
        let settled = try store.settledPools(source: name, without: Set(others.lazy.map(\.key)))
        if let change = settled.nextChange, change <= engine.now() {
            return PoolScope(presets: try store.presets(source: name))
        }
        return PoolScope(presets: presets, settled: settled.count > 0 ? settled : nil)
    }
}
