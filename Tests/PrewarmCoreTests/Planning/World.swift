import PrewarmCore

/// A small world from which the input of the planner and its model is derived.
struct World: Sendable {
    var now: Timestamp
    var limits = Policy.Limits()
    /// The presets in the order of their keys.
    var presets: [Preset] = []
    /// The workspaces of all presets, and of some that are not planned for.
    var instances: [Instance] = []
    var failures: [FailureRecord] = []
    /// The allowed kinds of action of an active freeze, by source. The freeze ends at ``freezeEnd``.
    var freeze: [String: Set<Action.Kind>] = [:]
    var observedSources: Set<String> = []
    var buildTimes: [PresetKey: Duration] = [:]
    var heldElsewhere = 0
    /// The numbers of claims that wait, by preset. They stop to count 30 seconds after ``now``.
    var waiting: [PresetKey: Int] = [:]

    func desired(_ preset: Preset) -> Int { preset.retirement == nil ? preset.instances + claims(preset) : 0 }

    /// The number of waiting claims that count for the preset.
    func claims(_ preset: Preset) -> Int {
        preset.retirement == nil && preset.options.onEmpty == .create ? waiting[preset.key] ?? 0 : 0
    }

    var waitingEnd: Timestamp { now + .seconds(30) }

    /// The end of all freezes: one minute after ``now``.
    var freezeEnd: Timestamp { now + .seconds(60) }

    func isExpired(_ instance: Instance) -> Bool {
        guard let ttl = presets.first(where: { $0.key == instance.preset })?.ttl, let readyAt = instance.readyAt else {
            return false
        }
        return now.milliseconds >= readyAt.milliseconds + ttl.components.seconds * 1000
    }
}
