/// Decides what a turn does: a pure function of what is desired, what is observed, the time and the policy.
///
/// The rules are those of DESIGN.md §3. Equal input gives an equal plan, whatever order it comes in.
package struct Planner: Sendable {
    package let now: Timestamp
    package let policy: Policy
    /// The rules of the time zones that schedules name. A pool whose schedule has a zone without rules loses nothing, and
    /// one of a source whose freeze has such a zone stays as it is.
    package let zones: [String: TimeZoneRules]
    /// The store is a restored copy, so that only creates are allowed.
    package let isStoreRestored: Bool

    package init(
        now: Timestamp, policy: Policy = Policy(), zones: [String: TimeZoneRules] = [:], isStoreRestored: Bool = false
    ) {
        self.isStoreRestored = isStoreRestored
        self.now = now
        self.policy = policy
        self.zones = zones
    }

    /// Whether planning for the preset takes its single ``Instance`` values: only where one may have to go.
    package func needsInstances(_ preset: Preset, observed: Observed) -> Bool {
        let (tallies, failure) = (observed.tallies[preset.key] ?? [], observed.failures[preset.key])
        let lead = renewal(of: preset, observed)?.lead ?? .zero
        var current = 0
        for tally in tallies where tally.count > 0 {
            switch tally.state {
            case .failed, .lost: return true
            case .pending, .creating, .ready:
                if tally.state == .pending, failure?.fingerprint == preset.fingerprint { return true }
                if tally.fingerprint != preset.fingerprint || preset.retirement != nil { return true }
                if let ttl = preset.ttl, let oldest = tally.oldestReadyAt, oldest + ttl - lead <= now {
                    return true
                }
                current += tally.count
            case .deleting, .deleted, .claimed: break
            }
        }
        return current > desired(preset)
    }

    private func renewal(of preset: Preset, _ observed: Observed) -> Renewal? {
        guard preset.ttl != nil else { return nil }
        return Renewal(preset, desired: desired(preset), buildTime: observed.buildTimes[preset.key])
    }

    /// The number that the preset asks for now.
    package func desired(_ preset: Preset) -> Int {
        preset.retirement != nil ? 0 : desired(preset.instances, preset.schedule)
    }

    package func desired(_ demand: Demand) -> Int { desired(demand.instances, demand.schedule) }

    /// Whether its number at this time can be told: its schedule's time zone has rules.
    package func isKnown(_ demand: Demand) -> Bool { demand.schedule.map { zones[$0.timezone] != nil } ?? true }

    private func desired(_ instances: Int, _ schedule: Schedule?) -> Int {
        guard let schedule, let zone = zones[schedule.timezone] else { return instances }
        return schedule.window(at: now, zone: zone)?.instances ?? instances
    }

    /// - Parameters:
    ///   - presets: in force, in the order of their names.
    ///   - observed: with the instances of every preset that ``needsInstances(_:observed:)`` is true for.
    package func plan(_ presets: [Preset], observed: Observed) -> Plan {
        var plan = Plan()
        plan.pools.reserveCapacity(presets.count)
        var standstills = Standstills(self)
        var (active, unclaimed): ([Pool], [String: Int]) = ([], observed.settled)
        let hasAdded = observed.guards.values.contains { !$0.added.isEmpty }
        for preset in presets {
            let tallies = observed.tallies[preset.key] ?? []
            let standstill = standstills.standstill(of: preset)
            if standstill == nil, let pool = settled(preset, tallies, observed) {
                let state = hasAdded ? observed.guards[preset.key.source] : nil
                unclaimed[preset.key.source, default: 0] +=
                    state?.counted(pool.unclaimed, of: preset.key.name) ?? pool.unclaimed
                plan.add(pool)
            } else {
                var pool = Pool(preset, planner: self, tallies: tallies, observed: observed, standstill: standstill)
                pool.decide()
                active.append(pool)
                plan.add(pool.plan)
            }
        }
        let deletionGuard = DeletionGuard(
            policy.deletionGuard, states: observed.guards, pools: active, settled: unclaimed)
        let budget = Budget(
            policy.limits, live: observed.live, bySource: observed.liveBySource, pools: active)
        active = GivingWay.apply(to: active, budget.admitted, heldElsewhere: observed.heldElsewhere) { pool in
            pool.removals.count { action in
                action.kind == .delete && action.reason != .lost && pool.hold(on: .delete) == nil
                    && deletionGuard.hold(of: action, preset: pool.preset) == nil
            }
        }
        for (pool, admitted) in zip(active, budget.admitted) { plan.add(pool, deletionGuard, admitted) }
        plan.limitActions(policy.limits.actionsPerTurn, pools: active)
        return plan
    }

    /// The pool of a preset that is as it shall be and waits for nothing but its expiry; nil where it needs a closer
    /// look. Most pools are like this at most times, and there may be many.
    private func settled(_ preset: Preset, _ tallies: [Tally], _ observed: Observed) -> PoolPlan? {
        guard preset.retirement == nil, preset.schedule == nil, observed.suspensions.isEmpty,
            observed.failures.isEmpty || observed.failures[preset.key] == nil
        else { return nil }
        var counts = PoolCounts()
        var oldest = Timestamp.distantFuture
        for tally in tallies {
            guard tally.fingerprint == preset.fingerprint else { return nil }
            switch tally.state {
            case .ready:
                counts.actual += tally.count
                oldest = min(oldest, tally.oldestReadyAt ?? .distantFuture)
            case .claimed: counts.claimed += tally.count
            default: return nil
            }
        }
        guard counts.actual == preset.instances else { return nil }
        counts.desired = counts.actual
        counts.eligible = counts.actual
        counts.claimable = counts.actual
        var nextChange: Timestamp?
        if let ttl = preset.ttl, oldest < .distantFuture {
            let first = oldest + ttl - (renewal(of: preset, observed)?.lead ?? .zero)
            guard first > now else { return nil }
            nextChange = first
        }
        return PoolPlan(preset: preset.key, counts: counts, unclaimed: counts.actual, nextChange: nextChange)
    }
}

/// What keeps pools as they are but for the kinds of action that are allowed meanwhile.
typealias Standstill = (hold: Hold, allowed: Set<Action.Kind>)

/// Looks each freeze up once.
private struct Standstills {
    private let planner: Planner
    private var freezes: [String: Standstill?] = [:]

    init(_ planner: Planner) {
        self.planner = planner
    }

    mutating func standstill(of preset: Preset) -> Standstill? {
        let (policy, source) = (planner.policy, preset.key.source)
        if preset.options.mode == .observe || policy.observedSources.contains(source) { return (.observe, []) }
        if let freeze = freeze(of: source) {
            return planner.isStoreRestored ? (freeze.hold, freeze.allowed.intersection([.create])) : freeze
        }
        if planner.isStoreRestored { return (.restoredStore, [.create]) }
        guard preset.retirement == nil, let zone = preset.schedule?.timezone, planner.zones[zone] == nil else {
            return nil
        }
        // How many it asks for is not known: what it asks for at other times can be made.
        return (.timezone(zone), [.create])
    }

    private mutating func freeze(of source: String) -> Standstill? {
        guard !planner.policy.freezes.isEmpty else { return nil }
        if let known = freezes[source] { return known }
        let found = planner.freeze(of: source)
        freezes[source] = found
        return found
    }
}

extension Planner {
    fileprivate func freeze(of source: String) -> Standstill? {
        for freeze in policy.freezes[source] ?? [] {
            guard let zone = freeze.timezone == "UTC" ? .utc : zones[freeze.timezone] else {
                return (.timezone(freeze.timezone), freeze.allowed.union([.cancel]))
            }
            if let end = freeze.end(at: now, zone: zone) {
                return (.freeze(until: end), freeze.allowed.union([.cancel]))
            }
        }
        return nil
    }
}

extension Plan {
    fileprivate mutating func add(_ pool: PoolPlan) {
        pools.append(pool)
        if let change = pool.nextChange, change < nextChange ?? .distantFuture { nextChange = change }
    }
}

extension Timestamp {
    package static let distantPast = Timestamp(milliseconds: .min)
    package static let distantFuture = Timestamp(milliseconds: .max)
}
