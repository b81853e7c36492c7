import PrewarmCore

/// What a turn is asked for.
struct TurnRequest: Sendable {
    let source: Engine.Source
    /// The remote was asked.
    let hasPulled: Bool
    /// Where given, only this preset is acted on.
    let preset: String?
    /// The digest of the only plan that may be carried out.
    let expected: String?
}

/// Somebody else put a revision in force since the turn began: what was resolved then may be older than that.
struct Overtaken: Error {}

extension Engine {
    /// The end of a turn: decides and commits.
    ///
    /// Where no manifests have to be read besides those that changed, the commit is one transaction without a lease, and
    /// nothing keeps others from reconciling meanwhile. Otherwise the lease keeps others from reading the same repository
    /// at the same time. Either way manifests are parsed and linked before the transaction, which only plans and writes.
    /// - Parameters:
    ///   - record: as it was when the turn began.
    ///   - target: the revision to be put in force; nil: what is in force.
    /// - Throws: ``Overtaken`` where the turn has to begin anew.
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

    /// Nil where the target can't be told from what changed.
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
        let report = try await store.write { store in
            // One transaction needs no lease: a holder whose lease has run out finds out what was applied meanwhile.
            try checkNobodyElseHolds(source, in: store)
            let current = try self.record(of: source, in: store)
            if target != nil { try check(current, isAs: record) }
            let commit = TurnCommit(
                engine: self, request: request, record: current, desired: desired, target: target, failure: failure,
                news: arrival.events, now: now)
            return try commit.run(in: store)
        }
        if let desired { observe(desired) }
        return report
    }

    /// The part of a turn that holds the lease.
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
            let report = try await store.write { store in
                try check(lease, of: source.name, in: store)
                let current = try self.record(of: source, in: store)
                try check(current, isAs: record)
                let commit = TurnCommit(
                    engine: self, request: request, record: current, desired: desired, target: target, failure: nil,
                    news: arrival.events, now: now)
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

    /// Keeps what was parsed, a little at a time: there may be very many files, and claims wait for each transaction.
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

    /// The bytes of parse results that one revision may add to the store; more are parsed again when they are needed.
    private static let mostBytesKept = 16 << 20

    /// Manifests are parsed and linked before the transaction that applies them, against what was applied then: throws
    /// ``Overtaken`` where that has changed since, be it back to the same revision.
    private func check(_ current: SourceRecord, isAs record: SourceRecord) throws {
        guard current.applied == record.applied, current.appliedAt == record.appliedAt,
            current.inputs == record.inputs
        else { throw Overtaken() }
    }

    private func observe(_ desired: Desired) {
        observe(.parsed(known: desired.filesKnown, new: desired.filesParsed))
    }

    /// Whether manifests have to be read for a revision to be in force.
    func isNew(_ target: Revision, to record: SourceRecord, of source: Source) -> Bool {
        target != record.applied || record.inputs != inputs(of: source)
    }
}
