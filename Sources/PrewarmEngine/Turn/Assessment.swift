package import PrewarmCore

extension Engine {
    /// Plans the pools of the applied revision without asking the remote and without carrying anything out. It writes
    /// only if a stored value cannot be read: then the next reconciliation reads all manifests again.
    /// - Parameter touched: Presets to include although their pools are settled. Other settled pools are only counted in
    ///   ``TurnReport/rest``. Nil includes all pools.
    package func assess(_ name: String, touched: Set<PresetKey>? = nil) async throws -> TurnReport {
        let report = try await look(at: name, touched: touched)
        if !report.unreadable.isEmpty {
            // If the store cannot be written, the next assessment finds the value again.
            try? await store.write { store in
                guard var record = try store.source(name), !record.inputs.isEmpty else { return }
                record.readAgain()
                try store.save(record)
            }
        }
        return report
    }

    /// Plans the pools of all sources without asking a remote and without carrying anything out.
    package func assess() async throws -> [TurnReport] {
        var reports: [TurnReport] = []
        for name in sourceNames { reports.append(try await assess(name)) }
        return reports
    }

    /// Plans like ``assess(_:touched:)``, and never writes.
    private func look(at name: String, touched: Set<PresetKey>?) async throws -> TurnReport {
        try await store.read { store in
            let scope = try scope(of: name, touched: touched, in: store)
            var report = TurnReport(source: name)
            report.revision = try store.source(name)?.applied
            report.presets = scope.presets
            report.rest = scope.settled
            let planner = try planner(for: report.presets, at: now(), in: store)
            let observed = try observed(of: scope, source: name, planner: planner, in: store)
            report.plan = planner.plan(report.presets, observed: observed)
            report.note(try store.guardRecord(ofSource: name))
            report.failures = observed.failures
            report.conditions = try scope.conditions(source: name, in: store)
            if scope.settled == nil {
                report.unreadable = try unreadable(name, presets: report.presets.count, in: store)
            }
            report.diagnostics = try store.diagnostics(source: name) + report.unreadable
            return report
        }
    }

    private func scope(
        of name: String, touched: Set<PresetKey>?, in store: any StoreReader
    ) throws -> TurnScope {
        guard let touched, isIncremental, touched.count < TurnScope.manyPools, !policy.mayFreeze(name),
            let open = try store.unsettledPresets(source: name),
            let others = try store.presets(Array(touched.subtracting(open.lazy.map(\.key))))
        else { return TurnScope(presets: try store.presets(source: name)) }
        let presets = (open + others).sorted { $0.key < $1.key }
        let settled = try store.settledPools(source: name, without: Set(others.lazy.map(\.key)))
        if let change = settled.nextChange, change <= now() {
            return TurnScope(presets: try store.presets(source: name))
        }
        return TurnScope(presets: presets, settled: settled.count > 0 ? settled : nil)
    }
}
