import PrewarmCore

/// The transaction of a reconciliation: it plans and writes, so that no plan is made from outdated state.
struct TurnCommit: Sendable {
    let engine: Engine
    let request: TurnRequest
    /// The record of the source at the beginning of the transaction.
    let record: SourceRecord
    /// The desired state to apply; nil if the applied revision stays.
    let desired: Desired?
    /// The decision of the deletion guard about ``desired``.
    let guarded: Guarded
    /// The revision of ``desired``.
    let target: Revision?
    /// The reason why the newest revision could not be read.
    let failure: GitFailure?
    /// Events that are recorded before all others.
    let news: [Event]
    let now: Timestamp

    /// The applied revision after the transaction.
    var revision: Revision? { desired == nil ? record.applied : target }
    var source: Engine.Source { request.source }
    /// The only preset to act on; nil for all.
    var preset: String? { request.preset }
    /// Returns true if the remote was read, which ends an earlier failure.
    var isRecovered: Bool { request.hasPulled && failure == nil }
    /// Returns true if the transaction applies another revision than before.
    var isNewRevision: Bool { desired != nil && revision != record.applied }

    /// Applies the desired state, observes, plans, and saves the plan as operations.
    /// - Throws: ``TurnError/planChanged(source:)``, ``StoreError``; ``Overtaken`` if the guard decided from an older
    ///   record
    func run(in store: any StoreWriter) throws -> TurnReport {
        guard try store.guardRecord(ofSource: source.name) == guarded.earlier else { throw Overtaken() }
        if !news.isEmpty { try store.append(news) }
        var failures = try store.failures(source: source.name)
        if let desired { try put(desired, in: store) }
        try putAdmitted(&failures, in: store)
        let scope = try scope(in: store)
        let planner = try engine.planner(for: scope.presets, at: now, in: store)
        let observed = try engine.observed(
            of: scope, source: source.name, planner: planner, failures: failures, in: store)
        var report = TurnReport(source: source.name)
        report.revision = revision
        report.failure = failure
        report.hasReadManifests = desired != nil
        report.presets = try forgetGone(among: scope.presets, observed, in: store)
        report.failures = observed.failures
        report.diagnostics = try desired?.diagnostics ?? store.diagnostics(source: source.name)
        report.plan = planner.plan(report.presets, observed: observed)
        report.note(guarded.record)
        report.plan.noteChange(scope.settled?.nextChange)
        // Another source may make room without an event of this source, so this one looks again soon.
        if engine.sources.count > 1, report.plan.held.contains(where: \.hold.isOfAllSources) {
            report.plan.noteChange(now + .seconds(15))
        }
        let presets = PresetTable(scope.presets)
        if let preset { report.plan.restrict(to: preset) }
        if let expected = request.expected, expected != report.plan.digest(revision: revision) {
            throw TurnError.planChanged(source: source.name)
        }
        let counts = try carryOut(report.plan, of: presets, observed: observed, in: store)
        try makeRoom(for: report.plan, in: store)
        try store.save(standings(after: report.plan, of: presets))
        if guarded.record != guarded.earlier { try store.save(guarded.record, ofSource: source.name) }
        report.conditions = try scope.conditions(source: source.name, in: store)
        try saveConditions(of: report, in: store)
        try remember(report.plan, of: scope, in: store)
        let isConverged = report.isConverged && (scope.settled?.unfinished ?? 0) == 0
        report.convergedAfter = try account(counts, isConverged: isConverged, in: store)
        return report
    }

    // MARK: Desired state

    /// Saves the desired state, except for the presets.
    private func put(_ desired: Desired, in store: any StoreWriter) throws {
        try noteRevision(desired, in: store)
        if let templates = desired.templates { try store.replaceTemplates(templates, source: source.name) }
        // If only changed files were read, there were no diagnostics before, and there are no new ones.
        if desired.presets != nil { try store.replaceDiagnostics(desired.diagnostics, source: source.name) }
        try store.saveParsed(desired.newlyParsed, parserVersion: engine.parser.version)
    }

    /// Saves the presets that the deletion guard admits.
    /// - Parameter failures: The failures of the source. Those that a new definition makes void are removed.
    private func putAdmitted(_ failures: inout [FailureRecord], in store: any StoreWriter) throws {
        guard !guarded.changes.isEmpty else { return }
        try store.save(guarded.changes.map(\.now))
        let failing = Set(failures.map(\.preset))
        for change in guarded.changes
        where failing.contains(change.now.key) && change.isNewTry {
            try store.setFailure(nil, of: change.now.key)
            failures.removeAll { $0.preset == change.now.key }
        }
        for change in guarded.changes {
            guard let before = change.before, before.options.priority != change.now.options.priority else { continue }
            try store.setPriority(change.now.options.priority, of: change.now.key)
        }
    }

    /// Deletes the records of presets that were removed from git and have no workspaces left. Returns the other presets.
    private func forgetGone(
        among presets: [Preset], _ observed: Observed, in store: any StoreWriter
    ) throws -> [Preset] {
        let gone = presets.filter { $0.retirement == .pruned && observed.tallies[$0.key] == nil }
        if gone.isEmpty { return presets }
        try forget(gone, in: store)
        let keys = Set(gone.map(\.key))
        return presets.filter { !keys.contains($0.key) }
    }

    private func forget(_ presets: [Preset], in store: any StoreWriter) throws {
        try store.forget(presets.map(\.key))
        try store.append(
            presets.map { preset in
                Event(
                    at: now, reason: .forgotten, object: "preset", name: preset.key.name,
                    source: source.name, preset: preset.key.name,
                    message: "the preset was removed from git, and its last workspace is deleted")
            })
    }

    // MARK: Actions

    private func carryOut(
        _ plan: Plan, of presets: PresetTable, observed: Observed, in store: any StoreWriter
    ) throws -> ActionCounts {
        var counts = ActionCounts()
        guard !plan.actions.isEmpty else { return counts }
        var generator = SystemRandomNumberGenerator()
        var identifiers = IdentifierFactory(now: now, using: &generator)
        var events = EventBatch(at: now, source: source.name)
        for action in plan.actions { events.count(action) }
        counts.created = try create(plan, of: presets, &identifiers, in: store)
        // The states are as the plan saw them, since reading and writing are one transaction.
        let leaving = plan.actions.compactMap { $0.kind == .create ? nil : $0.workspace }
        let cancelled = plan.actions.compactMap { $0.kind == .cancel ? $0.workspace : nil }
        try store.cancelOperations(of: leaving, now: now)
        _ = try store.move(cancelled, from: [.pending], to: .deleted)
        let deleted = plan.actions.compactMap { $0.kind == .delete ? $0.workspace : nil }
        let moved = try store.move(deleted, from: [.creating, .ready, .failed, .lost], to: .deleting)
        var makers = Makers(presets: presets, before: guarded.changes, observed: observed)
        var operations: [Operation] = []
        for action in plan.actions where action.kind == .delete {
            guard let id = action.workspace, moved.contains(id),
                let provisioner = try makers.provisioner(of: id, preset: action.preset, in: store)
            else { continue }
            operations.append(
                Operation(
                    id: OperationID(identifiers.next()), kind: .delete, workspace: id, preset: action.preset,
                    provisioner: provisioner, reason: action.reason, nextAttemptAt: now, createdAt: now))
        }
        try store.insert(operations)
        try store.append(events.events)
        counts.deleted = moved.count
        counts.cancelled = cancelled.count
        return counts
    }

    /// Inserts the new workspaces of the plan with their operations. Returns their number.
    private func create(
        _ plan: Plan, of presets: PresetTable, _ identifiers: inout IdentifierFactory, in store: any StoreWriter
    ) throws -> Int {
        let revision = revision?.description
        var groups: [NewWorkspaces] = []
        var rest = plan.actions[...]
        while let first = rest.first {
            // The creates of one preset follow each other in the plan.
            let alike = rest.prefix { $0.kind == first.kind && $0.reason == first.reason && $0.preset == first.preset }
            rest = rest[alike.endIndex...]
            guard first.kind == .create, let preset = presets[first.preset] else { continue }
            let ids = alike.map { _ in WorkspaceID(identifiers.next()) }
            groups.append(
                NewWorkspaces(ids: ids, of: preset, revision: revision, reason: first.reason, createdAt: now))
        }
        try store.create(groups)
        return groups.reduce(0) { $0 + $1.ids.count }
    }

    // MARK: Records

    /// Saves the conditions that changed, with their events.
    private func saveConditions(of report: TurnReport, in store: any StoreWriter) throws {
        var changed: [PresetKey: [Condition]] = [:]
        report.forEachStatus(at: now) { status in
            let key = status.preset.key
            if report.conditions[key] != status.conditions { changed[key] = status.conditions }
        }
        try noteChanges(changed, of: report, in: store)
        try store.save(changed)
    }

    /// Adds the actions to the record of the applied revision.
    /// - Returns: The time until convergence, if every pool has converged to the revision for the first time.
    private func account(_ counts: ActionCounts, isConverged: Bool, in store: any StoreWriter) throws -> Duration? {
        let known = isNewRevision ? nil : try store.revisions(source: source.name, limit: 1).first
        guard var newest = known ?? arrived else { return nil }
        newest.created += counts.created
        newest.deleted += counts.deleted
        newest.cancelled += counts.cancelled
        if isConverged, preset == nil, newest.convergedAt == nil { newest.convergedAt = now }
        if known == nil {
            try store.insert(newest)
        } else if newest != known {
            try store.updateNewest(newest)
        }
        return known?.convergedAt == nil ? try noteConvergence(of: newest, in: store) : nil
    }

    /// The first record of a new revision, without any actions.
    private var arrived: RevisionRecord? {
        guard isNewRevision, let desired, let revision else { return nil }
        return RevisionRecord(
            source: source.name, revision: revision, appliedAt: now, author: desired.commit?.author,
            subject: desired.commit?.subject, committedAt: desired.commit?.time, created: 0, deleted: 0, cancelled: 0)
    }

    private func remember(_ plan: Plan, of scope: TurnScope, in store: any StoreWriter) throws {
        var record = record
        if let desired, let revision {
            if isNewRevision { record.appliedAt = now }
            record.applied = revision
            record.files = desired.files
            record.foreignDocuments = desired.foreignDocuments
            record.inputs = engine.inputs(of: source)
        }
        record.url = source.url
        if isRecovered { record.failure = nil }
        if failure == nil, request.hasPulled { record.succeededAt = now }
        let isComplete =
            preset == nil && !plan.held.contains { if case .actionsPerTurn = $0.hold { true } else { false } }
        let hasPruned = scope.presets.contains { $0.retirement == .pruned }
        record.quietUntil = isComplete && !hasPruned ? plan.nextChange ?? .distantFuture : nil
        // Changes that waited are lost together with the record of the guard.
        if !scope.isReadable || guarded.earlier.isLost && desired == nil { record.readAgain() }
        // A remote that stays down costs no writes.
        if failure != nil, plan.actions.isEmpty, record == self.record, !record.isPlannedAhead(of: now) { return }
        record.plannedAt = now
        try store.save(record)
    }
}

struct ActionCounts: Sendable {
    var created = 0
    var deleted = 0
    var cancelled = 0
}

/// The provisioners that made workspaces: that of the preset, unless the preset has changed since.
private struct Makers {
    private let presets: PresetTable
    private let fingerprints: [WorkspaceID: Fingerprint]
    private var known: [Fingerprint: String] = [:]

    init(presets: PresetTable, before changes: [PresetChange], observed: Observed) {
        self.presets = presets
        for case let before? in changes.lazy.map(\.before) { known[before.fingerprint] = before.spec.provisioner }
        fingerprints = Dictionary(
            observed.instances.values.lazy.joined().map { ($0.id, $0.fingerprint) }
        ) { first, _ in first }
    }

    mutating func provisioner(of id: WorkspaceID, preset: PresetKey, in store: any StoreReader) throws -> String? {
        guard let fingerprint = fingerprints[id] else { return nil }
        if let preset = presets[preset], preset.fingerprint == fingerprint { return preset.spec.provisioner }
        if let provisioner = known[fingerprint] { return provisioner }
        known[fingerprint] = try store.workspace(id.rawValue)?.spec.provisioner
        return known[fingerprint]
    }
}

/// The events of a plan: one for all actions of one kind and reason on one preset.
private struct EventBatch {
    let at: Timestamp
    let source: String
    /// The index of each key in ``groups``.
    private var indices: [Key: Int] = [:]
    private var groups: [(key: Key, count: Int)] = []
    private var last = 0

    private struct Key: Hashable {
        let preset: String
        let kind: Action.Kind
        let reason: Reason
    }

    init(at: Timestamp, source: String) {
        self.at = at
        self.source = source
    }

    mutating func count(_ action: Action) {
        let key = Key(preset: action.preset.name, kind: action.kind, reason: action.reason)
        // Actions of one group usually follow each other, so the last group is tried first.
        if last >= groups.count || groups[last].key != key {
            last = indices[key] ?? groups.count
            if last == groups.count {
                indices[key] = last
                groups.append((key, 0))
            }
        }
        groups[last].count += 1
    }

    var events: [Event] {
        groups.map { key, count in
            Event(
                at: at, reason: EventReason(key.reason), object: "preset", name: key.preset, source: source,
                preset: key.preset,
                message: "\(key.kind.rawValue) \(count.counted("workspace"))")
        }
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

extension Plan {
    fileprivate mutating func noteChange(_ at: Timestamp?) {
        if let at, at < nextChange ?? .distantFuture { nextChange = at }
    }

    /// Removes the actions, holds and pools of other presets.
    package mutating func restrict(to preset: String) {
        actions.removeAll { $0.preset.name != preset }
        held.removeAll { $0.action.preset.name != preset }
        pools.removeAll { $0.preset.name != preset }
    }
}
