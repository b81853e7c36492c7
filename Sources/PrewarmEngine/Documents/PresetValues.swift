internal import PrewarmCore

/// The presets of an overview, up to a limit. If there are more, unhealthy presets are kept and healthy ones left out.
struct PresetValues: Sendable {
    private let limit: Int
    private let recentClaims: RecentClaims
    private let queues: QueueLengths
    private var healthy: [(index: Int, value: Value)] = []
    private var unhealthy: [(index: Int, value: Value)] = []
    /// True if all presets are healthy, including the ones that are left out.
    private(set) var areHealthy = true
    /// The sums over the visible presets, including the ones that are left out.
    private(set) var sums = PoolSums()

    init(limit: Int, _ recentClaims: RecentClaims, _ queues: QueueLengths) {
        self.limit = limit
        self.recentClaims = recentClaims
        self.queues = queues
    }

    /// Adds a preset. If the audience may not see it, it only counts for ``areHealthy``.
    mutating func add(_ status: PresetStatus, for audience: some Audience) {
        areHealthy = areHealthy && status.isHealthy
        guard audience.sees(status.preset.key) else { return }
        let count = sums.pools
        sums.add(status, waiting: queues.length(of: status.preset.key))
        if status.isHealthy {
            if healthy.count < limit { healthy.append((count, value(of: status, for: audience))) }
        } else if unhealthy.count < limit {
            unhealthy.append((count, value(of: status, for: audience)))
        }
    }

    private func value(of status: PresetStatus, for audience: some Audience) -> Value {
        let preset = status.preset.key
        return Value(status, for: audience).merging([
            "waiting": queues.value(of: preset), "recentClaims": recentClaims.value(of: preset),
        ])
    }

    /// The documents of the presets, in the order in which they were added.
    var values: [Value] {
        let kept = unhealthy + healthy.prefix(limit - unhealthy.count)
        return kept.sorted { $0.index < $1.index }.map(\.value)
    }

    /// The number of visible presets that are left out of ``values``.
    var left: Int { max(0, sums.pools - limit) }
}
