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

    /// The decision if nothing is to be judged.
    /// - Parameter record: The record of the guard.
    init(record: GuardRecord) {
        earlier = record
        self.record = record
    }

    /// Returns the presets of a revision as they are planned for: held ones as they were accepted.
    func planned(_ presets: [Preset]) -> [Preset] {
        waiting.isEmpty ? presets : presets.map { waiting[$0.key.name] ?? $0 }
    }
}

/// The stage that admits changes, by the deletion guard.
struct Admission: Sendable {
    private let engine: Engine
    private let source: String
    /// The only preset that the reconciliation acts on; nil for all. Losses of the others are carried out later.
    private let preset: String?

    init(_ engine: Engine, _ source: Engine.Source, preset: String? = nil) {
        self.engine = engine
        self.source = source.name
        self.preset = preset
    }

    /// Decides which changes are admitted. Without a new revision, changes are judged again only if one is approved, or
    /// under another policy. A record that is lost knows no changes, so it waits for a revision.
    /// - Parameters:
    ///   - changes: The changes of a new revision; nil if the applied revision stays.
    ///   - isNewPolicy: True if the configuration has changed since the last revision was read.
    func admit(
        _ changes: [PresetChange]?, isNewPolicy: Bool = false, in store: any StoreReader
    ) throws -> Guarded {
        let (record, now) = (try store.guardRecord(ofSource: source), engine.now())
        let changes = changes ?? (isNewPolicy && !record.isLost ? [] : nil)
        var guarded = Guarded(record: record)
        guard changes != nil || record.hasApproval else {
            let window = engine.policy.deletionGuard.window
            if record.losses.contains(where: { $0.at == nil || $0.isDue(at: now, window) }) {
                let blocked = try blocked(Set(record.losses.map(\.preset)), [:], at: now, in: store)
                guarded.record.postpone(blocked, window, at: now)
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
        let pending = Set(record.losses.lazy.filter { $0.isPending(at: now) }.map(\.preset))
        if judged.contains(where: { $0.mayLose || pending.contains($0.name) }) {
            facts = try self.facts(judged, at: now, in: store)
        }
        if !record.losses.isEmpty || !facts.presets.isEmpty {
            let proposals = Dictionary(judged.map { ($0.name, $0.proposal) }) { first, _ in first }
            let names = Set(proposals.keys).union(record.losses.map(\.preset))
            facts.blocked = try blocked(names, proposals, at: now, in: store)
        }
        let isFirst = try store.presetCount(source: source) == 0
        let admission = judge.admit(judged, record, stored: stored, facts, isFirst: isFirst)
        guarded.record = admission.record
        guarded.changes = admission.changes
        guarded.waiting = admission.waiting
        return guarded
    }

    private func facts(
        _ changes: [GuardedChange], at now: Timestamp, in store: any StoreReader
    ) throws -> DeletionGuard.Facts {
        var facts = DeletionGuard.Facts()
        facts.presets = try store.presets(source: source)
        facts.everReady = try store.everReady(source: source)
        for tally in try store.tallies(source: source) {
            let name = tally.preset.name
            if [.pending, .creating, .ready].contains(tally.state) { facts.unclaimed[name, default: 0] += tally.count }
            if tally.state == .claimed { facts.claimed[name, default: 0] += tally.count }
            if tally.state == .ready, let oldest = tally.oldestReadyAt {
                facts.oldestReady[name] = min(oldest, facts.oldestReady[name] ?? oldest)
            }
        }
        facts.stale = try stale(changes.filter { $0.isLooserStrategy && $0.mayLose }, at: now, in: store)
        let all = facts.presets + changes.flatMap { [$0.accepted, $0.proposal].compactMap(\.self) }
        facts.zones = engine.zones.rules(of: Set(all.lazy.compactMap(\.schedule?.timezone)))
        return facts
    }

    /// Returns the numbers of ready workspaces that are outdated or expired under the new definitions, by preset name.
    private func stale(
        _ changes: [GuardedChange], at now: Timestamp, in store: any StoreReader
    ) throws -> [String: Int] {
        guard !changes.isEmpty else { return [:] }
        let proposals = Dictionary(changes.map { ($0.proposal.key, $0.proposal) }) { first, _ in first }
        var counts: [String: Int] = [:]
        for instance in try store.instances(of: changes.map(\.proposal.key)) where instance.state == .ready {
            guard let proposal = proposals[instance.preset] else { continue }
            let end = proposal.ttl.flatMap { ttl in instance.readyAt.map { $0 + ttl } } ?? .distantFuture
            if instance.fingerprint != proposal.fingerprint || end <= now { counts[proposal.key.name, default: 0] += 1 }
        }
        return counts
    }

    /// Returns the presets whose workspaces cannot be deleted now, because of a freeze or a suspension, because the store is
    /// a restored copy, or because the reconciliation acts on another preset only.
    /// - Parameter proposals: The presets that a new revision changes, by name.
    private func blocked(
        _ names: Set<String>, _ proposals: [String: Preset], at now: Timestamp, in store: any StoreReader
    ) throws -> Set<String> {
        let planner = try Observer(engine, source).planner(for: [], at: now, in: store)
        if planner.isStoreRestored || planner.isDeletionFrozen(in: source) { return names }
        let suspensions = try store.suspensions().filter { $0.isInForce(at: now) }
        return try names.filter { name in
            let key = PresetKey(source: source, name: name)
            if let preset, preset != name { return true }
            if suspensions.contains(where: { $0.scope.covers(key) }) { return true }
            if let proposal = proposals[name] { return proposal.isSuspended }
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
