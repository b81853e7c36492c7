import PrewarmCore

/// The workspaces that claims may get, as one transaction knows them. What belongs to all presets is read once.
struct ClaimSupply {
    private let engine: Engine
    private let now: Timestamp
    let suspensions: [Suspension]
    /// The counts of all pools; nil if each pool is read when it is needed.
    private let tallies: [PresetKey: [Tally]]?
    private var known: [PresetKey: Int] = [:]
    /// The number of workspaces that limits count, by source; nil if it was not needed yet.
    private var live: [String: Int]?

    /// The number of presets from which on one pass over the counts of all pools is faster than a look-up for each.
    private static let manyPresets = 100

    /// - Parameter count: The number of presets that will be asked for.
    init(_ engine: Engine, count: Int, at now: Timestamp, in store: any StoreReader) throws {
        self.engine = engine
        self.now = now
        suspensions = try store.suspensions()
        tallies =
            count >= Self.manyPresets ? Dictionary(grouping: try store.tallies(source: nil), by: \.preset) : nil
    }

    func tallies(of preset: PresetKey, in store: any StoreReader) throws -> [Tally] {
        try tallies.map { $0[preset] ?? [] } ?? store.tallies(of: preset)
    }

    /// Returns the number of ready workspaces that the statement of a claim may take.
    mutating func claimable(_ preset: Preset, in store: any StoreReader) throws -> Int {
        if let count = known[preset.key] { return count }
        let count = try countClaimable(preset, in: store)
        known[preset.key] = count
        return count
    }

    private func countClaimable(_ preset: Preset, in store: any StoreReader) throws -> Int {
        let offersOutdated = engine.offersOutdated(preset, suspensions, at: now)
        let ready = try tallies(of: preset.key, in: store).reduce(0) { count, tally in
            tally.state == .ready && (offersOutdated || tally.fingerprint == preset.fingerprint)
                ? count + tally.count : count
        }
        guard ready > 0, let ttl = preset.ttl, !preset.offersExpired else { return ready }
        let readySince = now - ttl
        return try store.instances(of: [preset.key]).count { instance in
            instance.state == .ready && (offersOutdated || instance.fingerprint == preset.fingerprint)
                && instance.readyAt ?? .distantPast > readySince
        }
    }

    /// Returns true if a claim on an empty pool may get a workspace that is not ready yet.
    mutating func offersCold(_ preset: Preset, in store: any StoreReader) throws -> Bool {
        guard engine.allowsCold(preset, suspensions, at: now) else { return false }
        if try hasRoom(for: preset.key, in: store) { return true }
        return try store.startingForClaims(of: preset.key, preset.fingerprint) > 0
    }

    /// Returns true if the limits on workspaces admit one more of the preset.
    mutating func hasRoom(for preset: PresetKey, in store: any StoreReader) throws -> Bool {
        let limits = engine.policy.limits
        if let limit = limits.instancesPerPreset, try tallies(of: preset, in: store).liveCount >= limit { return false }
        guard limits.instancesPerSource != nil || limits.instances != nil else { return true }
        let live = try live ?? store.liveWorkspaces()
        self.live = live
        return live[preset.source, default: 0] < limits.instancesPerSource ?? .max
            && live.values.reduce(0, +) < limits.instances ?? .max
    }
}
