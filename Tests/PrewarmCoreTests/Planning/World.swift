import PrewarmCore

/// A small world to plan for: what the planner's input is derived from.
struct World: Sendable {
    var now: Timestamp
    var limits = Policy.Limits()
    /// In the order of their keys.
    var presets: [Preset] = []
    /// Of all presets, and of some that are not planned for.
    var instances: [Instance] = []
    var failures: [FailureRecord] = []
    /// In force now; it ends a minute later at the latest.
    var freeze: [String: Set<Action.Kind>] = [:]
    var observedSources: Set<String> = []
    var guards: [String: GuardState] = [:]
    var buildTimes: [PresetKey: Duration] = [:]
    var heldElsewhere = 0

    func desired(_ preset: Preset) -> Int { preset.retirement == nil ? preset.instances : 0 }

    /// The minute that ``now`` is in, and one more.
    var freezeEnd: Timestamp { now + .seconds(60) }

    func isExpired(_ instance: Instance) -> Bool {
        guard let ttl = presets.first(where: { $0.key == instance.preset })?.ttl, let readyAt = instance.readyAt else {
            return false
        }
        return now.milliseconds >= readyAt.milliseconds + ttl.components.seconds * 1000
    }
}
