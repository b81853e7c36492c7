import PrewarmCore

/// The events of a turn that people and programs wait for; each is written in the transaction that makes it true.
extension TurnCommit {
    /// A revision comes into force, and what its manifests are like. Called before their diagnostics are replaced.
    func noteRevision(_ desired: Desired, in store: any StoreWriter) throws {
        guard let revision else { return }
        var events: [Event] = []
        if isNewRevision {
            try store.forgetOld(now: now)
            let by = desired.commit.map { ": \($0.subject.firstLine) (\($0.author.firstLine))" } ?? ""
            events.append(
                event("Applied", revision, "\(desired.changes.count.counted("preset")) changed\(by)"))
        }
        let errors = desired.diagnostics.filter { $0.severity == .error }
        // Where only what changed was looked at, there were none.
        let earlier =
            try desired.presets == nil ? [] : store.diagnostics(source: source.name).filter { $0.severity == .error }
        if let first = errors.first, isNewRevision || errors != earlier {
            let count = errors.count == 1 ? "" : "\(errors.count) errors, the first: "
            events.append(
                event("ManifestsInvalid", revision, "\(count)\(first.location): \(first.message)", kind: .warning))
        } else if errors.isEmpty, !earlier.isEmpty {
            events.append(event("ManifestsValid", revision, "every manifest is valid again"))
        }
        if !events.isEmpty { try store.append(events) }
    }

    /// What is new of presets and of what is held. Called before source and conditions are saved.
    /// - Parameter changed: presets whose conditions are not what they were.
    func noteChanges(_ changed: [PresetKey: [Condition]], of report: TurnReport, in store: any StoreWriter) throws {
        var events: [Event] = []
        if isRecovered, record.failure != nil {
            events.append(
                Event(
                    at: now, reason: "Recovered", object: "source", name: source.name, source: source.name,
                    message: "the repository can be read again"))
        }
        events += try poolEvents(changed, of: report, in: store)
        if let event = try holdEvent(changed, of: report, in: store) { events.append(event) }
        if !events.isEmpty { try store.append(events) }
    }

    /// - Returns: how long it took until every pool was as the revision says; nil where that is not so yet.
    func noteConvergence(of record: RevisionRecord, in store: any StoreWriter) throws -> Duration? {
        guard let convergedAt = record.convergedAt else { return nil }
        let duration = max(convergedAt - record.appliedAt, .zero)
        let seconds = Duration.seconds(max(duration.components.seconds, 1)).prewarmText
        try store.append([event("Converged", record.revision, "every pool is as it says, after \(seconds)")])
        return duration
    }

    private func poolEvents(
        _ changed: [PresetKey: [Condition]], of report: TurnReport, in store: any StoreReader
    ) throws -> [Event] {
        var events: [Event] = []
        var isRollout: Bool?
        // Most that change are only on their way.
        let candidates = changed.filter { key, conditions in
            conditions.hasStalled || conditions.isAtDesired || report.conditions[key]?.hasStalled == true
        }
        for (key, conditions) in candidates.sorted(by: { $0.key < $1.key }) {
            let earlier = report.conditions[key] ?? []
            let (stalled, wasStalled) = (conditions.first { $0.kind == .stalled }, earlier.hasStalled)
            if let stalled, !wasStalled {
                events.append(
                    event(
                        "Stalled", key, report.stalledMessage(of: key) ?? "builds failed too often", kind: .warning,
                        detail: stalled.message))
            } else if stalled == nil, wasStalled {
                events.append(event("Recovered", key, "it is no longer stalled"))
            }
            guard conditions.isAtDesired, !earlier.isAtDesired else { continue }
            // Once a revision is through, pools are refilled with every claim: that is no news.
            if isRollout == nil {
                let newest = try store.revisions(source: source.name, limit: 1).first
                isRollout = newest?.convergedAt == nil || newest?.revision != revision
            }
            let message = conditions.first { $0.kind == .ready }?.message ?? ""
            if isRollout == true { events.append(event("AtDesired", key, message)) }
        }
        return events
    }

    /// What waits for somebody's leave is news where it begins to wait, and where a new revision makes it wait.
    private func holdEvent(
        _ changed: [PresetKey: [Condition]], of report: TurnReport, in store: any StoreReader
    ) throws -> Event? {
        guard let revision else { return nil }
        let held = report.plan.held.filter(\.hold.needsApproval)
        let begins = changed.contains { $0.value.isHeld && !(report.conditions[$0.key] ?? []).isHeld }
        let ends = changed.contains { !$0.value.isHeld && (report.conditions[$0.key] ?? []).isHeld }
        if !held.isEmpty, begins || isNewRevision {
            var counts: [(hold: Hold, count: Int)] = []
            for hold in held.lazy.map(\.hold) {
                if let index = counts.firstIndex(where: { $0.hold == hold }) {
                    counts[index].count += 1
                } else {
                    counts.append((hold, 1))
                }
            }
            let parts = counts.map { "\($0.count.counted("deletion")) held by \($0.hold.message)" }
            return event("DeletionsHeld", revision, parts.joined(separator: "; "), kind: .warning)
        }
        // Of those that were not acted on, too.
        let goesOn = report.conditions.contains { (changed[$0.key] ?? $0.value).isHeld }
        return held.isEmpty && ends && !goesOn ? event("HoldEnded", revision, "no deletion is held any more") : nil
    }

    private func event(
        _ reason: String, _ revision: Revision, _ message: String, kind: Event.Kind = .normal
    ) -> Event {
        Event(
            at: now, kind: kind, reason: reason, object: "revision", name: revision.description,
            source: source.name, message: message)
    }

    private func event(
        _ reason: String, _ preset: PresetKey, _ message: String, kind: Event.Kind = .normal, detail: String? = nil
    ) -> Event {
        Event(
            at: now, kind: kind, reason: reason, object: "preset", name: preset.name, source: preset.source,
            preset: preset.name, message: message, detail: detail)
    }
}

extension TurnReport {
    /// Why a preset is stalled, without the text of its provisioner.
    fileprivate func stalledMessage(of key: PresetKey) -> String? {
        guard let preset = presets.first(where: { $0.key == key }),
            let pool = plan.pools.first(where: { $0.preset == key })
        else { return nil }
        let status = PresetStatus(preset: preset, pool: pool, failure: nil, held: [], diagnostics: [])
        return status.conditionsWithoutLogs.first { $0.kind == .stalled }?.message
    }
}

extension [Condition] {
    fileprivate var isAtDesired: Bool { contains { $0.kind == .ready && $0.reason == "AtDesired" } }
    fileprivate var hasStalled: Bool { contains { $0.kind == .stalled } }
    /// It waits for somebody's leave.
    fileprivate var isHeld: Bool { contains { $0.kind == .deletionsHeld && $0.reason != "Retain" } }
}

extension String {
    /// Of what others wrote, short enough for a message.
    fileprivate var firstLine: String {
        String((split(whereSeparator: \.isNewline).first ?? "").prefix(100))
    }
}
