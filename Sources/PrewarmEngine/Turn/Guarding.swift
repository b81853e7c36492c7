import PrewarmCore

extension Planner {
    /// The presets that ask for fewer now than they did before, because their manifest says so.
    func lowered(by changes: [PresetChange]) -> Set<String> {
        Set(
            changes.lazy.filter { change in
                guard let before = change.before else { return false }
                return desired(change.now) < desired(before)
            }.map(\.now.key.name))
    }
}

extension Desired {
    /// The presets that are new beside others; a thousand at most, as they are kept for the time of the guard's window.
    func additions(at now: Timestamp) -> [GuardRecord.Addition] {
        let new = changes.filter { $0.before == nil }
        // Where all are new there were none beside them.
        if let presets, presets.count == new.count { return [] }
        return new.prefix(1000).map { GuardRecord.Addition(name: $0.now.key.name, at: now) }
    }
}

extension TurnCommit {
    /// What the guard knows before the plan is made.
    func guarding(_ record: GuardRecord, _ planner: Planner, of scope: TurnScope) -> GuardRecord {
        guard let desired else { return record }
        var record = record
        let new = Set(desired.changes.lazy.filter { $0.before == nil }.map(\.now.key))
        let hasOthers = (scope.settled?.count ?? 0) > 0 || scope.presets.contains { !new.contains($0.key) }
        record.lowered = Set(record.lowered).union(planner.lowered(by: desired.changes)).sorted()
        if hasOthers { record.additions += desired.additions(at: now) }
        return record
    }

    /// What it has to remember after it; written only where that changed.
    func save(
        _ record: GuardRecord, since earlier: GuardRecord, after plan: Plan, of table: PresetTable,
        in store: any StoreWriter
    ) throws {
        var record = record
        let lowered = Set(record.lowered)
        let presets = table.presets
        func isTaken(_ action: Action) -> Bool {
            table[action.preset].map { action.isCausedByRevision(of: $0, lowered: lowered) } ?? false
        }
        let approved = Set(
            record.approval.flatMap { $0.revision == revision?.description ? $0.workspaces : nil } ?? [])
        let removed = plan.actions.count { action in
            guard let id = action.workspace, isTaken(action) else { return false }
            return !approved.contains(id)
        }
        let window = engine.policy.deletionGuard.window
        record.removals.removeAll { $0.at + window <= now }
        record.additions.removeAll { $0.at + window <= now }
        if removed > 0 { record.removals.append(.init(at: now, count: removed)) }
        if record.approval?.revision != revision?.description { record.approval = nil }
        if preset == nil {
            let among = plan.held.lazy.compactMap(\.hold.heldAmong).first
            record.heldRevision = among == nil ? nil : revision?.description
            record.heldAmong = among.map { min($0, record.heldAmong ?? $0) }
            var waiting = Set(
                plan.held.lazy.map(\.action).filter(isTaken).map(\.preset.name))
            for pool in plan.pools where pool.suspension != nil { waiting.insert(pool.preset.name) }
            for preset in presets where preset.isSuspended { waiting.insert(preset.key.name) }
            // Of what was not planned for, those wait that did before.
            let planned = Set(presets.lazy.map(\.key.name))
            record.lowered.removeAll { planned.contains($0) && !waiting.contains($0) }
        }
        // One that could not be read looks like none.
        let isReadAgain = desired?.presets != nil
        if isReadAgain || record != earlier { try store.save(record, ofSource: source.name) }
    }
}
