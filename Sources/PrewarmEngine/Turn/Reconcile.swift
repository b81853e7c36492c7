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
    /// Where no manifests have to be read besides those that changed, all of it is one transaction, and nobody is kept
    /// from reconciling meanwhile. Else it is what the lease is for: nobody reads the same repository beside.
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
        let isNew = target.map { self.isNew($0, to: record, of: source) } ?? false
        if isNew, arrival.changes == nil { return nil }
        let done = try await store.write { store -> (report: TurnReport, desired: Desired?)? in
            // One transaction needs no lease: who holds one that has run out finds out what was put in force meanwhile.
            try checkNobodyElseHolds(source, in: store)
            let current = try self.record(of: source, in: store)
            if target != nil { try check(current, isAs: record) }
            var desired: Desired?
            if isNew, let changes = arrival.changes {
                desired = try self.desired(changes, since: current, of: source.name, in: store)
                if desired == nil { return nil }
            }
            let commit = TurnCommit(
                engine: self, request: request, record: current, desired: desired, target: target, failure: failure,
                news: arrival.events, now: now)
            return (try commit.run(in: store), desired)
        }
        if let desired = done?.desired { observe(desired) }
        return done?.report
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

    private func check(_ current: SourceRecord, isAs record: SourceRecord) throws {
        guard current.applied == record.applied, current.inputs == record.inputs else { throw Overtaken() }
    }

    private func observe(_ desired: Desired) {
        observe(.parsed(known: desired.filesKnown, new: desired.newlyParsed.count))
    }

    /// Whether manifests have to be read for a revision to be in force.
    func isNew(_ target: Revision, to record: SourceRecord, of source: Source) -> Bool {
        target != record.applied || record.inputs != inputs(of: source)
    }
}
