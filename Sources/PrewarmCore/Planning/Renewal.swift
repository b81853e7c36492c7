/// The times at which a pool replaces workspaces because of its `ttl`: early enough that each workspace has a
/// replacement when it expires.
///
/// A pool replaces as many workspaces at a time as the strategy's surge, or `maxUnavailable` if it has no surge. Each
/// round takes one build. A build is planned with twice its expected time. The reserve between the last replacement and
/// the expiry is one such build, and at least a twentieth of the ttl.
///
/// Example: the ttl is 2h, 20 workspaces have the same age, the surge is 5, a build takes 3 min, so 6 min are planned.
/// The reserve is max(120 min ÷ 20, 6 min) = 6 min: the last workspace is replaced 6 min before it expires. 20 ÷ 5 = 4
/// rounds take 4 × 6 = 24 min, so the first workspace is replaced 24 + 6 = 30 min before it expires. The others follow
/// every 24 min ÷ 20 = 72 s.
struct Renewal {
    private let ttl: Duration
    /// The longest time between the replacement of a workspace and its expiry: at least a tenth and at most three
    /// quarters of the ttl.
    let lead: Duration
    /// The shortest time between the replacement of a workspace and its expiry.
    let reserve: Duration
    /// The time between the replacements of two workspaces of the same age.
    let step: Duration

    /// Returns nil if the preset has no ttl, or if its strategy deletes before it creates
    /// (``RolloutStrategy/recreate``).
    /// - Parameter buildTime: the expected time of a build. If it is nil, a fortieth of the ttl is assumed, and at
    ///   most 60 s.
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

    /// Returns the time at which each workspace is due for renewal.
    ///
    /// The newest workspace is due `reserve` before it expires. Each older one is due at least `step` before the next
    /// newer one, but never earlier than `lead` before it expires.
    /// - Parameter ready: the workspaces that are ready and have not expired, the oldest first.
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
