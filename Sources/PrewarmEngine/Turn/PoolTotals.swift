package import PrewarmCore

/// What can be claimed of some pools, and what should be.
package struct PoolTotals: Sendable {
    package let pools: Int
    package let ready: Int
    package let desired: Int

    package init(_ pools: [PoolPlan]) {
        self.pools = pools.count
        ready = pools.reduce(0) { $0 + min($1.counts.eligible, $1.counts.desired) }
        desired = pools.reduce(0) { $0 + $1.counts.desired }
    }

    package var sentence: String {
        "\(pools.counted("pool")), \(ready) of \(desired) workspaces ready to be claimed"
    }
}
