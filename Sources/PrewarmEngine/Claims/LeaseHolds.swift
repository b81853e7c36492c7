import PrewarmCore

/// The holds that postpone the end of leases: freezes, suspensions, `observe`, and the hold of a restored store.
struct LeaseHolds {
    private let engine: Engine
    private let now: Timestamp
    private var known: [PresetKey: Bool] = [:]

    init(_ engine: Engine, at now: Timestamp) {
        self.engine = engine
        self.now = now
    }

    mutating func isHeld(_ key: PresetKey, in store: any StoreReader) throws -> Bool {
        if let known = known[key] { return known }
        let held = try find(key, in: store)
        known[key] = held
        return held
    }

    private func find(_ key: PresetKey, in store: any StoreReader) throws -> Bool {
        if try store.restoredHold() != nil || engine.policy.observedSources.contains(key.source) { return true }
        if try store.suspensions().contains(where: { $0.scope.covers(key) && $0.isInForce(at: now) }) { return true }
        let preset = try store.presets(named: key.description).first
        if let preset, preset.isSuspended || preset.options.mode == .observe { return true }
        guard engine.policy.mayFreeze(key.source) else { return false }
        return try Observer(engine, key.source).planner(for: [], at: now, in: store).isDeletionFrozen(in: key.source)
    }
}
