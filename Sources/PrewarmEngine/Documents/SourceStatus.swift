package import PrewarmCore

/// A configured source and what is known of it.
package struct SourceStatus: Sendable {
    package let name: String
    package let url: String
    package let record: SourceRecord?
    package let diagnostics: [Diagnostic]
    package let pin: Pin?

    package var isHealthy: Bool { record?.failure == nil && record?.applied != nil && !hasErrors }

    private var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// - Parameter quotes: false leaves the text of manifests out, for readers who may not see all presets.
    package func conditions(quotes: Bool) -> [Condition] {
        var conditions = [ready]
        if hasErrors, let first = diagnostics.first(where: { $0.severity == .error }) {
            let count = diagnostics.count { $0.severity == .error }
            let quote = quotes ? "; the first: \(first.location): \(first.message)" : ""
            conditions.append(
                Condition(
                    .invalid, reason: "ManifestInvalid", message: "\(count.counted("error")) in the manifests\(quote)"))
        }
        if let pin {
            conditions.append(
                Condition(
                    .pinned, reason: "PinnedByUser", message: "pinned at sha1:\(pin.commit.prefix(8)) \(pin.sentence)",
                    since: pin.since))
        }
        return conditions
    }

    private var ready: Condition {
        if let failure = record?.failure {
            let inForce = record?.applied.map { "; \($0.short) stays in force" } ?? ""
            return Condition(
                .ready, .no, reason: failure.reason, message: failure.message + inForce, since: failure.since)
        }
        guard let record, let applied = record.applied else {
            return Condition(.ready, .unknown, reason: "NeverSynced", message: "no revision was applied yet")
        }
        return Condition(.ready, reason: "Synced", message: "applied \(applied.short)", since: record.appliedAt)
    }
}

extension Engine {
    /// In the order of the configuration.
    package func sourceStatuses() async throws -> [SourceStatus] {
        let (configured, now) = (sourceNames.compactMap { sources[$0] }, now())
        return try await store.read { store in
            let pins = try store.pins().filter { $0.isInForce(at: now) }
            return try configured.map { source in
                SourceStatus(
                    name: source.name, url: source.url, record: try store.source(source.name),
                    diagnostics: try store.diagnostics(source: source.name)
                        + unreadable(source.name, presets: nil, in: store),
                    pin: pins.first { $0.source == source.name })
            }
        }
    }
}
