/// The number of workspaces of one preset that have the same fingerprint and state.
package struct Tally: Hashable, Sendable {
    package let preset: PresetKey
    package let fingerprint: Fingerprint
    package let state: WorkspaceState
    package let count: Int
    /// The time since which the oldest of the workspaces is ready; nil if none was ready.
    package let oldestReadyAt: Timestamp?

    package init(
        preset: PresetKey, fingerprint: Fingerprint, state: WorkspaceState, count: Int,
        oldestReadyAt: Timestamp? = nil
    ) {
        self.preset = preset
        self.fingerprint = fingerprint
        self.state = state
        self.count = count
        self.oldestReadyAt = oldestReadyAt
    }
}

/// The properties of one unclaimed workspace by which the planner chooses the workspaces to remove.
package struct Instance: Hashable, Sendable {
    package let id: WorkspaceID
    package let preset: PresetKey
    package let fingerprint: Fingerprint
    package let state: WorkspaceState
    /// The time at which the workspace became ready; nil if it never was.
    package let readyAt: Timestamp?

    package init(
        id: WorkspaceID, preset: PresetKey, fingerprint: Fingerprint, state: WorkspaceState, readyAt: Timestamp? = nil
    ) {
        self.id = id
        self.preset = preset
        self.fingerprint = fingerprint
        self.state = state
        self.readyAt = readyAt
    }
}

/// The observed state that a plan starts from.
package struct Observed: Sendable {
    package var tallies: [PresetKey: [Tally]] = [:]
    /// The workspaces of the presets for which ``Planner/needsInstances(_:observed:)`` is true. More do no harm.
    package var instances: [PresetKey: [Instance]] = [:]
    package var failures: [PresetKey: FailureRecord] = [:]
    package var suspensions: [Suspension] = []
    /// The number of workspaces that count against limits, by source, including pools that need no planning. It is nil if
    /// ``tallies`` covers all pools.
    package var liveBySource: [String: Int]?
    /// The time that recent builds of a preset took, if it is known. Only presets with a `ttl` need it.
    package var buildTimes: [PresetKey: Duration] = [:]
    /// The number of creates in other sources that `policy.limits.instances` holds. It is 0 if the source has no kept
    /// failures, since only those could make room.
    package var heldElsewhere = 0

    /// The ready workspaces that an operator wants to have replaced.
    package var replaced: [PresetKey: Set<WorkspaceID>] = [:]
    /// The numbers of claimed workspaces that are lost or unhealthy, by preset.
    package var brokenClaims: [PresetKey: Int] = [:]
    /// The claims that wait, by the preset for which each of them counts.
    package var waiting: [PresetKey: WaitingDemand] = [:]
    /// The provisioners that are unavailable, by name.
    package var outages: [String: Outage] = [:]

    package init() {}

    /// Returns the active suspension of a preset; nil if it is not suspended.
    package func suspension(of preset: PresetKey, at now: Timestamp) -> Suspension? {
        suspensions.first { $0.scope.covers(preset) && $0.isInForce(at: now) }
    }

    /// Returns the waiting claims that count for the desired number of a preset; nil if there are none.
    func demand(of preset: Preset) -> WaitingDemand? {
        guard !waiting.isEmpty, preset.options.onEmpty == .create, preset.retirement == nil else { return nil }
        return waiting[preset.key]
    }

    /// Adds one workspace to ``tallies`` and ``instances``. For many workspaces a store fills them faster with a query.
    package mutating func add(_ instance: Instance) {
        var tally = Tally(
            preset: instance.preset, fingerprint: instance.fingerprint, state: instance.state, count: 1,
            oldestReadyAt: instance.readyAt)
        var tallies = tallies[instance.preset] ?? []
        if let index = tallies.firstIndex(where: { $0.fingerprint == tally.fingerprint && $0.state == tally.state }) {
            let oldest = [tallies[index].oldestReadyAt, instance.readyAt].compactMap { $0 }.min()
            tally = Tally(
                preset: tally.preset, fingerprint: tally.fingerprint, state: tally.state,
                count: tallies[index].count + 1, oldestReadyAt: oldest)
            tallies[index] = tally
        } else {
            tallies.append(tally)
        }
        self.tallies[instance.preset] = tallies
        instances[instance.preset, default: []].append(instance)
    }

    /// The number of workspaces of each preset that count against limits: all that exist or will exist, also claimed ones.
    package var live: [PresetKey: Int] { tallies.mapValues(\.liveCount) }
}

extension [Tally] {
    /// The number of workspaces that count against limits: all that exist or will exist, also claimed ones.
    package var liveCount: Int {
        reduce(0) { $0 + ($1.state == .deleted || $1.state == .lost ? 0 : $1.count) }
    }
}
