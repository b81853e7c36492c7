/// Deletes kept failures if a limit holds creates back (rule 9 of ``Planner``).
///
/// A failed workspace that `keepFailed` keeps counts against the limits. If a limit holds n creates, n kept failures
/// that the same limit counts are deleted, the oldest of each pool first. Workspaces that are being deleted anyway
/// make room too: their number is subtracted from n.
///
/// Example: `instances: 3`, pool a keeps one failed workspace, pool b desires three and has two. The third create of
/// b is held, and the failed workspace of a is deleted. The next reconciliation creates the third workspace of b.
struct GivingWay {
    private var pools: [Pool]
    /// The number of workspaces of each pool that are being deleted anyway.
    private var leaving: [Int]

    /// Returns the pools with the deletions of kept failures added.
    /// - Parameters:
    ///   - admitted: the creates of each pool that the limits admit.
    ///   - heldElsewhere: the number of creates in other sources that `policy.limits.instances` holds.
    ///   - leaving: returns the number of a pool's deletions that this plan carries out.
    static func apply(
        to pools: [Pool], _ admitted: [Budget.Admission], heldElsewhere: Int, leaving: (Pool) -> Int
    ) -> [Pool] {
        guard pools.contains(where: { !$0.yielding.isEmpty }) else { return pools }
        var turn = GivingWay(pools: pools, leaving: pools.map { $0.counts.deleting + leaving($0) })
        for (pool, admission) in zip(pools, admitted) {
            guard let hold = admission.hold, hold.isOfInstances else { continue }
            turn.makeRoom(for: pool.creations - admission.creations) { other in
                hold.counts(other.preset.key, with: pool.preset.key)
            }
        }
        turn.makeRoom(for: heldElsewhere) { _ in true }
        return turn.pools
    }

    private mutating func makeRoom(for count: Int, among isCounted: (Pool) -> Bool) {
        var needed = count
        let members = pools.indices.filter { isCounted(pools[$0]) }
        for index in members where needed > 0 {
            let room = min(needed, leaving[index])
            leaving[index] -= room
            needed -= room
        }
        for index in members where needed > 0 && pools[index].hold(on: .delete) == nil {
            let room = min(needed, pools[index].yielding.count)
            pools[index].giveWay(room)
            needed -= room
        }
    }
}

extension Hold {
    /// True for the limits on the number of workspaces.
    package var isOfInstances: Bool {
        switch self {
        case .instancesPerPreset, .instancesPerSource, .instances: true
        default: false
        }
    }

    /// Returns true if the limit counts workspaces of one preset together with workspaces of another.
    fileprivate func counts(_ preset: PresetKey, with other: PresetKey) -> Bool {
        switch self {
        case .instancesPerPreset: preset == other
        case .instancesPerSource: preset.source == other.source
        default: true
        }
    }
}
