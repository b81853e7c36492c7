package import PrewarmCore

/// A configured source with its record, its diagnostics and its pin.
package struct SourceStatus: Sendable {
    package let name: String
    /// The URL without user information.
    package let url: String
    /// The record in the store; nil before the first reconciliation.
    package let record: SourceRecord?
    /// The errors and warnings of the applied revision's manifests.
    package let diagnostics: [Diagnostic]
    /// The pin that applies now.
    package let pin: Pin?
    /// The daemon that reconciles the source; nil if none does.
    package let replica: SourceReplica?

    /// Returns true if a revision is applied, the last fetch succeeded and no manifest has an error.
    package var isHealthy: Bool { record?.failure == nil && record?.applied != nil && !hasErrors }

    private var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// Returns the conditions `Ready` and, if they are true, `Invalid` and `Pinned`.
    /// - Parameter quotes: If false, the messages do not quote manifests. Pass false for readers who may not see all
    ///   presets.
    package func conditions(quotes: Bool) -> [Condition] {
        var conditions = [ready]
        if hasErrors, let first = diagnostics.first(where: { $0.severity == .error }) {
            let count = diagnostics.count { $0.severity == .error }
            let quote = quotes ? ". The first: \(first.location): \(first.message)" : ""
            conditions.append(
                Condition(
                    .invalid, reason: .manifestInvalid, message: "\(count.counted("error")) in the manifests\(quote)"))
        }
        if let pin {
            conditions.append(
                Condition(
                    .pinned, reason: .pinnedByUser, message: "pinned at sha1:\(pin.commit.prefix(8)) \(pin.sentence)",
                    since: pin.since))
        }
        return conditions
    }

    private var ready: Condition {
        if let failure = record?.failure {
            let kept = record?.applied.map { "; \($0.short) stays applied" } ?? ""
            return Condition(
                .ready, .no, storedReason: failure.reason, message: failure.message + kept, since: failure.since)
        }
        guard let record, let applied = record.applied else {
            return Condition(.ready, .unknown, reason: .neverSynced, message: "no revision is applied yet")
        }
        return Condition(.ready, reason: .synced, message: "applied \(applied.short)", since: record.appliedAt)
    }
}

/// The daemon that reconciles a source.
package struct SourceReplica: Hashable, Sendable {
    /// The name of the daemon, for example `web-1:4711`.
    package let name: String
    /// True if several daemons run on the store, so that it matters which one it is.
    package let isOneOfSeveral: Bool
}

extension StoreReader {
    /// Returns the daemons that sent a heartbeat lately.
    package func aliveReplicas(_ engine: Engine) throws -> [ReplicaRecord] {
        try replicas().filter { engine.isAlive($0) }
    }

    /// Returns the daemons that reconcile the sources, by source.
    func sourceReplicas(_ engine: Engine) throws -> [String: SourceReplica] {
        let alive = try aliveReplicas(engine)
        let names = Dictionary(alive.map { ($0.holder, $0.name) }) { first, _ in first }
        var replicas: [String: SourceReplica] = [:]
        for (name, lease) in try leases() where name.hasPrefix(SourceShares.prefix) && !lease.isReleased {
            guard let holder = names[lease.holder] else { continue }
            replicas[String(name.dropFirst(SourceShares.prefix.count))] = SourceReplica(
                name: holder, isOneOfSeveral: alive.count > 1)
        }
        return replicas
    }
}

extension Engine {
    /// Returns the status of each configured source, in the order of the configuration.
    package func sourceStatuses() async throws -> [SourceStatus] {
        let (configured, now) = (sourceNames.compactMap { sources[$0] }, now())
        return try await store.read { store in
            let pins = try store.pins().filter { $0.isInForce(at: now) }
            let replicas = try store.sourceReplicas(self)
            return try configured.map { source in
                SourceStatus(
                    name: source.name, url: masked(source.url), record: try store.source(source.name),
                    diagnostics: try store.diagnostics(source: source.name)
                        + unreadable(source.name, presets: nil, in: store),
                    pin: pins.first { $0.source == source.name }, replica: replicas[source.name])
            }
        }
    }
}
