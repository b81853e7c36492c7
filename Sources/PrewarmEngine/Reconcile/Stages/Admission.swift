import PrewarmCore

/// The decision of the deletion guard about a reconciliation, made from a snapshot of the store.
struct Guarded: Sendable {
    /// The record in the snapshot. If the store has another one when the decision is saved, the reconciliation starts
    /// again.
    let earlier: GuardRecord
    var record: GuardRecord
    /// The presets to store, with the stored ones before them.
    var changes: [PresetChange] = []
    /// The presets that stay while their changes wait, by name.
    fileprivate var waiting: [String: Preset] = [:]

    /// Returns the presets of a revision as they are planned for: held ones as they were accepted.
    func planned(_ presets: [Preset]) -> [Preset] {
        waiting.isEmpty ? presets : presets.map { waiting[$0.key.name] ?? $0 }
    }
}

/// The stage that admits changes, by the deletion guard.
struct Admission: Sendable {
    private let engine: Engine
    private let source: String

    init(_ engine: Engine, _ source: Engine.Source) {
        self.engine = engine
        self.source = source.name
    }

    /// Decides which changes are admitted. Without a new revision, changes are judged again only if one is approved.
    /// - Parameter changes: The changes of a new revision; nil if the applied revision stays.
    func admit(_ changes: [PresetChange]?, in store: any StoreReader) throws -> Guarded {
        let (record, now) = (try store.guardRecord(ofSource: source), engine.now())
        var guarded = Guarded(earlier: record, record: record)
        guard changes != nil || record.hasApproval else {
            if record.losses.contains(where: { $0.at == nil }) {
                let blocked = try blocked(Set(record.losses.map(\.preset)), at: now, in: store)
                guarded.record.setTimes(to: now, blocked: blocked)
            }
            return guarded
        }
        let judge = DeletionGuard(of: source, policy: engine.policy, now: now)
        var stored: [String: Preset] = [:]
        for name in judge.names(in: changes ?? [], record) {
            stored[name] = try store.presets([PresetKey(source: source, name: name)])?.first
        }
        let judged = judge.changes(changes ?? [], record, stored: stored)
        var facts = DeletionGuard.Facts()
        if judged.contains(where: \.mayLose) { facts = try self.facts(judged, in: store) }
        let names = Set(judged.map(\.name)).union(record.losses.map(\.preset))
        if !record.losses.isEmpty || !facts.presets.isEmpty {
            facts.blocked = try blocked(names, at: now, in: store)
        }
        let isFirst = try store.presetCount(source: source) == 0
        let admission = judge.admit(judged, record, stored: stored, facts, isFirst: isFirst)
        guarded.record = admission.record
        guarded.changes = admission.changes
        guarded.waiting = admission.waiting
        return guarded
    }

    private func facts(
        _ changes: [GuardedChange], in store: any StoreReader
    ) throws -> DeletionGuard.Facts {
        var facts = DeletionGuard.Facts()
        facts.presets = try store.presets(source: source)
        facts.everReady = try store.everReady(source: source)
        for tally in try store.tallies(source: source) {
            let name = tally.preset.name
            if [.pending, .creating, .ready].contains(tally.state) { facts.unclaimed[name, default: 0] += tally.count }
            if tally.state == .ready, let oldest = tally.oldestReadyAt {
                facts.oldestReady[name] = min(oldest, facts.oldestReady[name] ?? oldest)
            }
        }
        let all = facts.presets + changes.flatMap { [$0.accepted, $0.proposal].compactMap(\.self) }
        facts.zones = engine.zones.rules(of: Set(all.lazy.compactMap(\.schedule?.timezone)))
        return facts
    }

    /// Returns the presets whose workspaces cannot be deleted now, because of a freeze, a suspension, or because the store
    /// is a restored copy.
    private func blocked(
        _ names: Set<String>, at now: Timestamp, in store: any StoreReader
    ) throws -> Set<String> {
        let planner = try Observer(engine, source).planner(for: [], at: now, in: store)
        if planner.isStoreRestored || planner.isDeletionFrozen(in: source) { return names }
        let suspensions = try store.suspensions().filter { $0.isInForce(at: now) }
        return try names.filter { name in
            let key = PresetKey(source: source, name: name)
            if suspensions.contains(where: { $0.scope.covers(key) }) { return true }
            return try store.presets([key])?.first?.isSuspended == true
        }
    }
}

extension Plan {
    /// Adds the deletions that the guard holds, as far as their pools are planned for.
    mutating func addHeld(by record: GuardRecord, of presets: [Preset]) {
        guard !record.held.isEmpty else { return }
        let planned = Set(presets.lazy.map(\.key))
        held += record.heldActions.filter { planned.contains($0.action.preset) }
    }
}
