/// The creates that the limits of the policy admit in one reconciliation (rule 9 of ``Planner``).
///
/// Creates for waiting claims come before all others, since a person waits. Presets of a higher priority get their creates
/// first. Presets of the same priority take turns: each gets one
/// workspace, then each gets a second one, and so on, until a limit is reached or nothing is missing.
///
/// Example: `instances: 10`, 6 workspaces exist, and the pools a, b and c have one priority and lack 3 each. The limit
/// admits 4 creates: a gets 2, b and c get 1 each. ``Hold/instances(_:)`` holds the other 5.
struct Budget {
    /// The admission of each pool, in the order of the pools.
    private(set) var admitted: [Admission] = []

    /// The part of a pool's creates that may start now.
    struct Admission {
        /// The number of creates that are admitted.
        var creations = 0
        /// The hold on the pool's other creates; nil if all are admitted.
        var hold: Hold?
    }

    private let limits: Policy.Limits
    private var live: [PresetKey: Int]
    private var liveInSource: [String: Int] = [:]
    private var liveInAll = 0

    /// Shares the room below the limits among the pools.
    ///
    /// A create that this plan cancels frees its room at once. Its provisioner was never called, so no later event
    /// would free the room.
    /// - Parameters:
    ///   - live: the number of workspaces of each preset that count against limits (``Observed/live``).
    ///   - bySource: the same numbers for each source. It is nil if `live` covers all pools, so that the sums follow
    ///     from it.
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
        let byPriority = classes.sorted { $0.key > $1.key }.map(\.value)
        for members in byPriority { share(among: members, of: pools, upTo: \.createsForClaims) }
        for members in byPriority { share(among: members, of: pools, upTo: \.creations) }
    }

    /// Admits creates of pools of one priority, which take turns.
    /// - Parameter target: The number of creates that a pool gets at most, including earlier ones.
    private mutating func share(among members: [Int], of pools: [Pool], upTo target: (Pool) -> Int) {
        var members = members.filter { admitted[$0].creations < target(pools[$0]) }
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
                return admitted[index].creations == target(pools[index])
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
    /// Adds the decisions of a pool: to ``actions`` if nothing holds them, otherwise to ``held`` with the hold.
    mutating func add(_ pool: Pool, _ admission: Budget.Admission) {
        for action in pool.removals {
            if let hold = pool.hold(on: action) {
                held.append(HeldAction(action, hold: hold))
            } else {
                actions.append(action)
            }
        }
        let creates = pool.creates
        actions += creates.prefix(admission.creations)
        if let hold = admission.hold {
            held += creates.dropFirst(admission.creations).map { HeldAction($0, hold: hold) }
        }
    }

    /// Moves the actions beyond `limit` (`actionsPerTurn`) to ``held``.
    ///
    /// Cancels are admitted first, since they free room for creates. The other actions are admitted by the priority of
    /// their preset. Presets of the same priority take turns: each gets its first action, then each its second.
    ///
    /// Example: `actionsPerTurn: 3`, the presets a and b of one priority have 4 actions each, and a has a cancel among
    /// them. The cancel is admitted, then one action of a and one of b.
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
