/// The deletion guard admits the changes of a revision preset by preset, before they are planned (rule 8 of ``Planner``).
///
/// It compares the accepted definitions with those of the revision. The loss of a preset is the number of workspaces
/// that it asks for less, at the worst moment of its schedules. A revision is too large if the losses are more than the
/// policy allows, or if no preset of the source is left. Then every preset with a loss keeps its accepted definition
/// whole, and all other presets go on. Losses of earlier revisions count for a window (default: 1 h), so that several
/// small commits add up.
///
/// Example with the default policy (more than 5 workspaces and more than 50 %): three presets ask for 4 each. A first
/// commit removes one of them: 4 of 12 are not more than 5, so it is admitted. A second commit removes another one:
/// 4 + 4 = 8 of 8 + 4 = 12 are more than 5 and 67 %, so that preset is held.
package struct DeletionGuard: Sendable {
    /// The facts about a source that a verdict needs.
    package struct Facts: Sendable {
        /// All stored presets of the source.
        package var presets: [Preset] = []
        /// The names of the presets that have or had a ready workspace. Others have nothing to lose.
        package var everReady: Set<String> = []
        /// The number of pending, creating and ready workspaces, by preset name.
        package var unclaimed: [String: Int] = [:]
        /// The number of claimed workspaces, by preset name.
        package var claimed: [String: Int] = [:]
        /// The time since which the oldest workspace is ready, by preset name.
        package var oldestReady: [String: Timestamp] = [:]
        /// The number of ready workspaces that are outdated or expired under the new definition, by the name of presets
        /// whose change is a ``GuardedChange/isLooserStrategy``.
        package var stale: [String: Int] = [:]
        /// The rules of the time zones of all schedules, as far as they can be read.
        package var zones: [String: TimeZoneRules] = [:]
        /// The names of presets that a freeze or a suspension keeps from being changed now, under the new definitions.
        package var blocked: Set<String> = []

        package init() {}
    }

    /// The changes that are admitted, and the presets as they stay meanwhile.
    package struct Admission: Sendable {
        /// The presets to store, with the stored ones before them: admitted definitions, and held presets whose claims
        /// and creates are refused from now on, or no longer.
        package var changes: [PresetChange] = []
        package var record: GuardRecord
        /// The presets that stay while their changes wait, by name.
        package var waiting: [String: Preset] = [:]
    }

    private let now: Timestamp
    private let source: String
    private let policy: Policy
    private var limits: Policy.DeletionGuard { policy.deletionGuard }

    package init(of source: String, policy: Policy, now: Timestamp) {
        self.source = source
        self.policy = policy
        self.now = now
    }

    /// Returns the changes to judge: those of the revision, those that wait, and those that `mode: observe` let pass.
    /// - Parameters:
    ///   - changes: The changes of the revision, from the definitions of the revision before it.
    ///   - stored: The stored presets of the names that ``names(in:_:)`` returns.
    package func changes(
        _ changes: [PresetChange], _ record: GuardRecord, stored: [String: Preset]
    ) -> [GuardedChange] {
        var proposals: [String: Preset] = [:]
        for name in record.unjudged.keys { proposals[name] = stored[name] }
        for (name, held) in record.held { proposals[name] = held.proposal }
        for change in changes { proposals[change.now.key.name] = change.now }
        return proposals.sorted { $0.key < $1.key }.map { name, proposal in
            GuardedChange(stored: record.unjudged[name] ?? stored[name], proposal: proposal)
        }
    }

    /// Returns the names of the presets whose stored definitions ``changes(_:_:stored:)`` needs.
    package func names(in changes: [PresetChange], _ record: GuardRecord) -> Set<String> {
        Set(changes.lazy.map(\.now.key.name)).union(record.held.keys).union(record.unjudged.keys)
    }

    /// Returns true if `mode: observe` of the preset or the source keeps the plan from being carried out.
    package func isObserved(_ preset: Preset) -> Bool {
        preset.options.mode == .observe || policy.observedSources.contains(source)
    }

    /// Judges the changes.
    /// - Parameters:
    ///   - stored: The stored presets of the changes, by name.
    ///   - facts: The facts about the source. They may be empty if no change ``GuardedChange/mayLose`` anything.
    ///   - isFirst: True if the source had no presets before.
    package func admit(
        _ changes: [GuardedChange], _ record: GuardRecord, stored: [String: Preset], _ facts: Facts, isFirst: Bool
    ) -> Admission {
        var admission = Admission(record: record)
        admission.record.postpone(facts.blocked, limits.window, at: now)
        admission.record.setTimes(to: now, blocked: facts.blocked)
        admission.record.forgetOld(at: now, limits.window)
        admission.record.held = [:]
        admission.record.unjudged = [:]
        var verdict = GuardVerdict(now: now, policy: policy, facts: facts, record: admission.record)
        var admitted: [(change: GuardedChange, loss: GuardVerdict.Loss?)] = []
        var confirming: [GuardedChange] = []
        for change in changes {
            if isObserved(change.proposal) {
                if let accepted = change.accepted { admission.record.unjudged[change.name] = accepted }
                admitted.append((change, nil))
            } else if let approved = record.approvals[change.name], approved == change.digest {
                admitted.append((change, nil))
            } else if change.needsConfirmation {
                confirming.append(change)
            } else if change.mayLose {
                verdict.add(change)
            } else {
                admitted.append((change, nil))
            }
        }
        let decision = verdict.decide(changes, admission.record.losses, record)
        for (change, loss) in verdict.losses {
            if let loss, let hold = decision.hold(change.name) {
                admission.hold(change, loss, hold)
            } else {
                admitted.append((change, loss))
            }
        }
        for change in confirming {
            admission.hold(change, GuardVerdict.Loss(count: verdict.most(change), at: now), .confirm)
        }
        admission.record.takeBack(by: admitted.lazy.map(\.change), verdict, at: now)
        for (change, loss) in admitted {
            if let loss { admission.record.note(loss, of: change.name, facts, at: now) }
            if !isFirst, change.isGain { admission.record.noteGain(change, at: now) }
            admission.put(change.proposal, over: stored[change.name])
        }
        for (name, preset) in admission.waiting {
            // A preset whose hold is new is stored again, so that its pool is planned for and shows the hold.
            let isNew = record.held[name] != admission.record.held[name]
            admission.put(preset, over: isNew ? nil : stored[name])
        }
        admission.changes.sort { $0.now.key < $1.now.key }
        let isByGuard = admission.record.held.values.contains { $0.hold.isOfGuard }
        admission.record.heldUnder = isByGuard ? limits.description : ""
        admission.record.heldAmong = isByGuard ? decision.base : nil
        if !isByGuard { admission.record.isLost = false }
        // An approval is for one change of one preset. It is used up, or void because there is another change.
        let judged = Dictionary(changes.map { ($0.name, $0) }) { first, _ in first }
        admission.record.approvals = record.approvals.filter { name, digest in
            admission.record.held[name] != nil && judged[name]?.digest == digest
        }
        return admission
    }
}

extension DeletionGuard.Admission {
    fileprivate mutating func hold(_ change: GuardedChange, _ loss: GuardVerdict.Loss, _ hold: Hold) {
        let reason = change.proposal.retirement?.reason ?? (loss.isReplacement ? .outdated : .aboveDesired)
        record.held[change.name] = GuardRecord.Held(
            proposal: change.proposal, loss: loss.count, reason: reason, hold: hold)
        if let preset = change.waiting {
            waiting[change.name] = preset
        } else {
            // The accepted definition is lost, so only its workspaces can be kept.
            var preset = change.proposal
            preset.isRetirementHeld = true
            waiting[change.name] = preset
        }
    }

    fileprivate mutating func put(_ preset: Preset, over stored: Preset?) {
        if stored != preset { changes.append(PresetChange(before: stored, now: preset)) }
    }
}

extension GuardRecord {
    /// The largest number of gains that are kept: they come from manifests, and each counts for an hour.
    private static let mostGains = 10_000

    /// False if there may be more gains than are kept. Until the first of them no longer counts, the base of a verdict
    /// is then as small as its losses.
    var hasAllGains: Bool { gains.count < Self.mostGains }

    /// Notes a loss that is admitted, to add it to those of later revisions.
    fileprivate mutating func note(
        _ loss: GuardVerdict.Loss, of preset: String, _ facts: DeletionGuard.Facts, at now: Timestamp
    ) {
        let isBlocked = loss.at <= now && facts.blocked.contains(preset)
        losses.append(Loss(preset: preset, count: loss.count, admittedAt: now, at: isBlocked ? nil : loss.at))
    }

    /// Notes what a preset asked for before an admitted change made it larger.
    fileprivate mutating func noteGain(_ change: GuardedChange, at now: Timestamp) {
        guard hasAllGains else { return }
        gains.append(Gain(preset: change.name, earlier: change.accepted?.numbers.most ?? 0, at: now))
    }

    /// Forgets losses that changes take back before they are carried out.
    fileprivate mutating func takeBack(
        by changes: some Sequence<GuardedChange>, _ verdict: GuardVerdict, at now: Timestamp
    ) {
        guard losses.contains(where: { $0.isPending(at: now) }) else { return }
        let changes = Dictionary(changes.map { ($0.name, $0) }) { first, _ in first }
        for index in losses.indices where losses[index].isPending(at: now) {
            guard let change = changes[losses[index].preset] else { continue }
            losses[index].count -= verdict.gain(of: change, at: losses[index].at ?? now)
        }
        losses.removeAll { $0.count <= 0 }
    }

    /// Takes the time from losses that a schedule postponed to a time at which a freeze or a suspension postpones them
    /// further.
    /// - Parameter blocked: The names of the presets whose workspaces cannot be deleted now.
    package mutating func postpone(_ blocked: Set<String>, _ window: Duration, at now: Timestamp) {
        for index in losses.indices where blocked.contains(losses[index].preset) {
            guard losses[index].isDue(at: now, window) else { continue }
            losses[index].at = nil
        }
    }

    /// Forgets losses and gains that no longer count.
    fileprivate mutating func forgetOld(at now: Timestamp, _ window: Duration) {
        gains.removeAll { $0.at + window <= now }
        losses.removeAll { loss in loss.at.map { $0 + window <= now } ?? false }
    }

    /// Sets the time of losses that can be carried out from now on. If the clock was set back, times that it noted are
    /// moved back with it.
    /// - Parameter blocked: The names of the presets whose workspaces cannot be deleted now.
    package mutating func setTimes(to now: Timestamp, blocked: Set<String>) {
        for index in gains.indices { gains[index].at = min(gains[index].at, now) }
        for index in losses.indices {
            let ahead = losses[index].admittedAt - now
            if ahead > .zero {
                losses[index].admittedAt = now
                losses[index].at = losses[index].at.map { $0 - ahead }
            }
            if losses[index].at == nil, !blocked.contains(losses[index].preset) { losses[index].at = now }
        }
    }
}
