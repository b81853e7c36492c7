import PrewarmCore

/// The stage that records the result of a reconciliation: conditions, events, the history and the state of the source.
struct Recorder {
    let transaction: ReconcileTransaction

    init(_ transaction: ReconcileTransaction) {
        self.transaction = transaction
    }

    /// - Returns: The time until convergence, if every pool has converged to the revision for the first time.
    func record(
        _ report: ReconcileReport, of scope: PoolScope, _ applied: AppliedPlan, in store: any StoreWriter
    ) throws -> Duration? {
        let guarded = transaction.guarded
        if guarded.record != guarded.earlier { try store.save(guarded.record, ofSource: transaction.source.name) }
        try saveConditions(of: report, in: store)
        try remember(report.plan, of: scope, applied, in: store)
        let isConverged = report.isConverged && (scope.settled?.unfinished ?? 0) == 0
        return try account(applied, isConverged: isConverged, in: store)
    }

    /// Saves the conditions that changed, with their events.
    private func saveConditions(of report: ReconcileReport, in store: any StoreWriter) throws {
        var changed: [PresetKey: [Condition]] = [:]
        report.forEachStatus(at: transaction.now) { status in
            let key = status.preset.key
            if report.conditions[key] != status.conditions { changed[key] = status.conditions }
        }
        try noteChanges(changed, of: report, in: store)
        try store.save(changed)
    }

    /// Adds the actions to the record of the applied revision.
    /// - Returns: The time until convergence, if every pool has converged to the revision for the first time.
    private func account(_ applied: AppliedPlan, isConverged: Bool, in store: any StoreWriter) throws -> Duration? {
        let known =
            transaction.isNewRevision ? nil : try store.revisions(source: transaction.source.name, limit: 1).first
        guard var newest = known ?? arrived else { return nil }
        newest.created += applied.created
        newest.deleted += applied.deleted
        newest.cancelled += applied.cancelled
        if isConverged, transaction.preset == nil, newest.convergedAt == nil { newest.convergedAt = transaction.now }
        if known == nil {
            try store.insert(newest)
        } else if newest != known {
            try store.updateNewest(newest)
        }
        return known?.convergedAt == nil ? try noteConvergence(of: newest, in: store) : nil
    }

    /// The first record of a new revision, without any actions.
    private var arrived: RevisionRecord? {
        guard transaction.isNewRevision, let definition = transaction.definition else { return nil }
        return RevisionRecord(
            source: transaction.source.name, revision: definition.revision, appliedAt: transaction.now,
            author: definition.commit?.author, subject: definition.commit?.subject,
            committedAt: definition.commit?.time, created: 0, deleted: 0, cancelled: 0,
            changes: definition.recordedChanges)
    }

    private func remember(
        _ plan: Plan, of scope: PoolScope, _ applied: AppliedPlan, in store: any StoreWriter
    ) throws {
        let (now, guarded) = (transaction.now, transaction.guarded)
        var record = transaction.record
        if let definition = transaction.definition {
            if transaction.isNewRevision { record.appliedAt = now }
            record.applied = definition.revision
            record.files = definition.files
            record.foreignDocuments = definition.foreignDocuments
            record.inputs = transaction.engine.inputs(of: transaction.source)
        }
        record.url = transaction.source.url
        if transaction.isRecovered { record.failure = nil }
        if transaction.failure == nil, transaction.request.pull { record.succeededAt = now }
        let isComplete =
            transaction.preset == nil && applied.isWhole
            && !plan.held.contains { if case .actionsPerTurn = $0.hold { true } else { false } }
        let hasPruned = scope.presets.contains { $0.retirement == .pruned }
        record.quietUntil = isComplete && !hasPruned ? plan.nextChange ?? .distantFuture : nil
        // Changes that waited are lost together with the record of the guard.
        if !scope.isReadable || guarded.earlier.isLost && transaction.definition == nil { record.readAgain() }
        // A remote that stays down costs no writes.
        let isSame = record == transaction.record && !record.isPlannedAhead(of: now)
        if transaction.failure != nil, plan.actions.isEmpty, isSame { return }
        record.plannedAt = now
        record.plans += 1
        try store.save(record)
    }
}

extension SourceRecord {
    /// Returns true if the last plan was made in the future, by a clock that was set back since.
    func isPlannedAhead(of now: Timestamp) -> Bool { plannedAt.map { $0 > now } ?? false }

    /// Makes the next reconciliation read all manifests again.
    mutating func readAgain() {
        inputs = ""
        quietUntil = nil
    }
}
