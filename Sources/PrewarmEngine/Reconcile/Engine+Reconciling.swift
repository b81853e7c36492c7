package import PrewarmCore

extension Engine {
    /// Reconciles a source: pulls it, plans, and commits the plan as operations. It asks no provisioner.
    /// - Parameters:
    ///   - pull: If false, it plans for the applied revision without asking the remote.
    ///   - revision: A branch, tag or commit to apply instead of the configured ref. The next reconciliation returns to the
    ///     configured ref.
    ///   - preset: The only preset to act on; nil for all.
    ///   - expected: The digest of the plan to carry out. Any other plan is refused.
    ///   - share: The right of this replica to reconcile the source; nil for a command.
    /// - Throws: ``ReconcileError``, ``StoreError``. If the remote cannot be read, the report says so, and nothing is thrown.
    package func reconcile(
        _ name: String, pull: Bool = true, revision: String? = nil, preset: String? = nil, expected: String? = nil,
        share: SourceFence? = nil
    ) async throws -> ReconcileReport {
        let request = ReconcileRequest(
            pull: pull, revision: revision, preset: preset, expected: expected, share: share)
        guard let source = sources[name] else {
            guard try await store.read({ try $0.source(name) }) != nil, let source = removedSource(name) else {
                throw ReconcileError.unknownSource(name)
            }
            return try await Reconciler(engine: self, source: source, request: request).reconcile()
        }
        return try await observingReconciliation(of: name, pulls: pull) {
            try await Reconciler(engine: self, source: source, request: request).reconcile()
        }
    }

    /// Returns the plan that a reconciliation would make now. It changes only the mirror.
    /// - Parameter revision: A branch, tag or commit to plan for; nil for the configured ref.
    package func preview(_ name: String, revision: String? = nil) async throws -> ReconcileReport {
        guard let source = sources[name] else { throw ReconcileError.unknownSource(name) }
        return try await Preview(self, source).plan(for: revision)
    }

    /// Plans the pools of the applied revision without asking the remote and without carrying anything out. It writes
    /// only if a stored value cannot be read: then the next reconciliation reads all manifests again.
    /// - Parameter touched: Presets to include although their pools are settled. Other settled pools are only counted in
    ///   ``ReconcileReport/rest``. Nil includes all pools.
    package func assess(_ name: String, touched: Set<PresetKey>? = nil) async throws -> ReconcileReport {
        let report = try await store.read { try Assessment(self, name).report(touched: touched, in: $0) }
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
    package func assess() async throws -> [ReconcileReport] {
        var reports: [ReconcileReport] = []
        for name in sourceNames { reports.append(try await assess(name)) }
        return reports
    }
}
