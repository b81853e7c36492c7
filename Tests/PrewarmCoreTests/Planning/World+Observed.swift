import PrewarmCore

extension World {
    /// Returns the state that a store would give to the planner.
    /// - Parameter all: true to include workspaces that the planner does not need.
    func observed(all: Bool, planner: Planner) -> Observed {
        var observed = Observed()
        for instance in instances where instance.state != .deleted {
            observed.tallies[instance.preset, default: []].add(instance)
        }
        for failure in failures { observed.failures[failure.preset] = failure }
        observed.buildTimes = buildTimes
        observed.heldElsewhere = heldElsewhere
        observed.waiting = waiting.mapValues { WaitingDemand(count: $0, waiting: $0, changesAt: waitingEnd) }
        for preset in presets where all || planner.needsInstances(preset, observed: observed) {
            // A store leaves claimed workspaces out.
            let found = instances.filter {
                $0.preset == preset.key && $0.state != .deleted && (all || $0.state != .claimed)
            }
            if !found.isEmpty { observed.instances[preset.key] = found }
        }
        return observed
    }

    var planner: Planner {
        var policy = Policy(limits: limits)
        policy.observedSources = observedSources
        if !freeze.isEmpty, let always = try? CronExpression("* * * * *") {
            policy.freezes = freeze.mapValues {
                [Freeze(cron: always, duration: .seconds(60), timezone: "UTC", allowed: $0)]
            }
        }
        return Planner(now: now, policy: policy)
    }

    func plan(all: Bool) -> Plan {
        let planner = planner
        return planner.plan(presets, observed: observed(all: all, planner: planner))
    }
}

extension [Tally] {
    fileprivate mutating func add(_ instance: Instance) {
        let index = firstIndex { $0.fingerprint == instance.fingerprint && $0.state == instance.state }
        let old = index.map { remove(at: $0) }
        let oldest = [old?.oldestReadyAt, instance.readyAt].compactMap { $0 }.min()
        append(
            Tally(
                preset: instance.preset, fingerprint: instance.fingerprint, state: instance.state,
                count: (old?.count ?? 0) + 1, oldestReadyAt: oldest))
    }
}
