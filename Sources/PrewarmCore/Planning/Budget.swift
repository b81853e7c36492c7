/// What the policy's limits leave to a turn (rule 9).
///
/// Presets of a higher priority are served first; among equals each gets one instance, then a second, and so on.
struct Budget {
    /// Of each pool, in their order.
    private(set) var admitted: [Admission] = []

    struct Admission {
        var creations = 0
        /// What keeps back the rest.
        var hold: Hold?
    }

    private let limits: Policy.Limits
    private var live: [PresetKey: Int]
    private var liveInSource: [String: Int] = [:]
    private var liveInAll = 0

    /// A create that is cancelled makes room at once: no later event would, since nothing of it exists.
    /// - Parameter bySource: the sums, where `live` is not of all pools.
    init(
        _ limits: Policy.Limits, live: @autoclosure () -> [PresetKey: Int], bySource: [String: Int]?, pools: [Pool]
    ) {
        self.limits = limits
        guard limits.areOfInstances else {
            self.live = [:]
            admitted = pools.map { pool in
                if let hold = pool.hold(on: .create) { return Admission(hold: hold) }
                return Admission(creations: pool.creations)
            }
            return
        }
        self.live = live()
        for (preset, count) in self.live { liveInSource[preset.source, default: 0] += count }
        if let bySource { liveInSource = bySource }
        for pool in pools where !pool.removals.isEmpty && pool.hold(on: .cancel) == nil {
            let cancelled = pool.removals.count { $0.kind == .cancel }
            self.live[pool.preset.key, default: 0] -= cancelled
            liveInSource[pool.preset.key.source, default: 0] -= cancelled
        }
        liveInAll = liveInSource.values.reduce(0, +)
        admitted = pools.map { Admission(hold: $0.hold(on: .create)) }
        let waiting = pools.indices.filter { pools[$0].creations > 0 && admitted[$0].hold == nil }
        let classes = Dictionary(grouping: waiting) { pools[$0].preset.options.priority }
        for (_, members) in classes.sorted(by: { $0.key > $1.key }) { share(among: members, of: pools) }
    }

    private mutating func share(among members: [Int], of pools: [Pool]) {
        var members = members
        while !members.isEmpty {
            members.removeAll { index in
                let key = pools[index].preset.key
                if let hold = hold(for: key) {
                    admitted[index].hold = hold
                    return true
                }
                live[key, default: 0] += 1
                liveInSource[key.source, default: 0] += 1
                liveInAll += 1
                admitted[index].creations += 1
                return admitted[index].creations == pools[index].creations
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
}

extension Plan {
    /// What the pool wants, as far as nothing holds it back.
    mutating func add(_ pool: Pool, _ deletionGuard: DeletionGuard, _ admission: Budget.Admission) {
        for action in pool.removals {
            let hold = pool.hold(on: action.kind) ?? deletionGuard.hold(of: action, preset: pool.preset)
            if let hold { held.append(HeldAction(action, hold: hold)) } else { actions.append(action) }
        }
        let create = Action(.create, preset: pool.preset.key, reason: .belowDesired)
        actions += repeatElement(create, count: admission.creations)
        if let hold = admission.hold {
            held += repeatElement(HeldAction(create, hold: hold), count: pool.creations - admission.creations)
        }
    }

    /// Where there are more actions than a turn may take, each preset gets its first one, then its second, and so on,
    /// those of a higher priority before; before all of them what is cancelled, whose room the others take.
    mutating func limitActions(_ limit: Int?, pools: [Pool]) {
        guard let limit, actions.count > limit else { return }
        let priorities = Dictionary(pools.map { ($0.preset.key, $0.preset.options.priority) }) { first, _ in first }
        var rounds: [PresetKey: Int] = [:]
        let ranked = actions.enumerated().map { index, action in
            if action.kind == .cancel { return (priority: Int.min, round: 0, index: index) }
            rounds[action.preset, default: 0] += 1
            return (priority: -(priorities[action.preset] ?? 0), round: rounds[action.preset] ?? 0, index: index)
        }
        let admitted = Set(ranked.sorted(by: <).prefix(limit).map(\.index))
        let all = actions
        actions = all.indices.filter { admitted.contains($0) }.map { all[$0] }
        held += all.indices.filter { !admitted.contains($0) }.map { HeldAction(all[$0], hold: .actionsPerTurn(limit)) }
    }
}
