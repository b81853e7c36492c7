/// Decides what a turn does: a pure function of what is desired, what is observed, the time and the policy.
///
/// The rules are those of DESIGN.md §3. Equal input gives an equal plan, whatever order it comes in.
package struct Planner: Sendable {
    package let now: Timestamp
    package let policy: Policy
    /// The rules of the time zones that schedules name; a schedule of an unknown zone counts as none.
    package let zones: [String: TimeZoneRules]

    package init(now: Timestamp, policy: Policy = Policy(), zones: [String: TimeZoneRules] = [:]) {
        self.now = now
        self.policy = policy
        self.zones = zones
    }

    /// Whether planning for the preset takes its single ``Instance`` values: only where one may have to go.
    package func needsInstances(_ preset: Preset, tallies: [Tally], failure: FailureRecord?) -> Bool {
        var current = 0
        for tally in tallies where tally.count > 0 {
            switch tally.state {
            case .failed, .lost: return true
            case .pending, .creating, .ready:
                if tally.state == .pending, failure?.fingerprint == preset.fingerprint { return true }
                if tally.fingerprint != preset.fingerprint || preset.retirement != nil { return true }
                if let ttl = preset.ttl, let oldest = tally.oldestReadyAt, oldest + ttl - preset.renewalLead <= now {
                    return true
                }
                current += tally.count
            case .deleting, .deleted, .claimed: break
            }
        }
        return current > desired(preset)
    }

    /// The number that the preset asks for now.
    package func desired(_ preset: Preset) -> Int {
        if preset.retirement != nil { return 0 }
        guard let schedule = preset.schedule, let zone = zones[schedule.timezone] else { return preset.instances }
        return schedule.window(at: now, zone: zone)?.instances ?? preset.instances
    }

    /// - Parameters:
    ///   - presets: in force, in the order of their names.
    ///   - observed: with the instances of every preset that ``needsInstances(_:tallies:failure:)`` is true for.
    package func plan(_ presets: [Preset], observed: Observed) -> Plan {
        var plan = Plan()
        plan.pools.reserveCapacity(presets.count)
        let pools = presets.map { preset in
            var pool = Pool(preset, planner: self, observed: observed)
            pool.decide()
            return pool
        }
        let deletionGuard = DeletionGuard(policy.deletionGuard, states: observed.guards, pools: pools)
        let budget = Budget(policy.limits, live: observed.live, pools: pools)
        for (pool, admitted) in zip(pools, budget.admitted) {
            plan.add(pool, deletionGuard, admitted)
            plan.pools.append(
                PoolPlan(
                    preset: pool.preset.key, counts: pool.counts, wait: pool.wait, suspension: pool.suspension,
                    nextChange: pool.nextChange))
            if let change = pool.nextChange, change < plan.nextChange ?? .distantFuture { plan.nextChange = change }
        }
        plan.limitActions(policy.limits.actionsPerTurn, pools: pools)
        return plan
    }

    /// What keeps the preset's pool as it is but for the kinds of action that are allowed meanwhile.
    func standstill(of preset: Preset) -> (hold: Hold, allowed: Set<Action.Kind>)? {
        if preset.options.mode == .observe || policy.observedSources.contains(preset.key.source) {
            return (.observe, [])
        }
        for freeze in policy.freezes[preset.key.source] ?? [] {
            let zone = freeze.timezone == "UTC" ? .utc : zones[freeze.timezone]
            if let zone, let end = freeze.end(at: now, zone: zone) {
                return (.freeze(until: end), freeze.allowed.union([.cancel]))
            }
        }
        return nil
    }
}

extension Timestamp {
    package static let distantFuture = Timestamp(milliseconds: .max)
}
