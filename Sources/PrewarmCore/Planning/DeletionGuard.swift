/// The record of a source's deletion guard, as the planner reads it.
package struct GuardState: Hashable, Sendable {
    /// The number by which revisions lowered a preset, by preset name: its number now without the recent changes, minus
    /// its number now. A window of an unchanged schedule that begins or ends lowers nothing here.
    package var lowered: [String: Int] = [:]
    /// True if the record could not be read, so that it is unknown what revisions changed. Every deletion for a lower
    /// number then counts as caused by a revision and is held, even a single one. Deletions of expired workspaces do
    /// not count.
    package var isUnknown = false
    /// The number of workspaces that revisions removed within the guard's window without an approval.
    package var recentlyRemoved = 0
    /// The names of presets whose deletions the guard holds since their last change. A hold stays until the preset
    /// changes again or someone approves it: neither time nor new workspaces end it.
    package var held: Set<String> = []
    /// The number of unclaimed workspaces when the guard began to hold; nil if it holds nothing. The guard's base is
    /// never larger than this, so that workspaces that are created later do not lower the share that is removed.
    package var heldAmong: Int?
    /// The largest number of unclaimed workspaces that counts for a preset, by preset name, for presets that were added
    /// or raised within the window. So a preset that is renamed in two commits (add the new name, then remove the old
    /// one) is judged like a rename in one commit.
    package var added: [String: Int] = [:]
    /// The workspaces whose deletion someone approved.
    package var approved: Set<WorkspaceID> = []

    package init() {}

    /// Returns the number of a preset's unclaimed workspaces that count for the guard's base.
    /// - Parameter unclaimed: the number of unclaimed workspaces that the preset has.
    package func counted(_ unclaimed: Int, of preset: String) -> Int { min(unclaimed, added[preset] ?? unclaimed) }

    fileprivate func isApproved(_ action: Action) -> Bool { action.workspace.map { approved.contains($0) } ?? false }
}

/// The deletion guard holds the deletions of a revision that removes too much (rule 8 of ``Planner``).
///
/// For each source it compares the unclaimed workspaces that the plan removes because of revisions with all unclaimed
/// workspaces of the source. Workspaces that revisions removed within the window count on both sides, so that several
/// small commits add up.
///
/// Example with the default policy (more than 5 workspaces and more than 50 %, window 1 h): a source has 12 unclaimed
/// workspaces. A first commit removes 4: that is not more than 5, so they are deleted. A second commit removes 4
/// of the 8 that are left: 4 + 4 = 8 of 8 + 4 = 12 is more than 5 and 67 %, so these 4 deletions are held.
struct DeletionGuard {
    private struct Verdict {
        let hold: Hold
        /// True if all deletions that revisions cause are held. Otherwise only those of presets that were held before.
        let isOfAll: Bool
    }

    private var verdicts: [String: Verdict] = [:]
    private let states: [String: GuardState]

    /// - Parameter settled: the number of unclaimed workspaces by source that are not in `pools`.
    init(_ policy: Policy.DeletionGuard, states: [String: GuardState], pools: [Pool], settled: [String: Int]) {
        self.states = states
        var sources = settled.mapValues { Counts(unclaimed: $0, isEmptied: false) }
        for pool in pools {
            let (source, name) = (pool.preset.key.source, pool.preset.key.name)
            var counts = sources[source] ?? Counts()
            if pool.preset.retirement != .pruned { counts.isEmptied = false }
            if !pool.preset.hasOwnHold {
                let state = states[source] ?? GuardState()
                let removed = pool.isObserved ? 0 : pool.removals.count { $0.isByRevision && !state.isApproved($0) }
                if removed > 0, state.held.contains(name) { counts.isHeld = true }
                counts.removed += removed
                counts.unclaimed += max(removed, state.counted(pool.unclaimed, of: name))
            }
            sources[source] = counts
        }
        for (source, counts) in sources where counts.removed > 0 {
            let recent = states[source]?.recentlyRemoved ?? 0
            let now = counts.unclaimed + recent
            let removed = counts.removed + recent
            // Some of the removed workspaces may have been created after the guard began to hold.
            let all = max(removed, min(now, states[source]?.heldAmong ?? now))
            let isTooMuch = policy.holds(removed, of: all)
            if counts.isEmptied {
                verdicts[source] = Verdict(hold: .pathEmptied(removed: removed, gone: recent), isOfAll: true)
            } else if isTooMuch || counts.isHeld || states[source]?.isUnknown == true && policy.isOn {
                verdicts[source] = Verdict(
                    hold: .deletionGuard(removed: removed, gone: recent, of: all), isOfAll: isTooMuch)
            }
        }
    }

    private struct Counts {
        var unclaimed = 0
        /// The number of removals without an approval.
        var removed = 0
        /// True if every preset of the source is pruned.
        var isEmptied = true
        /// True if a preset that the guard held before has removals.
        var isHeld = false
    }

    /// Returns the hold on a removal; nil if it may be carried out.
    func hold(of action: Action, preset: Preset) -> Hold? {
        guard action.isByRevision else { return nil }
        let state = states[action.preset.source]
        if preset.hasOwnHold, preset.options.deletionPolicy == .retain { return .retain }
        if state?.isApproved(action) == true { return nil }
        if preset.hasOwnHold { return .confirm }
        guard let verdict = verdicts[action.preset.source] else { return nil }
        let isHeld = verdict.isOfAll || state?.held.contains(action.preset.name) == true
        return isHeld || state?.isUnknown == true ? verdict.hold : nil
    }
}

extension Preset {
    /// True if the preset is retired and its `deletionPolicy` is `Confirm` or `Retain`. Its deletions are then held
    /// whatever their number, and do not count for the guard.
    package var hasOwnHold: Bool { retirement != nil && options.deletionPolicy != .delete }
}
