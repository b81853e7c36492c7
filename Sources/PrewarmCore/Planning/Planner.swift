/// The planner decides what one reconciliation does: a pure function of the presets, the observed state, the time and
/// the policy. Equal input gives an equal plan, whatever its order.
///
/// Comments elsewhere refer to these rules by number.
///
/// 1. A pool creates the workspaces that it lacks. Workspaces that are starting are subtracted.
///    Example: 5 are desired, 2 are ready, 1 is starting: 5 − 2 − 1 = 2 are created.
/// 2. A pool deletes current workspaces above the desired number: those that are not ready first, then the oldest ready
///    ones; ties by id. Failed workspaces are deleted before all others.
///    Example: 1 is desired, w1 is ready for 10 min, w2 for 30 min, w3 is being created: w3 and w2 are deleted.
/// 3. Outdated and expired workspaces are replaced by the preset's ``RolloutStrategy``. A rolling update keeps
///    desired − maxUnavailable workspaces claimable and lets desired + maxSurge exist.
///    Example: 20 are desired, both bounds are 25 % (the default): at least 15 are claimable, at most 25 exist.
///    `canary` (default: 1) workspaces of a new fingerprint are created first. When one is ready, the others follow.
///    Unhealthy workspaces cannot be claimed. They are replaced in the same way: they stay until the floor is ready.
/// 4. A pending create that is no longer desired is canceled. Its provisioner was not called, so nothing is deleted.
/// 5. The pool of a retired preset is scaled to zero: the preset or its template is deprecated, or the preset has
///    another version than the template's active one. Claimed workspaces stay.
/// 6. The pool of a preset that is removed from git is scaled to zero in the same way.
/// 7. A preset with an invalid manifest is planned with its last valid version. ``Catalog`` decides that beforehand.
/// 8. A revision that takes too many workspaces away is not planned: the ``DeletionGuard`` admits changes beforehand.
/// 9. Limits hold creates (``Budget``) and actions (``Plan/limitActions(_:pools:)``). Kept failures make room for
///    creates that a limit holds (``GivingWay``).
/// 10. After a failed build one build at a time is tried, after a pause that grows (``Backoff/build``). After
///    `failureLimit` failures in a row the preset is stalled, and one build an hour is tried (``FailureRecord``).
/// 11. If a deletion and a claim want the same workspace, the store decides: the plan may lose.
/// 12. The time is an input. Schedules are cron windows in a time zone (``Schedule``).
/// 13. With `onEmpty: create`, each claim that waits raises the desired number by 1 (``WaitingDemand``).
///     Example: 2 are desired, 2 claims wait, 1 is starting: 2 + 2 − 1 = 3 are created.
package struct Planner: Sendable {
    package let now: Timestamp
    package let policy: Policy
    /// The rules of the time zones that schedules and freezes name. If the rules for a schedule are missing, its pool
    /// deletes nothing. If the rules for a freeze are missing, the pools of its source stay as they are.
    package let zones: [String: TimeZoneRules]
    /// True if the store is a restored copy, so that deletes are held.
    package let isStoreRestored: Bool

    package init(
        now: Timestamp, policy: Policy = Policy(), zones: [String: TimeZoneRules] = [:], isStoreRestored: Bool = false
    ) {
        self.isStoreRestored = isStoreRestored
        self.now = now
        self.policy = policy
        self.zones = zones
    }

    /// Returns true if ``plan(_:observed:)`` needs the single ``Instance`` values of a preset: if it may remove one.
    package func needsInstances(_ preset: Preset, observed: Observed) -> Bool {
        if observed.replaced[preset.key] != nil { return true }
        let (tallies, failure) = (observed.tallies[preset.key] ?? [], observed.failures[preset.key])
        let lead = renewal(of: preset, observed)?.lead ?? .zero
        var current = 0
        for tally in tallies where tally.count > 0 {
            switch tally.state {
            case .failed, .lost, .unhealthy: return true
            case .pending, .creating, .ready, .suspect:
                if tally.state == .pending, failure?.fingerprint == preset.fingerprint { return true }
                if tally.fingerprint != preset.fingerprint || preset.retirement != nil { return true }
                if let ttl = preset.ttl, let oldest = tally.oldestReadyAt, oldest + ttl - lead <= now {
                    return true
                }
                current += tally.count
            case .deleting, .deleted, .claimed: break
            }
        }
        return current > desired(preset, observed)
    }

    private func renewal(of preset: Preset, _ observed: Observed) -> Renewal? {
        guard preset.ttl != nil else { return nil }
        return Renewal(preset, desired: desired(preset, observed), buildTime: observed.buildTimes[preset.key])
    }

    /// Returns the number of workspaces that the preset asks for now: 0 if it is retired, the number of the schedule's
    /// first window that contains ``now``, otherwise `instances`.
    package func desired(_ preset: Preset) -> Int {
        preset.retirement != nil ? 0 : desired(preset.instances, preset.schedule)
    }

    /// Returns the number of workspaces that the preset asks for now, with those for waiting claims.
    func desired(_ preset: Preset, _ observed: Observed) -> Int {
        desired(preset) + (observed.demand(of: preset)?.count ?? 0)
    }

    private func desired(_ instances: Int, _ schedule: Schedule?) -> Int {
        guard let schedule, let zone = zones[schedule.timezone] else { return instances }
        return schedule.window(at: now, zone: zone)?.instances ?? instances
    }

    /// Returns the plan.
    /// - Parameters:
    ///   - presets: the applied presets, in the order of their names.
    ///   - observed: the observed state, with the instances of every preset for which
    ///     ``needsInstances(_:observed:)`` is true.
    package func plan(_ presets: [Preset], observed: Observed) -> Plan {
        var plan = Plan()
        plan.pools.reserveCapacity(presets.count)
        var standstills = Standstills(self)
        var active: [Pool] = []
        for preset in presets {
            let tallies = observed.tallies[preset.key] ?? []
            let standstill = standstills.standstill(of: preset)
            if standstill == nil, let pool = settled(preset, tallies, observed) {
                plan.add(pool)
            } else {
                var pool = Pool(preset, planner: self, tallies: tallies, observed: observed, standstill: standstill)
                pool.decide()
                active.append(pool)
                plan.add(pool.plan)
            }
        }
        let budget = Budget(
            policy.limits, live: observed.live, bySource: observed.liveBySource, pools: active)
        active = GivingWay.apply(to: active, budget.admitted, heldElsewhere: observed.heldElsewhere) { pool in
            pool.removals.count { $0.kind == .delete && $0.reason != .lost && pool.hold(on: $0) == nil }
        }
        for (pool, admitted) in zip(active, budget.admitted) { plan.add(pool, admitted) }
        plan.limitActions(policy.limits.actionsPerTurn, pools: active)
        return plan
    }

    /// Returns the pool of a preset that has converged and whose only next change is an expiry; nil if the pool has
    /// to be planned. Most pools are in this state most of the time, so this path keeps a plan for 10,000 presets
    /// fast.
    private func settled(_ preset: Preset, _ tallies: [Tally], _ observed: Observed) -> PoolPlan? {
        guard preset.retirement == nil, preset.schedule == nil, observed.suspensions.isEmpty,
            observed.replaced.isEmpty || observed.replaced[preset.key] == nil,
            observed.waiting.isEmpty || observed.waiting[preset.key] == nil,
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
        return PoolPlan(
            preset: preset.key, counts: counts, unclaimed: counts.actual, nextChange: nextChange,
            brokenClaims: observed.brokenClaims.isEmpty ? 0 : observed.brokenClaims[preset.key] ?? 0)
    }
}

/// A hold on all actions of a pool except those of the allowed kinds.
typealias Standstill = (hold: Hold, allowed: Set<Action.Kind>)

/// The holds on whole pools. Only `mode: observe` holds cancels, because a cancel deletes nothing that exists. The freezes
/// of each source are evaluated once.
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
            return planner.isStoreRestored ? (freeze.hold, freeze.allowed.subtracting([.delete])) : freeze
        }
        if planner.isStoreRestored { return (.restoredStore, [.create, .cancel]) }
        guard preset.retirement == nil, let zone = preset.schedule?.timezone, planner.zones[zone] == nil else {
            return nil
        }
        // Without the time zone the window is unknown, so the pool keeps its workspaces and may create up to
        // `instances`.
        return (.timezone(zone), [.create, .cancel])
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
    /// Returns true if an active freeze keeps workspaces of the source from being deleted.
    package func isDeletionFrozen(in source: String) -> Bool {
        freeze(of: source).map { !$0.allowed.contains(.delete) } ?? false
    }

    /// Returns the active freeze of a source; nil if none is active. If the time zone of a freeze cannot be read, the
    /// freeze counts as active.
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
    /// Adds a pool, and brings ``nextChange`` forward if the pool changes earlier.
    fileprivate mutating func add(_ pool: PoolPlan) {
        pools.append(pool)
        if let change = pool.nextChange, change < nextChange ?? .distantFuture { nextChange = change }
    }
}

extension Timestamp {
    package static let distantPast = Timestamp(milliseconds: .min)
    package static let distantFuture = Timestamp(milliseconds: .max)
}
