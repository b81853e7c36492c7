internal import PrewarmCore

/// Everything that somebody who looks after the pools has to see.
package struct Overview: Sendable {
    private let sources: [SourceStatus]
    private let presets: [PresetStatus]
    /// Unfinished ones that failed before.
    private let failing: [Operation]
    /// Of unfinished operations, those that the configuration does not name.
    private let missingProvisioners: [String]
    /// In the store, and not in the configuration any more.
    private let unconfiguredSources: [String]
    /// Listed by a provisioner, and known to nobody.
    private let orphans: [Orphan]
    private let now: Timestamp

    package init(_ engine: Engine) async throws {
        now = engine.now()
        sources = try await engine.sourceStatuses()
        presets = try await engine.assess().flatMap(\.statuses)
        let pending: [Operation]
        (unconfiguredSources, pending, orphans) = try await engine.store.read { store in
            (
                try store.sources().map(\.name).filter { engine.sources[$0] == nil },
                try store.operations(OperationFilter(states: [.pending])).map(\.operation),
                try store.orphans()
            )
        }
        failing = pending.filter { $0.error != nil && $0.kind != .inspect }
        missingProvisioners = Set(pending.map(\.provisioner)).subtracting(engine.provisioners.keys).sorted()
    }

    package var isHealthy: Bool {
        sources.allSatisfy(\.isHealthy) && presets.allSatisfy(\.isHealthy) && failing.isEmpty
            && missingProvisioners.isEmpty && unconfiguredSources.isEmpty
    }

    package var value: Value {
        .object(known: [
            "at": Value(now),
            "healthy": .bool(isHealthy),
            "sources": .array(sources.map { Value($0) }),
            "presets": .array(presets.map { Value($0) }),
            "failing": .array(failing.map { Value($0) }),
            "orphans": orphans.isEmpty ? nil : .array(orphans.map { Value($0) }),
            "unconfiguredSources": unconfiguredSources.isEmpty
                ? nil : .array(unconfiguredSources.map { .string($0) }),
            "missingProvisioners": missingProvisioners.isEmpty
                ? nil : .array(missingProvisioners.map { .string($0) }),
        ])
    }
}
