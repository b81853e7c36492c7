package import PrewarmCore

/// The requests to pull sources, and their progress. They are rows of the store, so a request may come to any replica: the
/// replica that reconciles a source answers it, and every replica shows its progress.
package struct SyncRequests: Sendable {
    private let store: any Store

    init(_ store: any Store) {
        self.store = store
    }

    /// A request to pull sources.
    package struct Request: Hashable, Sendable {
        package let id: String
        package let sources: [String]
        package let preset: String?
        /// A commit to wait for, or the first digits of one.
        package let revision: String?
        package let createdAt: Timestamp
        /// The sources whose reconciliation has not begun since the request came.
        package let waiting: Set<String>
        /// The sources that are being reconciled for the request.
        package let running: Set<String>
        /// The errors of sources that could not be read, by source.
        package let failures: [String: String]

        /// Returns true if all sources were reconciled since the request came.
        package var isHandled: Bool { waiting.isEmpty && running.isEmpty }

        init(_ record: SyncRequestRecord, _ pulls: [String: PullRecord]) {
            id = record.id
            sources = record.numbers.keys.sorted()
            preset = record.preset
            revision = record.revision
            createdAt = record.createdAt
            var (waiting, running, failures) = (Set<String>(), Set<String>(), [String: String]())
            for (source, number) in record.numbers {
                let pull = pulls[source] ?? PullRecord(source: source)
                if pull.answered >= number {
                    failures[source] = pull.failure
                } else if pull.begun >= number {
                    running.insert(source)
                } else {
                    waiting.insert(source)
                }
            }
            (self.waiting, self.running, self.failures) = (waiting, running, failures)
        }
    }

    /// Adds a request, and asks for a pull of each source.
    /// - Throws: ``StoreError``
    func add(
        id: String, sources: [String], preset: String?, revision: String?, now: Timestamp
    ) async throws -> Request {
        try await store.write { store in
            let known = try store.pulls()
            var (numbers, pulls) = ([String: Int64](), [String: PullRecord]())
            for source in sources {
                var pull = known[source] ?? PullRecord(source: source)
                numbers[source] = pull.ask(request: id)
                try store.save(pull)
                pulls[source] = pull
            }
            let record = SyncRequestRecord(
                id: id, numbers: numbers, preset: preset, revision: revision, createdAt: now)
            try store.insert(record)
            return Request(record, pulls)
        }
    }

    /// Asks the replica that reconciles a source for a pull.
    func ask(source: String, pushed: Bool, commit: String?) async throws {
        try await store.write { store in
            var pull = try store.pulls()[source] ?? PullRecord(source: source)
            _ = pull.ask(isPushed: pushed, commit: commit)
            try store.save(pull)
        }
    }

    /// Returns a request with its progress; nil if it is unknown. The newest 1,000 requests are known.
    package func request(_ id: String) async throws -> Request? {
        try await store.read { store in
            guard let record = try store.syncRequest(id) else { return nil }
            return Request(record, try store.pulls())
        }
    }

    /// Notes that a pull of a source begins.
    /// - Returns: The number of the last request that it answers; nil if no request waits. A request that comes later waits for
    ///   the next pull.
    func begin(source: String) async throws -> Int64? {
        guard try await isWaited(for: source) else { return nil }
        return try await store.write { store in
            guard var pull = try store.pulls()[source], pull.asked > pull.answered else { return nil }
            pull.begin()
            try store.save(pull)
            return pull.begun
        }
    }

    private func isWaited(for source: String) async throws -> Bool {
        try await store.read { store in try store.pulls()[source].map { $0.asked > $0.answered } ?? false }
    }

    /// Notes the end of the pull for which ``begin(source:)`` returned a number.
    func end(_ number: Int64, source: String, _ result: Result<ReconcileReport, any Error>) async throws {
        let failure: String?
        switch result {
        case .failure(ReconcileError.leaseHeld), .failure(ReconcileError.leaseLost), .failure(is CancellationError):
            // Another process reconciles the source, or the daemon stops: the next pull answers.
            return
        case .failure(let error): failure = Problem(error)?.message ?? "\(error)"
        case .success(let report): failure = report.failure?.message
        }
        try await store.write { store in
            guard var pull = try store.pulls()[source] else { return }
            pull.end(number, failure: failure)
            try store.save(pull)
        }
    }
}
