/// What is known of the deletions that a source's revisions caused.
package struct GuardState: Hashable, Sendable {
    /// Names of presets that ask for fewer now than they would without what revisions changed. A schedule's own lower
    /// number is no matter here.
    package var lowered: Set<String> = []
    /// How many instances went because of revisions within the window, without anybody's approval.
    package var recentlyRemoved = 0
    /// The guard held before what the revision takes away: creates that went on meanwhile change nothing.
    package var isHeld = false
    /// How many unclaimed instances there were when the guard began to hold. What was made since makes no share smaller,
    /// whichever revision is next; nil where nothing is held.
    package var heldAmong: Int?
    /// Of presets that came or grew within the window, by name: how many of their instances count. What was made since
    /// makes no share smaller: a preset that is renamed in two commits is renamed.
    package var added: [String: Int] = [:]
    /// What somebody allowed to go.
    package var approved: Set<WorkspaceID> = []

    package init() {}

    /// How many of a preset's unclaimed instances count.
    package func counted(_ unclaimed: Int, of preset: String) -> Int { min(unclaimed, added[preset] ?? unclaimed) }
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
            let before = counts.removed
            if pool.preset.retirement != .pruned { counts.isEmptied = false }
            if !pool.preset.hasOwnHold {
                let lowered = states[source]?.lowered ?? []
                for action in pool.removals where action.isCausedByRevision(of: pool.preset, lowered: lowered) {
                    counts.removed += 1
                    let isApproved = action.workspace.map { states[source]?.approved.contains($0) == true } ?? false
                    if !isApproved { counts.isApproved = false }
                }
            }
            let counted = states[source]?.counted(pool.unclaimed, of: pool.preset.key.name) ?? pool.unclaimed
            counts.unclaimed += max(counts.removed - before, counted)
            sources[source] = counts
        }
        for (source, counts) in sources where counts.removed > 0 && !counts.isApproved {
            let recent = states[source]?.recentlyRemoved ?? 0
            let now = counts.unclaimed + recent
            let removed = counts.removed + recent
            // Never fewer than what goes: some of that may have been made since the guard began to hold.
            let all = max(removed, min(now, states[source]?.heldAmong ?? now))
            if counts.isEmptied {
                verdicts[source] = .pathEmptied(removed: removed, gone: recent)
            } else if states[source]?.isHeld == true || policy.holds(removed, of: all) {
                verdicts[source] = .deletionGuard(removed: removed, gone: recent, of: all)
            }
        }
    }

    private struct Counts {
        var unclaimed = 0
        var removed = 0
        var isEmptied = true
        var isApproved = true
    }

    func hold(of action: Action, preset: Preset) -> Hold? {
        let lowered = states[action.preset.source]?.lowered ?? []
        guard action.isCausedByRevision(of: preset, lowered: lowered) else { return nil }
        let isApproved = action.workspace.map { states[action.preset.source]?.approved.contains($0) == true } ?? false
        guard preset.hasOwnHold else { return verdicts[action.preset.source] }
        if preset.options.deletionPolicy == .retain { return .retain }
        return isApproved ? nil : .confirm
    }
}

extension Preset {
    /// Its instances wait for more than the guard where it is retired.
    fileprivate var hasOwnHold: Bool { retirement != nil && options.deletionPolicy != .delete }
}

extension Action {
    /// It takes an instance away because git says so, be it now or since an earlier revision, and not only when
    /// another one is in its place.
    /// - Parameter lowered: as ``GuardState/lowered``. Where the number is lowered with a new version, what goes of the
    ///   old one is not all replaced.
    package func isCausedByRevision(of preset: Preset, lowered: Set<String>) -> Bool {
        guard kind == .delete else { return false }
        switch reason {
        case .pruned, .deprecated, .inactive: return true
        case .aboveDesired: return lowered.contains(preset.key.name)
        case .outdated: return preset.strategy == .recreate || lowered.contains(preset.key.name)
        default: return false
        }
    }
}
