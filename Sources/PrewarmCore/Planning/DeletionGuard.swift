/// What is known of the deletions that a source's revisions caused.
package struct GuardState: Hashable, Sendable {
    /// By name, presets that ask for fewer now than they would without what revisions changed, and by how many. A
    /// schedule's own lower number is no matter here.
    package var lowered: [String: Int] = [:]
    /// What revisions changed is not known: each lower number is taken for their doing, and held, however little it is;
    /// but not what expired, which nobody can claim.
    package var isUnknown = false
    /// How many instances went because of revisions within the window, without anybody's approval.
    package var recentlyRemoved = 0
    /// Names of presets of which the guard holds something since they are as they are: neither creates that went on
    /// meanwhile nor time lets it go.
    package var held: Set<String> = []
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

    fileprivate func isApproved(_ action: Action) -> Bool { action.workspace.map { approved.contains($0) } ?? false }
}

/// Rule 8: what a revision takes away is held where it is too much to be meant.
struct DeletionGuard {
    private struct Verdict {
        let hold: Hold
        /// Else only of what is held already.
        let isOfAll: Bool
    }

    private var verdicts: [String: Verdict] = [:]
    private let states: [String: GuardState]

    /// - Parameter settled: how many unclaimed instances a source has besides those of the pools.
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
            // Never fewer than what goes: some of that may have been made since the guard began to hold.
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
        /// Without what somebody approved.
        var removed = 0
        var isEmptied = true
        var isHeld = false
    }

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
    /// Its instances wait for more than the guard where it is retired.
    package var hasOwnHold: Bool { retirement != nil && options.deletionPolicy != .delete }
}
