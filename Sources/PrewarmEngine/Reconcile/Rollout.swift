package import PrewarmCore

/// The replacement of a pool's outdated workspaces that is still to be done.
package struct Rollout: Hashable, Sendable {
    package let preset: PresetKey
    /// The number of unclaimed workspaces of another fingerprint that get a replacement: ready, starting and suspect ones.
    /// Outdated workspaces above ``desired`` are only deleted. Of 6 outdated workspaces with 2 desired ones, it is 2.
    package let replaces: Int
    /// The number of workspaces that stay claimable at any time: the floor of the strategy, or all claimable ones if there
    /// are fewer.
    package let keepsClaimable: Int
    /// The number of workspaces that should be ready.
    package let desired: Int
    /// True if the deletion guard holds the change, so that the rollout begins after an approval.
    package let isHeld: Bool
    /// The hold of all actions of the pool, for example a freeze or a suspension; nil if the rollout goes on, or if the
    /// deletion guard holds it.
    package let hold: Hold?
}

extension ReconcileReport {
    /// The rollouts that run or wait for the end of a hold, and then those that an approval would start, each in the order of
    /// the presets. The pool of a retired preset is emptied and has none.
    package var rollouts: [Rollout] {
        let table = PresetTable(presets)
        let holds = Dictionary(plan.held.lazy.filter(\.hold.isOfPool).map { ($0.action.preset, $0.hold) }) { first, _ in
            first
        }
        let running = plan.pools.compactMap { pool -> Rollout? in
            let counts = pool.counts
            let replaces = min(counts.outdated, counts.desired)
            guard replaces > 0, let preset = table[pool.preset], preset.retirement == nil else { return nil }
            let floor = preset.strategy.floor(desired: counts.desired)
            return Rollout(
                preset: pool.preset, replaces: replaces, keepsClaimable: min(floor, counts.claimable),
                desired: counts.desired, isHeld: false,
                hold: pool.isSuspended(preset) ? .suspension : holds[pool.preset])
        }
        return running + heldRollouts
    }

    /// Removes the changes of other presets, and of templates that the preset does not use.
    package mutating func restrictChanges(to preset: String) {
        let templates = Set(presets.lazy.filter { $0.key.name == preset }.map(\.spec.template))
        changes.removeAll { $0.object == .preset ? $0.name != preset : !templates.contains($0.name) }
        heldRollouts.removeAll { $0.preset.name != preset }
    }
}

/// The comparison of a revision's definitions with the accepted ones.
struct RevisionComparison {
    private let engine: Engine
    private let source: String
    private let record: GuardRecord
    private let store: any StoreReader

    /// - Parameter record: The record of the deletion guard after the revision was judged.
    init(_ engine: Engine, _ source: String, _ record: GuardRecord, in store: any StoreReader) {
        self.engine = engine
        self.source = source
        self.record = record
        self.store = store
    }

    /// Adds the changes and the held rollouts to a report that has a plan.
    /// - Parameters:
    ///   - presets: All presets as the revision defines them.
    ///   - templates: The changes of templates.
    func add(_ presets: [Preset], _ templates: [DefinitionChange], to report: inout ReconcileReport) throws {
        let stored = Dictionary(try store.presets(source: source).map { ($0.key, $0.accepted) }) { first, _ in first }
        report.applied = try store.source(source)?.applied
        report.changes = templates
        for preset in presets where stored[preset.key] != preset {
            guard var change = DefinitionChange(from: stored[preset.key], to: preset) else { continue }
            change.isHeld = record.held[preset.key.name] != nil
            report.changes.append(change)
        }
        report.heldRollouts = try heldRollouts(stored, Dictionary(report.plan.pools.map { ($0.preset, $0) }) { $1 })
    }

    private func heldRollouts(
        _ accepted: [PresetKey: Preset], _ pools: [PresetKey: PoolPlan]
    ) throws -> [Rollout] {
        let proposals = record.held.values.map(\.proposal).filter { $0.retirement == nil }.sorted { $0.key < $1.key }
        guard !proposals.isEmpty else { return [] }
        let planner = try Observer(engine, source).planner(for: proposals, at: engine.now(), in: store)
        return try proposals.compactMap { proposal in
            guard let pool = pools[proposal.key], let before = accepted[proposal.key],
                before.fingerprint != proposal.fingerprint
            else { return nil }
            let desired = planner.desired(proposal)
            let replaces = min(try store.unclaimed(of: proposal.key, except: proposal.fingerprint), desired)
            guard replaces > 0 else { return nil }
            return Rollout(
                preset: proposal.key, replaces: replaces,
                keepsClaimable: min(proposal.strategy.floor(desired: desired), pool.counts.claimable),
                desired: desired, isHeld: true, hold: nil)
        }
    }
}
