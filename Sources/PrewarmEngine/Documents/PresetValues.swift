internal import PrewarmCore

/// The presets of an overview, no more than a limit: those that are not healthy first, since the others are as they
/// should be.
struct PresetValues: Sendable {
    private let limit: Int
    private var healthy: [(index: Int, value: Value)] = []
    private var unhealthy: [(index: Int, value: Value)] = []
    private var count = 0
    /// Whether all are healthy, those included that are left out.
    private(set) var areHealthy = true

    init(limit: Int) {
        self.limit = limit
    }

    /// A preset that the audience may not see counts for ``areHealthy`` alone.
    mutating func add(_ status: PresetStatus, for audience: some Audience) {
        areHealthy = areHealthy && status.isHealthy
        guard audience.sees(status.preset.key) else { return }
        defer { count += 1 }
        if status.isHealthy {
            if healthy.count < limit { healthy.append((count, Value(status, for: audience))) }
        } else if unhealthy.count < limit {
            unhealthy.append((count, Value(status, for: audience)))
        }
    }

    /// In the order in which they came.
    var values: [Value] {
        let kept = unhealthy + healthy.prefix(limit - unhealthy.count)
        return kept.sorted { $0.index < $1.index }.map(\.value)
    }

    /// How many there are besides ``values``.
    var left: Int { max(0, count - limit) }
}
