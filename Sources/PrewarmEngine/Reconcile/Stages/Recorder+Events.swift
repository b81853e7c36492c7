import PrewarmCore

/// The events of a reconciliation. Each is written in the transaction that makes it true.
extension Recorder {
    /// Records that a revision is applied, and whether its manifests are valid. Has to be called before the diagnostics of
    /// the previous revision are replaced.
    func noteRevision(_ definition: Definition, in store: any StoreWriter) throws {
        let (revision, now) = (definition.revision, transaction.now)
        var events = definition.events
        if transaction.isNewRevision {
            try store.forgetOld(now: now)
            let by = definition.commit.map { ": \($0.subject.firstLine) (\($0.author.firstLine))" } ?? ""
            let kept =
                definition.diagnostics.contains { $0.severity == .error }
                ? "; invalid manifests keep their applied version" : ""
            events.append(
                event(.applied, revision, "\(definition.changes.count.counted("preset")) changed\(kept)\(by)"))
        }
        let errors = definition.diagnostics.filter { $0.severity == .error }
        // If only changed files were read, the previous revision had no errors.
        let earlier =
            try definition.presets == nil
            ? [] : store.diagnostics(source: transaction.source.name).filter { $0.severity == .error }
        if let first = errors.first, transaction.isNewRevision || errors != earlier {
            let count = errors.count == 1 ? "" : "\(errors.count) errors, the first: "
            events.append(
                event(.manifestsInvalid, revision, "\(count)\(first.location): \(first.message)", kind: .warning))
        } else if errors.isEmpty, !earlier.isEmpty {
            events.append(event(.manifestsValid, revision, "every manifest is valid again"))
        }
        if !events.isEmpty { try store.append(events) }
    }

    /// Records the news about presets and held deletions. Has to be called before the source and the conditions are saved.
    /// - Parameter changed: The new conditions of the presets whose conditions changed.
    func noteChanges(_ changed: [PresetKey: [Condition]], of report: ReconcileReport, in store: any StoreWriter) throws
    {
        var events: [Event] = []
        if transaction.isRecovered, transaction.record.failure != nil {
            events.append(
                Event(
                    at: transaction.now, reason: .recovered, object: "source", name: transaction.source.name,
                    source: transaction.source.name,
                    message: "the repository can be read again"))
        }
        events += try poolEvents(changed, of: report, in: store)
        if let event = try holdEvent(changed, of: report, in: store) { events.append(event) }
        if !events.isEmpty { try store.append(events) }
    }

    /// Records that every pool has converged to the revision.
    /// - Returns: The time from the application of the revision until then; nil if the pools have not converged.
    func noteConvergence(of record: RevisionRecord, in store: any StoreWriter) throws -> Duration? {
        guard let convergedAt = record.convergedAt else { return nil }
        let duration = max(convergedAt - record.appliedAt, .zero)
        let seconds = Duration.seconds(max(duration.components.seconds, 1)).prewarmText
        try store.append([event(.converged, record.revision, "every pool converged after \(seconds)")])
        return duration
    }

    private func poolEvents(
        _ changed: [PresetKey: [Condition]], of report: ReconcileReport, in store: any StoreReader
    ) throws -> [Event] {
        var events: [Event] = []
        var isRollout: Bool?
        // Most changed conditions only show progress.
        let candidates = changed.filter { key, conditions in
            conditions.hasStalled || conditions.isAtDesired || report.conditions[key]?.hasStalled == true
        }
        for (key, conditions) in candidates.sorted(by: { $0.key < $1.key }) {
            let earlier = report.conditions[key] ?? []
            let (stalled, wasStalled) = (conditions.first { $0.kind == .stalled }, earlier.hasStalled)
            if let stalled, !wasStalled {
                events.append(
                    event(
                        .stalled, key, report.stalledMessage(of: key) ?? "builds failed too often", kind: .warning,
                        detail: stalled.message))
            } else if stalled == nil, wasStalled {
                events.append(event(.recovered, key, "the preset is no longer stalled"))
            }
            guard conditions.isAtDesired, !earlier.isAtDesired else { continue }
            // After a revision has converged, a pool is refilled after each claim, which needs no event.
            if isRollout == nil {
                let newest = try store.revisions(source: transaction.source.name, limit: 1).first
                isRollout = newest?.convergedAt == nil || newest?.revision != transaction.revision
            }
            let message = conditions.first { $0.kind == .ready }?.message ?? ""
            if isRollout == true { events.append(event(.atDesired, key, message)) }
        }
        return events
    }

    /// Returns an event if deletions begin to wait for an approval, if a new revision makes deletions wait, or if the last
    /// hold ended.
    private func holdEvent(
        _ changed: [PresetKey: [Condition]], of report: ReconcileReport, in store: any StoreReader
    ) throws -> Event? {
        guard let revision = transaction.revision else { return nil }
        let held = report.waitingForApproval()
        let begins = changed.contains { $0.value.isHeld && !(report.conditions[$0.key] ?? []).isHeld }
        let ends = changed.contains { !$0.value.isHeld && (report.conditions[$0.key] ?? []).isHeld }
        if !held.isEmpty, begins || transaction.isNewRevision {
            var counts: [(hold: Hold, count: Int)] = []
            for hold in held.lazy.map(\.hold) {
                if let index = counts.firstIndex(where: { $0.hold == hold }) {
                    counts[index].count += 1
                } else {
                    counts.append((hold, 1))
                }
            }
            let parts = counts.map { "\($0.count.counted("deletion")) held by \($0.hold.message(at: revision))" }
            return event(.deletionsHeld, revision, parts.joined(separator: "; "), kind: .warning)
        }
        // Presets that were not planned for may still be held.
        let goesOn = report.conditions.contains { (changed[$0.key] ?? $0.value).isHeld }
        return held.isEmpty && ends && !goesOn ? event(.holdEnded, revision, "no deletion is held any more") : nil
    }

    private func event(
        _ reason: EventReason, _ revision: Revision, _ message: String, kind: Event.Kind = .normal
    ) -> Event {
        Event(
            at: transaction.now, kind: kind, reason: reason, object: "revision", name: revision.description,
            source: transaction.source.name, message: message)
    }

    private func event(
        _ reason: EventReason, _ preset: PresetKey, _ message: String, kind: Event.Kind = .normal, detail: String? = nil
    ) -> Event {
        Event(
            at: transaction.now, kind: kind, reason: reason, object: "preset", name: preset.name, source: preset.source,
            preset: preset.name, message: message, detail: detail)
    }
}

extension ReconcileReport {
    /// Returns the reason why a preset is stalled, without the text of its provisioner.
    fileprivate func stalledMessage(of key: PresetKey) -> String? {
        guard let preset = presets.first(where: { $0.key == key }),
            let pool = plan.pools.first(where: { $0.preset == key })
        else { return nil }
        let status = PresetStatus(preset: preset, pool: pool, failure: nil, held: [], diagnostics: [])
        return status.conditionsWithoutLogs.first { $0.kind == .stalled }?.message
    }
}

extension [Condition] {
    fileprivate var isAtDesired: Bool {
        contains { $0.kind == .ready && $0.reason == ConditionReason.atDesired.rawValue }
    }
    fileprivate var hasStalled: Bool { contains { $0.kind == .stalled } }
    /// Returns true if deletions wait for an approval.
    fileprivate var isHeld: Bool {
        contains { $0.kind == .deletionsHeld && $0.reason != ConditionReason.retain.rawValue }
    }
}

extension String {
    /// The first line, cut to 100 characters.
    fileprivate var firstLine: String {
        String((split(whereSeparator: \.isNewline).first ?? "").prefix(100))
    }
}
