/// Kept failures give way to wanted workspaces (rule 9).
///
/// A failed workspace that `keepFailed` keeps counts against the limits. Where a limit holds creates back, as many kept
/// failures that the same limit counts are deleted, the oldest of each pool first. Room that other deletions make anyway
/// is subtracted.
///
/// Example: `instances: 3`, pool a keeps one failed workspace, pool b wants three and has two. The third of b is held; the
/// failed one of a is deleted; the next reconciliation creates the third of b.
struct GivingWay {
    private var pools: [Pool]
    /// How many workspaces each pool is losing anyway.
    private var leaving: [Int]

    /// Returns the pools with the deletions of kept failures added.
    /// - Parameters:
    ///   - admitted: what the limits leave of each pool's creates.
    ///   - leaving: how many deletions of a pool are carried out now.
    ///   - heldElsewhere: creates that the limit in all holds back in other sources.
    static func apply(
        to pools: [Pool], _ admitted: [Budget.Admission], heldElsewhere: Int, leaving: (Pool) -> Int
    ) -> [Pool] {
        guard pools.contains(where: { !$0.kept.isEmpty }) else { return pools }
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
            let room = min(needed, pools[index].kept.count)
            pools[index].giveWay(room)
            needed -= room
        }
    }
}

extension Hold {
    /// It limits how many workspaces exist.
    package var isOfInstances: Bool {
        switch self {
        case .instancesPerPreset, .instancesPerSource, .instances: true
        default: false
        }
    }

    /// Whether the limit counts workspaces of one preset together with those of another.
    fileprivate func counts(_ preset: PresetKey, with other: PresetKey) -> Bool {
        switch self {
        case .instancesPerPreset: preset == other
        case .instancesPerSource: preset.source == other.source
        default: true
        }
    }
}
