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
        if let failure = report.failure {
            try await note(failure, of: request.source)
            if record.applied == nil { return }
        }
        let target = report.failure == nil ? target : nil
        let isTold = target == nil || arrival.changes != nil || !isNew(target, to: record, of: request.source)
        if isTold, let done = try await goOn(request, since: record, target: target, arrival, report.failure) {
            report = done
        } else if let target {
            report = try await readAll(request, since: record, target: target, arrival)
        }
        report.isNewRevision = report.revision != record.applied
    }

    /// Nil where that can't be told from what changed.
    private func goOn(
        _ request: TurnRequest, since record: SourceRecord, target: Revision?, _ arrival: Arrival,
        _ failure: GitFailure?
    ) async throws -> TurnReport? {
        let (source, now) = (request.source, now())
        let done = try await store.write { store -> (report: TurnReport, desired: Desired?)? in
            // For no longer than this transaction.
            _ = try takeLease(of: source, until: now, in: store)
            let current = try store.source(source.name) ?? SourceRecord(name: source.name, url: source.url)
            var desired: Desired?
            if target != nil { try check(current, isAs: record) }
            if target != nil, isNew(target, to: current, of: source) {
                guard let changes = arrival.changes else { return nil }
                desired = try self.desired(changes, since: current, of: source.name, in: store)
                if desired == nil { return nil }
            }
            let commit = TurnCommit(
                engine: self, request: request, record: current, desired: desired,
                revision: desired == nil ? current.applied : target, failure: failure, news: arrival.events, now: now)
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
            var desired: Desired?
            var failure: GitFailure?
            try check(current, isAs: record)
            do {
                var read = try await self.desired(at: target, of: source, previous: try await inForce(of: source.name))
                read.commit = try await source.git.commit(of: target)
                desired = read
            } catch let problem as GitFailure {
                failure = problem
                try await note(problem, of: source)
            }
            if failure != nil, current.applied == nil {
                var report = TurnReport(source: source.name)
                report.failure = failure
                await release(lease, of: source)
                return report
            }
            let (found, now, news) = (desired, now(), desired == nil ? [] : arrival.events)
            let report = try await store.write { [failure] store in
                try check(lease, of: source.name, in: store)
                let current = try store.source(source.name) ?? current
                let commit = TurnCommit(
                    engine: self, request: request, record: current, desired: found,
                    revision: found == nil ? current.applied : target, failure: failure, news: news, now: now)
                let report = try commit.run(in: store)
                try release(lease, of: source.name, in: store)
                return report
            }
            if let desired { observe(desired) }
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
    func isNew(_ target: Revision?, to record: SourceRecord, of source: Source) -> Bool {
        target != record.applied || record.inputs != inputs(of: source)
    }
}
