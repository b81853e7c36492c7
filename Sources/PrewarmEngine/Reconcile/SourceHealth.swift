import PrewarmCore

/// Records whether the repository of a source can be read.
struct SourceHealth: Sendable {
    private let engine: Engine
    private let source: Engine.Source
    private let lease: StoreLease

    init(_ engine: Engine, _ source: Engine.Source, _ lease: StoreLease) {
        self.lease = lease
        self.engine = engine
        self.source = source
    }

    /// Records that a reconciliation read the source and found nothing new.
    func noteSuccess(after record: SourceRecord) async throws {
        if record.failure != nil { return try await note(nil) }
        let now = engine.now()
        guard record.isSuccessNews(at: now) else { return }
        try await engine.store.write { [source, lease] store in
            try lease.checkShare(in: store)
            var record = try store.record(of: source)
            record.succeededAt = now
            try store.save(record)
        }
    }

    /// Records that the source cannot be read, or that it can be read again (nil), with an event. It writes only if
    /// something changes, so that a remote that stays down costs no writes.
    func note(_ failure: GitFailure?) async throws {
        let now = engine.now()
        let failure = failure.map(engine.masked)
        try await engine.store.write { [source, lease] store in
            try lease.checkShare(in: store)
            var record = try store.record(of: source)
            guard record.failure?.reason != failure?.reason.rawValue || record.failure?.message != failure?.message
            else { return }
            record.failure = failure.map {
                SourceFailure(
                    reason: $0.reason.rawValue, message: $0.message, hint: $0.hint,
                    since: record.failure?.since ?? now)
            }
            if failure == nil { record.succeededAt = now }
            try store.save(record)
            let event =
                if let failure {
                    Event(
                        at: now, kind: .warning, reason: EventReason(failure.reason), object: "source",
                        name: source.name,
                        source: source.name, message: failure.message)
                } else {
                    Event(
                        at: now, reason: .recovered, object: "source", name: source.name, source: source.name,
                        message: "the repository can be read again")
                }
            try store.append([event])
        }
    }
}

extension Engine {
    /// Returns the failure with the values of the configuration's variables masked.
    func masked(_ failure: GitFailure) -> GitFailure {
        GitFailure(failure.reason, masked(failure.message), hint: failure.hint.map(masked))
    }
}
