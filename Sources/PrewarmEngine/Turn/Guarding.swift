import PrewarmCore

extension Planner {
    /// The presets that ask for fewer now than they did before, because their manifest says so.
    func lowered(by presets: [Preset], from previous: [Preset]) -> Set<String> {
        let old = Dictionary(previous.map { ($0.key, $0) }) { first, _ in first }
        return Set(
            presets.lazy.filter { preset in
                guard let before = old[preset.key], before != preset else { return false }
                return desired(preset) < desired(before)
            }.map(\.key.name))
    }
}

extension Planner {
    /// The presets that are new beside others; a thousand at most, as they are kept for the time of the guard's window.
    func added(by presets: [Preset], to previous: [Preset]) -> [GuardRecord.Addition] {
        guard !previous.isEmpty else { return [] }
        let known = Set(previous.lazy.map(\.key))
        return presets.lazy.filter { !known.contains($0.key) }.prefix(1000)
            .map { GuardRecord.Addition(name: $0.key.name, at: now) }
    }
}

extension TurnCommit {
    /// What the guard knows before the plan is made.
    func guardRecord(in store: any StoreReader) throws -> GuardRecord {
        var record = try store.guardRecord(ofSource: source.name)
        guard let desired else { return record }
        record.lowered = Set(record.lowered)
            .union(planner.lowered(by: desired.catalog.presets, from: previous.presets)).sorted()
        record.additions += planner.added(by: desired.catalog.presets, to: previous.presets)
        return record
    }

    /// What it has to remember after it; written only where that changed.
    func save(_ record: GuardRecord, after plan: Plan, in store: any StoreWriter) throws {
        var record = record
        let lowered = Set(record.lowered)
        let byKey = Dictionary(presets.map { ($0.key, $0) }) { first, _ in first }
        func isTaken(_ action: Action) -> Bool {
            byKey[action.preset].map { action.isCausedByRevision(of: $0, lowered: lowered) } ?? false
        }
        let approved = Set(
            record.approval.flatMap { $0.revision == revision?.description ? $0.workspaces : nil } ?? [])
        let removed = plan.actions.count { action in
            guard isTaken(action), let id = action.workspace else { return false }
            return !approved.contains(id)
        }
        let window = engine.policy.deletionGuard.window
        record.removals.removeAll { $0.at + window <= planner.now }
        record.additions.removeAll { $0.at + window <= planner.now }
        if removed > 0 { record.removals.append(.init(at: planner.now, count: removed)) }
        if record.approval?.revision != revision?.description { record.approval = nil }
        if preset == nil {
            let among = plan.held.lazy.compactMap(\.hold.heldAmong).first
            record.heldRevision = among == nil ? nil : revision?.description
            record.heldAmong = among.map { min($0, record.heldAmong ?? $0) }
            var waiting = Set(
                plan.held.lazy.map(\.action).filter(isTaken).map(\.preset.name))
            for pool in plan.pools where pool.suspension != nil { waiting.insert(pool.preset.name) }
            for preset in presets where preset.isSuspended { waiting.insert(preset.key.name) }
            record.lowered = record.lowered.filter(waiting.contains)
        }
        if try record != store.guardRecord(ofSource: source.name) { try store.save(record, ofSource: source.name) }
    }
}
