package import PrewarmCore

/// The sums over the pools that a reader may see.
package struct PoolSums: Sendable {
    package private(set) var pools = 0
    /// The number of pools that need attention.
    package private(set) var attention = 0
    package private(set) var desired = 0
    package private(set) var ready = 0
    package private(set) var starting = 0
    package private(set) var claimed = 0
    /// The number of waiting claims.
    package private(set) var waiting = 0

    package init() {}

    /// - Parameter waiting: The number of claims that wait for the pool.
    package mutating func add(_ status: PresetStatus, waiting: Int) {
        let counts = status.pool.counts
        pools += 1
        attention += status.isHealthy ? 0 : 1
        desired += counts.desired
        ready += counts.claimable
        starting += counts.starting
        claimed += counts.claimed
        self.waiting += waiting
    }

    var value: Value {
        .object(known: [
            "pools": .int(pools), "attention": .int(attention), "desired": .int(desired), "ready": .int(ready),
            "starting": .int(starting), "claimed": .int(claimed),
            "waiting": waiting > 0 ? .int(waiting) : nil,
        ])
    }
}
