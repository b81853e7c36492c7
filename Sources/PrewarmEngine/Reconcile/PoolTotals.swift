package import PrewarmCore

/// The sums of ready and desired workspaces over several pools.
package struct PoolTotals: Sendable {
    package let pools: Int
    /// The sum of the claimable current workspaces. A pool counts at most its desired number.
    package let ready: Int
    package let desired: Int

    package init(_ pools: [PoolPlan]) {
        self.pools = pools.count
        ready = pools.reduce(0) { $0 + min($1.counts.eligible, $1.counts.desired) }
        desired = pools.reduce(0) { $0 + $1.counts.desired }
    }

    /// The text `2 pools, 3 of 3 workspaces ready to be claimed`.
    package var sentence: String {
        "\(pools.counted("pool")), \(ready) of \(desired) workspaces ready to be claimed"
    }
}
