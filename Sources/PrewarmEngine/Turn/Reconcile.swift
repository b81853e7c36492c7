import PrewarmCore

/// The parameters of one reconciliation.
struct TurnRequest: Sendable {
    let source: Engine.Source
    /// True if the remote was asked for its newest revision.
    let hasPulled: Bool
    /// The only preset to act on; nil for all presets.
    let preset: String?
    /// The digest of the only plan that may be carried out; nil for any plan.
    let expected: String?
}

/// Another process applied a revision since the reconciliation began. The target that was resolved may be older, so the
/// reconciliation starts again.
struct Overtaken: Error {}

extension Engine {
    /// Loads the target, plans and commits: the second half of a reconciliation.
    ///
    /// If only changed manifests have to be read, the commit is one transaction without a lease, and other processes may
    /// reconcile meanwhile. Otherwise the lease keeps others from reading the same repository at the same time. In both
    /// cases manifests are parsed and linked before the transaction, which only plans and writes.
    /// - Parameters:
    ///   - record: The record of the source when the reconciliation began.
    ///   - target: The revision to apply; nil to plan for the applied revision.
    /// - Throws: ``Overtaken`` if the reconciliation has to start again.
    func reconcile(
        _ request: TurnRequest, since record: SourceRecord, target: Revision?, arrival: Arrival,
        report: inout TurnReport
    ) async throws {
        if report.failure == nil {
            do {
                if let done = try await goOn(request, since: record, target: target, arrival) {
                    report = done
                } else if let target {
                    report = try await readAll(request, since: record, target: target, arrival)
                }
            } catch let failure as GitFailure {
                try Task.checkCancellation()
                report.failure = failure
            }
        }
        if let failure = report.failure {
            try await note(failure, of: request.source)
            if record.applied != nil,
                let done = try await goOn(request, since: record, target: nil, Arrival(), after: failure)
            {
                report = done
            }
        }
        report.isNewRevision = report.revision != record.applied
    }

    /// Commits without the lease. Returns nil if all manifests have to be read to know the desired state of the target.
    private func goOn(
        _ request: TurnRequest, since record: SourceRecord, target: Revision?, _ arrival: Arrival,
        after failure: GitFailure? = nil
    ) async throws -> TurnReport? {
        let (source, now) = (request.source, now())
        var changed: Desired?
        if let target, isNew(target, to: record, of: source) {
            guard let changes = arrival.changes,
                let desired = try await desired(changes, since: record, of: source.name)
            else { return nil }
            changed = desired
        }
        let desired = changed
        let guarded = try await store.read { try self.guarded(desired?.changes, of: source.name, in: $0) }
        // Changes that wait are lost with the record, so all manifests have to be read.
        if desired != nil, guarded.earlier.isLost { return nil }
        let report = try await store.write { store in
            // One transaction needs no lease: a holder whose lease has expired detects what was applied meanwhile.
            try checkNobodyElseHolds(source, in: store)
            let current = try self.record(of: source, in: store)
            if target != nil { try check(current, isAs: record) }
            let commit = TurnCommit(
                engine: self, request: request, record: current, desired: desired, guarded: guarded, target: target,
                failure: failure, news: arrival.events, now: now)
            return try commit.run(in: store)
        }
        if let desired { observe(desired) }
        return report
    }

    /// Reads all manifests of the target and commits, while it holds the lease of the source.
    private func readAll(
        _ request: TurnRequest, since record: SourceRecord, target: Revision, _ arrival: Arrival
    ) async throws -> TurnReport {
        let source = request.source
        let (lease, current) = try await acquireLease(of: source)
        do {
            try check(current, isAs: record)
            var read = try await desired(at: target, of: source, previous: try await inForce(of: source.name))
            read.commit = try await source.git.commit(of: target)
            try await keepParsed(read.newlyParsed)
            read.newlyParsed = []
            let (desired, now) = (read, now())
            let guarded = try await store.read { try self.guarded(desired.changes, of: source.name, in: $0) }
            let report = try await store.write { store in
                try check(lease, of: source.name, in: store)
                let current = try self.record(of: source, in: store)
                try check(current, isAs: record)
                let commit = TurnCommit(
                    engine: self, request: request, record: current, desired: desired, guarded: guarded,
                    target: target, failure: nil, news: arrival.events, now: now)
                let report = try commit.run(in: store)
                try release(lease, of: source.name, in: store)
                return report
            }
            observe(desired)
            return report
        } catch {
            await release(lease, of: source)
            throw error
        }
    }

    /// Saves parse results in small transactions: there may be very many files, and claims wait for each transaction.
    private func keepParsed(_ files: [(blob: String, bytes: [UInt8])]) async throws {
        let version = parser.version
        var (rest, room) = (files[...], Self.mostBytesKept)
        while !rest.isEmpty, room > 0 {
            var size = 0
            let part = Array(
                rest.prefix(500).prefix { file in
                    defer { size += file.bytes.count }
                    return size < 1 << 20
                })
            try await store.write { try $0.saveParsed(part, parserVersion: version) }
            (rest, room) = (rest.dropFirst(part.count), room - size)
        }
    }

    /// The largest number of bytes of parse results that one revision adds to the store. The others are parsed again when
    /// they are needed.
    private static let mostBytesKept = 16 << 20

    /// Throws ``Overtaken`` if the source changed since `record` was read. Manifests are linked against the presets that
    /// were applied then, so the check also fails if another revision was applied and then the same one again.
    private func check(_ current: SourceRecord, isAs record: SourceRecord) throws {
        guard current.applied == record.applied, current.appliedAt == record.appliedAt,
            current.inputs == record.inputs
        else { throw Overtaken() }
    }

    private func observe(_ desired: Desired) {
        observe(.parsed(known: desired.filesKnown, new: desired.filesParsed))
    }

    /// Returns true if manifests have to be read to apply a revision.
    func isNew(_ target: Revision, to record: SourceRecord, of source: Source) -> Bool {
        target != record.applied || record.inputs != inputs(of: source)
    }
}
