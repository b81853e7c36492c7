/// When a pool replaces workspaces because of its `ttl`: so early that each has a successor at its end.
///
/// A pool replaces ``RolloutStrategy/bounds(desired:)`` workspaces at a time, and each replacement takes a build. Every
/// build is planned with twice its time, and at least the last twentieth of the ttl is left as a reserve.
///
/// Example: a ttl of 2h, 20 workspaces of the same age, a surge of 5, builds of 3 min. The last one is replaced 6 min
/// before its end. All of them take 20 ÷ 5 = 4 rounds of 6 min, so the first one is replaced 24 + 6 = 30 min before its
/// end, and the others follow every 24 min ÷ 20 = 72 s.
struct Renewal {
    private let ttl: Duration
    /// The time between the earliest replacement of a workspace and its end; at least a tenth, at most three quarters
    /// of the ttl.
    let lead: Duration
    /// The time between the latest replacement of a workspace and its end.
    let reserve: Duration
    /// The time between two replacements where workspaces have the same age.
    let step: Duration

    /// Returns nil where the pool has no ttl, or deletes before it creates (``RolloutStrategy/recreate``).
    /// - Parameter buildTime: how long recent builds took; nil: unknown.
    init?(_ preset: Preset, desired: Int, buildTime: Duration?) {
        guard let ttl = preset.ttl, let bounds = preset.strategy.bounds(desired: desired) else { return nil }
        self.ttl = ttl
        let longest = ttl * 3 / 4
        let build = (buildTime ?? min(.seconds(60), ttl / 40)) * 2
        let width = bounds.surge > 0 ? bounds.surge : bounds.unavailable
        let rounds = (desired + width - 1) / width
        reserve = min(max(ttl / 20, build), longest)
        lead = min(max(ttl / 10, reserve + build * rounds), longest)
        step = (lead - reserve) / max(1, desired)
    }

    /// Returns when each workspace is to be replaced.
    /// - Parameter ready: workspaces that are ready and not expired, the oldest first.
    func times(of ready: [Instance]) -> [Timestamp] {
        var next: Timestamp?
        return ready.reversed().map { instance in
            let end = instance.readyAt.map { $0 + ttl } ?? .distantFuture
            let time = next.map { max(min(end - reserve, $0 - step), end - lead) } ?? end - reserve
            next = time
            return time
        }.reversed()
    }
}
