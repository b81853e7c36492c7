/// Workspaces of one preset that have the same fingerprint and state.
package struct Tally: Hashable, Sendable {
    package let preset: PresetKey
    package let fingerprint: Fingerprint
    package let state: WorkspaceState
    package let count: Int
    /// When the oldest of them was ready; nil where none was.
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

/// What the planner needs to know of one unclaimed workspace to choose it.
package struct Instance: Hashable, Sendable {
    package let id: WorkspaceID
    package let preset: PresetKey
    package let fingerprint: Fingerprint
    package let state: WorkspaceState
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

/// The state of the world that a plan starts from.
package struct Observed: Sendable {
    package var tallies: [PresetKey: [Tally]] = [:]
    package var instances: [PresetKey: [Instance]] = [:]
    package var failures: [PresetKey: FailureRecord] = [:]
    package var suspensions: [Suspension] = []
    /// By source.
    package var guards: [String: GuardState] = [:]
    /// By source: how many unclaimed instances the pools have that are not planned for, because they are as they shall
    /// be. A source without such pools is not in it.
    package var settled: [String: Int] = [:]
    /// By source: how many instances limits count, those of pools that are not planned for included. Nil: the tallies
    /// are of all pools.
    package var liveBySource: [String: Int]?
    /// How long recent builds of presets took, where that is known; asked for only of those with a ttl.
    package var buildTimes: [PresetKey: Duration] = [:]
    /// The number of creates that the limit of instances in all holds back in other sources; 0 where the source has no
    /// kept failures, which could give way to them.
    package var heldElsewhere = 0

    package init() {}

    /// The order that keeps a preset as it is.
    package func suspension(of preset: PresetKey, at now: Timestamp) -> Suspension? {
        suspensions.first { $0.scope.covers(preset) && $0.isInForce(at: now) }
    }

    package func guardState(of source: String) -> GuardState { guards[source] ?? GuardState() }

    /// Counts one workspace; where there are many, a store counts faster.
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

    /// Instances that a limit counts: those that exist or will, claimed ones included.
    var live: [PresetKey: Int] {
        tallies.mapValues { $0.reduce(0) { $0 + ($1.state == .deleted || $1.state == .lost ? 0 : $1.count) } }
    }
}
