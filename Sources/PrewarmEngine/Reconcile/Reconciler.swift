import PrewarmCore

/// A request to reconcile a source.
struct ReconcileRequest: Sendable {
    /// If false, the remote is not asked, and the plan is made for the applied revision.
    var pull = true
    /// A branch, tag or commit to apply instead of the configured ref; nil for the configured ref.
    var revision: String?
    /// The only preset to act on; nil for all presets.
    var preset: String?
    /// The digest of the only plan that may be carried out; nil for any plan.
    var expected: String?
    /// The right of this replica to reconcile the source; nil for a command.
    var share: SourceFence?
}

/// Another process applied a revision since the reconciliation began. The target that was resolved may be older, so the
/// reconciliation starts again.
struct Overtaken: Error {}

/// One reconciliation of a source.
///
/// Its stages are types of their own, one file each, in `Stages`. Those before the last two ask the remote, parse, judge and
/// plan, and write nothing that others wait for. The last two, apply and record, are one transaction
/// (``ReconcileTransaction``).
struct Reconciler: Sendable {
    let engine: Engine
    let source: Engine.Source
    let request: ReconcileRequest

    /// Reconciles the source. A reconciliation that finds nothing new costs one ref advertisement and one row, and writes
    /// nothing.
    /// - Throws: ``ReconcileError``, ``StoreError``. If the remote cannot be read, the report says so, and nothing is thrown.
    func reconcile() async throws -> ReconcileReport {
        while true {
            do {
                return try await attempt()
            } catch is Overtaken {
                try Task.checkCancellation()
            }
        }
    }

    private func attempt() async throws -> ReconcileReport {
        let lease = StoreLease(engine, name: source.name, time: source.lease, share: request.share)
        do {
            return try await attempt(lease)
        } catch {
            await lease.release()
            throw error
        }
    }

    private func attempt(_ lease: StoreLease) async throws -> ReconcileReport {
        let start = try await ReconcileStart(engine, source)
        var (definition, failure): (Definition?, GitFailure?)
        do {
            let target = try await Resolver(engine, source).resolve(request, start)
            if isQuiet(start, target) { return try await quietReport(start, lease) }
            if let target, start.isNew(target) {
                let arrival = try await Fetcher(engine, source).fetch(target, start)
                let events = try await Verifier(engine, source).verify(arrival, start)
                let manifests = try await Loader(engine, source).load(arrival, start, lease)
                definition = try await Linking(engine, source).link(manifests, of: target, events)
            }
        } catch let unmasked as GitFailure {
            // A canceled request says nothing about the remote.
            try Task.checkCancellation()
            let error = engine.masked(unmasked)
            await lease.release()
            try await SourceHealth(engine, source, lease).note(error)
            guard start.record.applied != nil else { return failedReport(error) }
            failure = error
        }
        return try await commit(start, definition, failure, lease)
    }

    /// Admits, observes and plans from one snapshot of the store. Then applies and records in one transaction.
    private func commit(
        _ start: ReconcileStart, _ definition: Definition?, _ failure: GitFailure?, _ lease: StoreLease
    ) async throws -> ReconcileReport {
        let now = engine.now()
        let (transaction, draft) = try await engine.store.read { store in
            let guarded = try Admission(engine, source, preset: request.preset).admit(
                definition?.changes, isNewPolicy: start.record.inputs != start.inputs, in: store)
            let transaction = ReconcileTransaction(
                engine: engine, source: source, request: request, record: try store.record(of: source),
                definition: definition, guarded: guarded, failure: failure, now: now)
            // A plan that was approved is compared with the state in the transaction.
            return (transaction, request.expected == nil ? try transaction.draft(in: store) : nil)
        }
        let report = try await engine.store.write { store in
            var transaction = transaction
            try lease.check(in: store)
            transaction.record = try store.record(of: source)
            let mayChange = failure == nil || !transaction.guarded.changes.isEmpty
            if mayChange, engine.sources[source.name] != nil { try start.check(transaction.record) }
            let report = try transaction.run(draft, in: store)
            try lease.release(in: store)
            return report
        }
        if let definition { engine.observe(.parsed(known: definition.filesKnown, new: definition.filesParsed)) }
        return report
    }

    /// Returns true if the source is as it was planned for last, and no planned change is due.
    private func isQuiet(_ start: ReconcileStart, _ target: Revision?) -> Bool {
        let record = start.record
        guard request.expected == nil, target == record.applied, record.applied != nil,
            record.inputs == start.inputs, let until = record.quietUntil
        else { return false }
        let now = engine.now()
        return now < until && !record.isPlannedAhead(of: now)
    }

    private func quietReport(_ start: ReconcileStart, _ lease: StoreLease) async throws -> ReconcileReport {
        var report = ReconcileReport(source: source.name)
        report.revision = start.record.applied
        report.isQuiet = true
        report.diagnostics = start.diagnostics
        if request.pull { try await SourceHealth(engine, source, lease).noteSuccess(after: start.record) }
        return report
    }

    private func failedReport(_ failure: GitFailure) -> ReconcileReport {
        var report = ReconcileReport(source: source.name)
        report.failure = failure
        return report
    }
}

/// The state of a source in the store before the remote is asked.
struct ReconcileStart: Sendable {
    /// The record of the source; a new one without an applied revision if the store has none.
    let record: SourceRecord
    let diagnostics: [Diagnostic]
    /// The pin that applies now.
    let pin: Pin?
    /// The inputs of a plan besides the commit (``Engine/inputs(of:)``).
    let inputs: String

    init(_ engine: Engine, _ source: Engine.Source) async throws {
        let now = engine.now()
        (record, diagnostics, pin) = try await engine.store.read { store in
            (
                try store.record(of: source), try store.diagnostics(source: source.name),
                try store.pin(ofSource: source.name, at: now)
            )
        }
        inputs = engine.inputs(of: source)
    }

    /// Returns true if manifests have to be read to apply a revision.
    func isNew(_ target: Revision) -> Bool { target != record.applied || record.inputs != inputs }

    /// Throws ``Overtaken`` if the source changed since. Manifests are linked against the presets that were applied then,
    /// so the check also fails if another revision was applied and then the same one again.
    func check(_ current: SourceRecord) throws {
        guard current.applied == record.applied, current.appliedAt == record.appliedAt,
            current.inputs == record.inputs
        else { throw Overtaken() }
    }
}

extension StoreReader {
    /// Returns the record of a source; a new one without an applied revision if the store has none.
    func record(of source: Engine.Source) throws -> SourceRecord {
        try self.source(source.name) ?? SourceRecord(name: source.name, url: source.url)
    }
}
