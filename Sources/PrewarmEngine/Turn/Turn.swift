import PrewarmCore

extension Engine {
    /// Reconciles a source: pulls it, plans, and commits the plan as operations. It asks no provisioner.
    ///
    /// A reconciliation that finds nothing new costs one ref advertisement and one row, and writes nothing.
    /// - Parameters:
    ///   - pull: If false, it plans for the applied revision without asking the remote.
    ///   - revision: A branch, tag or commit to apply instead of the configured ref. The next reconciliation returns to the
    ///     configured ref.
    ///   - preset: The only preset to act on; nil for all.
    ///   - expected: The digest of the plan to carry out. Any other plan is refused.
    /// - Throws: ``TurnError``, ``StoreError``. If the remote cannot be read, the report says so, and nothing is thrown.
    package func turn(
        _ name: String, pull: Bool = true, revision: String? = nil, preset: String? = nil, expected: String? = nil
    ) async throws -> TurnReport {
        try await observingTurn(of: name, pulls: pull) {
            while true {
                do {
                    return try await makeTurn(
                        name, pull: pull, revision: revision, preset: preset, expected: expected)
                } catch is Overtaken {
                    try Task.checkCancellation()
                }
            }
        }
    }

    private func makeTurn(
        _ name: String, pull: Bool, revision: String?, preset: String?, expected: String?
    ) async throws -> TurnReport {
        let start = now()
        let (found, diagnostics, pin) = try await store.read { store in
            (try store.source(name), try store.diagnostics(source: name), try store.pin(ofSource: name, at: start))
        }
        guard let source = sources[name] ?? (found == nil ? nil : removedSource(name)) else {
            throw TurnError.unknownSource(name)
        }
        var report = TurnReport(source: name)
        let record = found ?? SourceRecord(name: name, url: source.url)
        report.revision = record.applied
        var target = sources[name] == nil ? nil : record.applied
        if pull {
            do {
                target = try await self.target(of: source, revision: revision, pin: pin, applied: record.applied)
            } catch let failure as GitFailure {
                // A canceled request says nothing about the remote.
                try Task.checkCancellation()
                report.failure = failure
            }
        }
        if report.failure == nil, expected == nil, target == record.applied, isQuiet(record, source) {
            report.isQuiet = true
            report.diagnostics = diagnostics
            if pull { try await noteSuccess(of: source, after: record) }
            return report
        }
        if !pull, sources[name] != nil { target = record.applied }
        var arrival = Arrival()
        if report.failure == nil, let target, isNew(target, to: record, of: source) {
            do {
                arrival = try await arrive(at: target, of: source, after: record)
            } catch {
                try Task.checkCancellation()
                report.failure = error
            }
        }
        let request = TurnRequest(source: source, hasPulled: pull, preset: preset, expected: expected)
        try await reconcile(request, since: record, target: target, arrival: arrival, report: &report)
        return report
    }

    /// Returns the plan that a reconciliation would make now. It changes only the mirror.
    /// - Parameter revision: A branch, tag or commit to plan for; nil for the configured ref.
    package func preview(_ name: String, revision: String? = nil) async throws -> TurnReport {
        guard let source = sources[name] else { throw TurnError.unknownSource(name) }
        var report = TurnReport(source: name)
        let start = now()
        let (record, pin) = try await store.read { store in
            (try self.record(of: source, in: store), try store.pin(ofSource: name, at: start))
        }
        var desired: Desired?
        var remarks: [Diagnostic] = []
        let previous = try await inForce(of: name)
        report.revision = record.applied
        do {
            let target = try await target(of: source, revision: revision, pin: pin, applied: record.applied)
            if target != record.applied || record.inputs != inputs(of: source) {
                try await source.git.fetch(target)
                remarks = try await self.remarks(
                    on: target, of: source, after: record, isAskedFor: revision != nil)
                desired = try await self.desired(at: target, of: source, previous: previous)
                report.revision = target
            }
        } catch let failure as GitFailure {
            try Task.checkCancellation()
            if revision != nil { throw failure }
            report.failure = failure
        }
        guard let desired else {
            let failure = report.failure
            report = try await assess(name)
            report.failure = failure
            report.suspended = try await heldBySuspensions(report)
            return report
        }
        report.diagnostics = desired.diagnostics + remarks
        let (earlier, presets, changes, now) = (report, desired.presets ?? [], desired.changes, now())
        report = try await store.read { store in
            var report = earlier
            let guarded = try guarded(changes, of: name, in: store)
            report.presets = guarded.planned(presets)
            let planner = try planner(for: report.presets, at: now, in: store)
            let observed = try observed(
                of: TurnScope(presets: report.presets), source: name, planner: planner, in: store)
            report.plan = planner.plan(report.presets, observed: observed)
            report.failures = observed.failures
            report.conditions = try store.conditions(source: name)
            report.note(guarded.record)
            return report
        }
        report.suspended = try await heldBySuspensions(report)
        return report
    }

    /// Returns the actions of suspended presets that would be planned without the suspensions.
    private func heldBySuspensions(_ report: TurnReport) async throws -> [HeldAction] {
        let suspended = Set(
            zip(report.presets, report.plan.pools).lazy.filter { $1.isSuspended($0) }.map { $0.0.key })
        guard !suspended.isEmpty else { return [] }
        let (presets, now) = (report.presets.map(\.resumed), now())
        return try await store.read { store in
            let planner = try planner(for: presets, at: now, in: store)
            var observed = try observed(
                of: TurnScope(presets: presets), source: report.source, planner: planner, in: store)
            observed.suspensions = []
            let plan = planner.plan(presets, observed: observed)
            return (plan.actions + plan.held.map(\.action)).filter { suspended.contains($0.preset) }
                .map { HeldAction($0, hold: .suspension) }
        }
    }

    /// Returns the record of a source; a new one without an applied revision if the store has none.
    func record(of source: Source, in store: any StoreReader) throws -> SourceRecord {
        try store.source(source.name) ?? SourceRecord(name: source.name, url: source.url)
    }

    private func isQuiet(_ record: SourceRecord, _ source: Source) -> Bool {
        guard record.applied != nil, record.inputs == inputs(of: source), let until = record.quietUntil else {
            return false
        }
        let now = now()
        return now < until && !record.isPlannedAhead(of: now)
    }

    func inForce(of source: String) async throws -> InForce {
        try await store.read {
            InForce(
                presets: try $0.guardRecord(ofSource: source).written($0.presets(source: source)),
                templates: try $0.templates(source: source),
                unreadable: try $0.unreadablePresets(source: source))
        }
    }

    func planner(for presets: [Preset], at now: Timestamp, in store: any StoreReader) throws -> Planner {
        var names: Set<String> = []
        for preset in presets { if let zone = preset.schedule?.timezone { names.insert(zone) } }
        for freeze in policy.freezes.values.joined() { names.insert(freeze.timezone) }
        return Planner(
            now: now, policy: policy, zones: zones.rules(of: names), isStoreRestored: try store.restoredHold() != nil)
    }

    /// Records that a reconciliation read the source and found nothing new.
    private func noteSuccess(of source: Source, after record: SourceRecord) async throws {
        if record.failure != nil { return try await note(nil, of: source) }
        let now = now()
        guard record.isSuccessNews(at: now) else { return }
        try await store.write { store in
            var record = try self.record(of: source, in: store)
            record.succeededAt = now
            try store.save(record)
        }
    }

    /// Records that the source cannot be read, or that it can be read again (nil), with an event. It writes only if
    /// something changes, so that a remote that stays down costs no writes.
    func note(_ failure: GitFailure?, of source: Source) async throws {
        let now = now()
        let failure = failure.map { GitFailure($0.reason, masked($0.message), hint: $0.hint.map(masked)) }
        try await store.write { store in
            var record = try record(of: source, in: store)
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
