/// What is known of the deletions that a source's revisions caused.
package struct GuardState: Hashable, Sendable {
    /// Presets whose number a revision lowered, and that still have more. A schedule's lower number is no matter here.
    package var lowered: Set<String> = []
    /// How many instances went because of revisions within the window, without anybody's approval.
    package var recentlyRemoved = 0
    /// What somebody allowed to go.
    package var approved: Set<WorkspaceID> = []

    package init() {}
}

/// Rule 8: what a revision takes away is held where it is too much to be meant.
struct DeletionGuard {
    private var verdicts: [String: Hold] = [:]
    private let states: [String: GuardState]

    /// - Parameter settled: how many unclaimed instances a source has besides those of the pools.
    init(_ policy: Policy.DeletionGuard, states: [String: GuardState], pools: [Pool], settled: [String: Int]) {
        self.states = states
        var sources = settled.mapValues { Counts(unclaimed: $0, isEmptied: false) }
        for pool in pools {
            let source = pool.preset.key.source
            var counts = sources[source] ?? Counts()
            counts.unclaimed += pool.unclaimed
            if pool.preset.retirement != .pruned { counts.isEmptied = false }
            if pool.preset.options.deletionPolicy == .delete {
                let lowered = states[source]?.lowered ?? []
                for action in pool.removals where action.isCausedByRevision(lowered: lowered) {
                    counts.removed += 1
                    let isApproved = action.workspace.map { states[source]?.approved.contains($0) == true } ?? false
                    if !isApproved { counts.isApproved = false }
                }
            }
            sources[source] = counts
        }
        for (source, counts) in sources where counts.removed > 0 && !counts.isApproved {
            let recent = states[source]?.recentlyRemoved ?? 0
            let (removed, all) = (counts.removed + recent, counts.unclaimed + recent)
            let isTooMuch = removed > policy.above && removed * 100 > policy.percent * all
            if isTooMuch || counts.isEmptied { verdicts[source] = .deletionGuard(removed: removed, of: all) }
        }
    }

    private struct Counts {
        var unclaimed = 0
        var removed = 0
        var isEmptied = true
        var isApproved = true
    }

    func hold(of action: Action, options: PoolOptions) -> Hold? {
        guard isCausedByRevision(action) else { return nil }
        let isApproved = action.workspace.map { states[action.preset.source]?.approved.contains($0) == true } ?? false
        switch options.deletionPolicy {
        case .retain: return action.reason == .aboveDesired ? verdicts[action.preset.source] : .retain
        case .confirm where action.reason != .aboveDesired: return isApproved ? nil : .confirm
        case .confirm, .delete: return verdicts[action.preset.source]
        }
    }

    private func isCausedByRevision(_ action: Action) -> Bool {
        action.isCausedByRevision(lowered: states[action.preset.source]?.lowered ?? [])
    }
}

extension Action {
    /// It takes an instance away for good because git says so, be it now or since an earlier revision.
    package func isCausedByRevision(lowered: Set<String>) -> Bool {
        guard kind == .delete else { return false }
        switch reason {
        case .pruned, .deprecated, .inactive: return true
        case .aboveDesired: return lowered.contains(preset.name)
        default: return false
        }
    }
}
