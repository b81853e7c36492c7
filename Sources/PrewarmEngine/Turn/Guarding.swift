import PrewarmCore

extension GuardRecord.Lowering {
    /// How many fewer the preset asks for now than it would have without what revisions changed.
    func count(_ preset: Preset, _ planner: Planner) -> Int {
        reached.contains(planner.desired(preset)) ? 0 : difference(preset, planner)
    }

    private func difference(_ preset: Preset, _ planner: Planner) -> Int {
        let before = earlier.map { planner.isKnown($0) ? planner.desired($0) : $0.most }.max() ?? 0
        return max(0, before - planner.desired(preset))
    }

    var most: Int { earlier.map(\.most).max() ?? 0 }

    /// It is at a lower number, and nothing waits for that. A number that it would have had before is none: a window that
    /// ends too early shows when it has ended, and not at night.
    mutating func noteReached(by preset: Preset, _ planner: Planner) {
        let number = planner.desired(preset)
        if difference(preset, planner) > 0, !reached.contains(number) { reached.append(number) }
    }

    /// It has been down to each of its lower numbers, or through all windows of a week.
    func isOver(for preset: Preset, at now: Timestamp) -> Bool {
        isOld(at: now) || Demand(of: preset).numbers.allSatisfy { $0 >= most || reached.contains($0) }
    }

    func isOld(at now: Timestamp) -> Bool { at + .seconds(8 * 86_400) <= now }
}

extension GuardRecord {
    /// What a revision changes, to be compared with what there was before.
    /// - Parameter count: how many presets the source has with it.
    mutating func note(_ changes: [PresetChange], of count: Int, at now: Timestamp) {
        // Where all are new there is nothing that they make larger.
        let hasOthers = changes.count { $0.before == nil } < count
        var indices = Dictionary(lowerings.enumerated().map { ($1.name, $0) }) { first, _ in first }
        // They are kept for the time of the window.
        var room = 1000
        for change in changes where hasOthers || change.before != nil {
            let (name, demand) = (change.now.key.name, Demand(of: change.now))
            if change.isOfPool {
                // Whoever mends a part of it has looked at it: all of it is judged anew.
                if held.contains(name) { held = [] }
                if approval?.presets.contains(name) == true { approval = nil }
            }
            let before = change.before.map { Demand(of: $0) }
            if hasOthers, room > 0 {
                // What was lowered and not taken yet is still there.
                let earlier = [before?.most, indices[name].map { lowerings[$0].most }].compactMap(\.self).max()
                if demand.most > earlier ?? -1 {
                    additions.append(Addition(name: name, earlier: earlier ?? 0, at: now))
                    room -= 1
                }
            }
            guard let before, before != demand else { continue }
            if let index = indices[name] {
                lowerings[index].reached = []
                lowerings[index].at = now
                lowerings[index].add(before)
            } else if demand.least < before.most {
                indices[name] = lowerings.count
                lowerings.append(Lowering(name: name, earlier: [before], at: now))
            }
        }
    }

    /// What happened later than now, by a clock that was put back since, happened now: the guard's window is not longer
    /// than it is.
    mutating func clampTimes(to now: Timestamp) {
        removals = removals.map { $0.at <= now ? $0 : Removal(at: now, count: $0.count) }
        additions = additions.map { $0.at <= now ? $0 : Addition(name: $0.name, earlier: $0.earlier, at: now) }
        for index in lowerings.indices { lowerings[index].at = min(lowerings[index].at, now) }
    }

    /// Of the schedules that presets had before.
    var timezones: Set<String> { Set(lowerings.lazy.flatMap(\.earlier).compactMap(\.schedule?.timezone)) }
}

extension PresetChange {
    /// It is not only told in another way, or elsewhere.
    fileprivate var isOfPool: Bool {
        guard let before else { return true }
        return Demand(of: before) != Demand(of: now) || before.retirement != now.retirement
            || before.fingerprint != now.fingerprint || before.strategy != now.strategy || before.ttl != now.ttl
            || before.options.deletionPolicy != now.options.deletionPolicy
    }
}

extension PoolPlan {
    /// A suspension keeps more than the preset asks for.
    func isKept(_ preset: Preset) -> Bool { isSuspended(preset) && unclaimed > counts.desired }
}

extension TurnCommit {
    /// What the guard knows before the plan is made.
    func guarding(_ record: GuardRecord, of scope: TurnScope) -> GuardRecord {
        guard let desired else { return record }
        var record = record
        record.note(desired.changes, of: scope.presets.count + (scope.settled?.count ?? 0), at: now)
        return record
    }

    /// What it has to remember after it; written only where that changed.
    /// - Parameter among: how many instances there were that count, whatever is planned for them.
    func save(
        _ record: GuardRecord, _ observed: Observed, since earlier: GuardRecord, after plan: Plan,
        of table: PresetTable, among: Int, planner: Planner, in store: any StoreWriter
    ) throws {
        var record = record
        let state = observed.guardState(of: source.name)
        let removed = plan.actions.count { action in
            guard let id = action.workspace, action.isByRevision else { return false }
            return !state.approved.contains(id)
        }
        let window = engine.policy.deletionGuard.window
        record.clampTimes(to: now)
        record.removals.removeAll { $0.at + window <= now }
        record.additions.removeAll { $0.at + window <= now }
        if removed > 0 { record.removals.append(.init(at: now, count: removed)) }
        // Before anything went of what a revision takes away.
        let among = record.heldAmong ?? among
        if preset == nil {
            let waiting = waiting(plan, table, state)
            record.heldAmong = waiting.forGuard.isEmpty ? nil : among
            // What hides a hold of the guard's, as a freeze, does not end it.
            let held = plan.held.lazy.filter(\.hold.isOfGuard).map(\.action.preset.name)
            record.held = state.held.intersection(waiting.forGuard).union(held)
            record.heldUnder = record.held.isEmpty ? "" : engine.policy.deletionGuard.description
            if waiting.forGuard.isEmpty { record.isLost = false }
            if let approved = record.approval?.presets, waiting.all.isDisjoint(with: approved),
                try !approved.contains(where: { try table[key($0)] == nil && isSuspended($0, observed, in: store) })
            {
                record.approval = nil
            }
            record.lowerings = try record.lowerings.compactMap { lowering in
                if waiting.all.contains(lowering.name) { return lowering }
                guard let preset = table[key(lowering.name)] else {
                    // Of what was not planned for, all is as it was, but for the time.
                    guard lowering.isOld(at: now) else { return lowering }
                    return try isSuspended(lowering.name, observed, in: store) ? lowering : nil
                }
                var lowering = lowering
                lowering.noteReached(by: preset, planner)
                return lowering.isOver(for: preset, at: now) ? nil : lowering
            }
        } else if desired != nil {
            record.heldAmong = among
        }
        // One that could not be read looks like none.
        let isReadAgain = desired?.presets != nil
        if isReadAgain || record != earlier { try store.save(record, ofSource: source.name) }
    }

    private func key(_ preset: String) -> PresetKey { PresetKey(source: source.name, name: preset) }

    /// Of a pool that was not planned for: it has instances that may have to go when that ends.
    private func isSuspended(_ preset: String, _ observed: Observed, in store: any StoreReader) throws -> Bool {
        let key = key(preset)
        guard let preset = try store.presets([key])?.first else { return false }
        let isSuspended = preset.isSuspended || observed.suspension(of: key, at: now) != nil
        return try isSuspended && store.unclaimed(of: key) > 0
    }

    /// How many instances the guard takes a share of.
    func counted(_ plan: Plan, of table: PresetTable, _ observed: Observed) -> Int {
        let state = observed.guardState(of: source.name)
        return plan.pools.reduce((observed.settled[source.name] ?? 0) + state.recentlyRemoved) { sum, pool in
            if table[pool.preset]?.hasOwnHold == true { return sum }
            return sum + state.counted(pool.unclaimed, of: pool.preset.name)
        }
    }

    /// The presets of which a revision takes something away that is still there, and of these those of which the guard has
    /// still to decide: not where the preset says itself that it stays.
    private func waiting(
        _ plan: Plan, _ table: PresetTable, _ state: GuardState
    ) -> (all: Set<String>, forGuard: Set<String>) {
        var (all, forGuard): (Set<String>, Set<String>) = ([], [])
        for held in plan.held where held.action.isByRevision {
            all.insert(held.action.preset.name)
            if ![.retain, .confirm, .observe].contains(held.hold) { forGuard.insert(held.action.preset.name) }
        }
        for pool in plan.pools where pool.unclaimed > 0 {
            guard let preset = table[pool.preset], pool.isSuspended(preset) else { continue }
            all.insert(pool.preset.name)
            if pool.isKept(preset),
                preset.retirement != nil || state.isUnknown || state.lowered[pool.preset.name] != nil
            {
                forGuard.insert(pool.preset.name)
            }
        }
        return (all, forGuard)
    }
}
