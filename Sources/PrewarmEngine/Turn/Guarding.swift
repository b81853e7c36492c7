import PrewarmCore

extension GuardRecord.Lowering {
    /// Returns how many fewer workspaces the preset desires now than it would without the changes of revisions.
    func count(_ preset: Preset, _ planner: Planner) -> Int {
        reached.contains(planner.desired(preset)) ? 0 : difference(preset, planner)
    }

    private func difference(_ preset: Preset, _ planner: Planner) -> Int {
        let before = earlier.map { planner.isKnown($0) ? planner.desired($0) : $0.most }.max() ?? 0
        return max(0, before - planner.desired(preset))
    }

    /// The highest number of all earlier demands.
    var most: Int { earlier.map(\.most).max() ?? 0 }

    /// Notes that the preset is at a lower number now and that no deletion waits for it. A number that every earlier demand
    /// would also have now does not count. For example, if a revision ends the day's window at 16:00 instead of 18:00, the
    /// night's number counts as reached only between 16:00 and 18:00.
    mutating func noteReached(by preset: Preset, _ planner: Planner) {
        let number = planner.desired(preset)
        if difference(preset, planner) > 0, !reached.contains(number) { reached.append(number) }
    }

    /// Returns true if the preset has reached each of its lower numbers, or if the lowering is older than all windows of a
    /// week.
    func isOver(for preset: Preset, at now: Timestamp) -> Bool {
        isOld(at: now) || Demand(of: preset).numbers.allSatisfy { $0 >= most || reached.contains($0) }
    }

    /// Returns true if the lowering is older than eight days.
    func isOld(at now: Timestamp) -> Bool { at + .seconds(8 * 86_400) <= now }
}

extension GuardRecord {
    /// Notes the changes of a revision, to compare them with the earlier numbers.
    /// - Parameter count: The number of presets that the source has with this revision.
    mutating func note(_ changes: [PresetChange], of count: Int, at now: Timestamp) {
        // If all presets are new, there is no earlier number to compare with.
        let hasOthers = changes.count { $0.before == nil } < count
        var indices = Dictionary(lowerings.enumerated().map { ($1.name, $0) }) { first, _ in first }
        // Additions are kept for the guard's window, so their number needs a limit.
        var room = 1000
        for change in changes where hasOthers || change.before != nil {
            let (name, demand) = (change.now.key.name, Demand(of: change.now))
            if change.isOfPool {
                // A commit that changes a held preset is made by someone who saw the hold: the guard judges all presets anew.
                if held.contains(name) { held = [] }
                if approval?.presets.contains(name) == true { approval = nil }
            }
            let before = change.before.map { Demand(of: $0) }
            if hasOthers, room > 0 {
                // If a lowered number has not been carried out yet, the workspaces of the higher number still exist.
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

    /// Moves times in the future to now. They come from a clock that was set back since, and without this they would count
    /// for longer than the guard's window.
    mutating func clampTimes(to now: Timestamp) {
        removals = removals.map { $0.at <= now ? $0 : Removal(at: now, count: $0.count) }
        additions = additions.map { $0.at <= now ? $0 : Addition(name: $0.name, earlier: $0.earlier, at: now) }
        for index in lowerings.indices { lowerings[index].at = min(lowerings[index].at, now) }
    }

    /// The time zones of the schedules in earlier demands.
    var timezones: Set<String> { Set(lowerings.lazy.flatMap(\.earlier).compactMap(\.schedule?.timezone)) }
}

extension PresetChange {
    /// Returns true if the change affects the pool, not only the layout or the place of the manifest.
    fileprivate var isOfPool: Bool {
        guard let before else { return true }
        return Demand(of: before) != Demand(of: now) || before.retirement != now.retirement
            || before.fingerprint != now.fingerprint || before.strategy != now.strategy || before.ttl != now.ttl
            || before.options.deletionPolicy != now.options.deletionPolicy
    }
}

extension PoolPlan {
    /// Returns true if a suspension keeps more workspaces than the preset desires.
    func isKept(_ preset: Preset) -> Bool { isSuspended(preset) && unclaimed > counts.desired }
}

extension TurnCommit {
    /// Returns the record of the guard with the changes of this revision, for the planner.
    func guarding(_ record: GuardRecord, of scope: TurnScope) -> GuardRecord {
        guard let desired else { return record }
        var record = record
        record.note(desired.changes, of: scope.presets.count + (scope.settled?.count ?? 0), at: now)
        return record
    }

    /// Saves the record of the guard after the plan, if it changed.
    /// - Parameter among: The number of workspaces that the guard takes a share of, before the plan is carried out.
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
        // The number from when the hold began, before any deletion of the revision was carried out.
        let among = record.heldAmong ?? among
        if preset == nil {
            let waiting = waiting(plan, table, state)
            record.heldAmong = waiting.forGuard.isEmpty ? nil : among
            // Another hold that comes before the guard's, for example a freeze, does not end the guard's hold.
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
                    // The preset was not planned for, so nothing changed except the time.
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
        // A record that could not be read looks like an empty one, so it is saved even if it did not change.
        let isReadAgain = desired?.presets != nil
        if isReadAgain || record != earlier { try store.save(record, ofSource: source.name) }
    }

    private func key(_ preset: String) -> PresetKey { PresetKey(source: source.name, name: preset) }

    /// Returns true if a pool that was not planned for is suspended and has unclaimed workspaces, which may have to be
    /// deleted when the suspension ends.
    private func isSuspended(_ preset: String, _ observed: Observed, in store: any StoreReader) throws -> Bool {
        let key = key(preset)
        guard let preset = try store.presets([key])?.first else { return false }
        let isSuspended = preset.isSuspended || observed.suspension(of: key, at: now) != nil
        return try isSuspended && store.unclaimed(of: key) > 0
    }

    /// Returns the number of workspaces that the guard takes a share of.
    func counted(_ plan: Plan, of table: PresetTable, _ observed: Observed) -> Int {
        let state = observed.guardState(of: source.name)
        return plan.pools.reduce((observed.settled[source.name] ?? 0) + state.recentlyRemoved) { sum, pool in
            if table[pool.preset]?.hasOwnHold == true { return sum }
            return sum + state.counted(pool.unclaimed, of: pool.preset.name)
        }
    }

    /// Returns the presets with workspaces that a revision removes and that still exist (`all`). `forGuard` are those
    /// among them that wait for the guard, and not for their own `deletionPolicy` or `mode`.
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
