import PrewarmCore
import PrewarmEngine

/// The presets of an overview, up to a limit. If there are more, unhealthy presets are kept and healthy ones left out.
struct ShownPresets: Sendable {
    private let limit: Int
    private let recentClaims: RecentClaims
    private let queues: QueueLengths
    private var healthy: [(index: Int, preset: PresetDocument)] = []
    private var unhealthy: [(index: Int, preset: PresetDocument)] = []
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
            if healthy.count < limit { healthy.append((count, document(of: status, for: audience))) }
        } else if unhealthy.count < limit {
            unhealthy.append((count, document(of: status, for: audience)))
        }
    }

    private func document(of status: PresetStatus, for audience: some Audience) -> PresetDocument {
        let preset = status.preset.key
        return PresetDocument(
            status, waiting: queues.waiting(of: preset), recentClaims: recentClaims.share(of: preset), for: audience)
    }

    /// The documents of the presets, in the order in which they were added.
    var documents: [PresetDocument] {
        let kept = unhealthy + healthy.prefix(limit - unhealthy.count)
        return kept.sorted { $0.index < $1.index }.map(\.preset)
    }

    /// The number of visible presets that are left out of ``documents``.
    var left: Int { max(0, sums.pools - limit) }
}
