/// What the policy's limits leave to a turn (rule 9).
struct Budget {
    private let limits: Policy.Limits
    private var live: [PresetKey: Int]
    private var liveInSource: [String: Int] = [:]
    private var liveInAll = 0

    /// A create that is cancelled makes room at once: no later event would, since nothing of it exists.
    init(_ limits: Policy.Limits, live: [PresetKey: Int], pools: [Pool]) {
        self.limits = limits
        self.live = live
        for pool in pools where !pool.removals.isEmpty {
            self.live[pool.preset.key, default: 0] -= pool.removals.count { $0.kind == .cancel }
        }
        for (preset, count) in self.live {
            liveInSource[preset.source, default: 0] += count
            liveInAll += count
        }
    }

    /// Adds the pool's actions to the plan, and holds back the creates that a limit does not leave room for.
    mutating func admit(_ pool: Pool, into plan: inout Plan) {
        plan.actions += pool.removals
        let key = pool.preset.key
        for _ in 0..<pool.creations {
            let action = Action(.create, preset: key, reason: .belowDesired)
            if let hold = hold(for: key) {
                plan.held.append(HeldAction(action, hold: hold))
            } else {
                plan.actions.append(action)
                live[key, default: 0] += 1
                liveInSource[key.source, default: 0] += 1
                liveInAll += 1
            }
        }
    }

    private func hold(for preset: PresetKey) -> Hold? {
        if let limit = limits.instancesPerPreset, live[preset] ?? 0 >= limit { return .instancesPerPreset(limit) }
        if let limit = limits.instancesPerSource, liveInSource[preset.source] ?? 0 >= limit {
            return .instancesPerSource(limit)
        }
        if let limit = limits.instances, liveInAll >= limit { return .instances(limit) }
        return nil
    }

    /// Where there are more actions than a turn may take, each preset gets its first one, then its second, and so on;
    /// before all of them what is cancelled, whose room the others take.
    func limitActions(of plan: inout Plan) {
        guard let limit = limits.actionsPerTurn, plan.actions.count > limit else { return }
        var rounds: [PresetKey: Int] = [:]
        let ranked = plan.actions.enumerated().map { index, action in
            if action.kind == .cancel { return (round: 0, index: index) }
            rounds[action.preset, default: 0] += 1
            return (round: rounds[action.preset] ?? 0, index: index)
        }
        let admitted = Set(ranked.sorted { ($0.round, $0.index) < ($1.round, $1.index) }.prefix(limit).map(\.index))
        let all = plan.actions
        plan.actions = all.indices.filter { admitted.contains($0) }.map { all[$0] }
        plan.held += all.indices.filter { !admitted.contains($0) }.map {
            HeldAction(all[$0], hold: .actionsPerTurn(limit))
        }
    }
}
