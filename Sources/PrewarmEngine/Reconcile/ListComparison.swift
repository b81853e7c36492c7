import PrewarmCore

/// The result of comparing one list of a provisioner with the store: a pure function of both.
struct ListComparison {
    /// The state of the store before the comparison.
    struct Known: Sendable {
        /// The workspaces of this provisioner that are not deleted.
        let workspaces: [Workspace]
        let suspects: [Suspect]
        /// The health checks of the presets that have some.
        let health: [PresetKey: Health]
        let canInspect: Bool
        let policy: Policy
        /// The time that has to lie between two lists that agree before prewarm trusts them.
        let interval: Duration
        /// The workspaces of which this list says nothing, because they are inspected one by one. They count for the share of
        /// broken workspaces.
        var unanswered: [Workspace] = []
        /// True if the answers are those of inspects, because the provisioner cannot list.
        var isOfChecks = false
    }

    /// The workspaces that this list lacks or reports as broken. Those of the lists below are among them.
    private(set) var suspects: [Suspect] = []
    /// Ready workspaces that are lost or broken and will be replaced, with their new states.
    private(set) var condemned: [(workspace: Workspace, suspect: Suspect)] = []
    /// Ready workspaces that the provisioner inspects before anything is decided.
    private(set) var inspected: [Workspace] = []
    /// Claimed workspaces that are lost or broken. `isNew` is false if an earlier list already reported it.
    private(set) var claimed: [(workspace: Workspace, suspect: Suspect, isNew: Bool)] = []
    /// Claimed workspaces that were reported before and are well again.
    private(set) var recovered: [Workspace] = []
    /// Ready workspaces that are not claimable until a later check, since the first check failed.
    private(set) var suspected: [Workspace] = []
    /// Unclaimed workspaces whose checks failed and that are well again.
    private(set) var well: [Workspace] = []
    private(set) var suspicion: Suspicion?
    private(set) var unknownStates: Set<String> = []

    init(_ listed: [WorkspaceID: ListedWorkspace], startedAt: Timestamp, listedAt: Timestamp, known: Known) {
        let before = Dictionary(known.suspects.map { ($0.workspace, $0) }) { first, _ in first }
        // A workspace that became ready while the list was made may be missing in it.
        let expected = known.workspaces.filter { workspace in
            guard [.ready, .claimed, .suspect, .unhealthy].contains(workspace.state), let readyAt = workspace.readyAt
            else { return false }
            // A time in the future comes from a clock that was set back since.
            return readyAt < startedAt || readyAt > listedAt
        }
        var found: [(workspace: Workspace, suspect: Suspect)] = []
        for workspace in expected {
            let state = listed[workspace.id].map { ListedState($0.state) } ?? .gone
            switch state {
            case .well: break
            case .unknown(let text): unknownStates.insert(text)
            case .gone, .broken:
                let earlier = before[workspace.id]
                let word: String? = if case .broken(let text) = state { text } else { nil }
                let message = word == nil ? nil : listed[workspace.id]?.message
                found.append(
                    (
                        workspace,
                        Suspect(
                            workspace: workspace.id, since: min(earlier?.since ?? startedAt, startedAt), state: word,
                            message: message, misses: (earlier?.misses ?? 0) + 1,
                            isReported: earlier?.isReported ?? false)
                    ))
            }
            if state.isSuspect { continue }
            if before[workspace.id]?.isReported == true { recovered.append(workspace) }
            if workspace.state == .suspect || workspace.state == .unhealthy { well.append(workspace) }
        }
        decide(found, of: expected, startedAt, known)
    }

    private mutating func decide(
        _ found: [(workspace: Workspace, suspect: Suspect)], of expected: [Workspace], _ startedAt: Timestamp,
        _ known: Known
    ) {
        let share = Share(found.map(\.workspace), of: expected, known)
        let isMass = known.policy.isSuspicious(share)
        var unsure: Set<WorkspaceID> = []
        for (workspace, suspect) in found {
            let isAgreed = startedAt - suspect.since >= known.interval
            var suspect = suspect
            if workspace.state == .claimed {
                if isAgreed || !isMass || share.found.count == 1 {
                    claimed.append((workspace, suspect, !suspect.isReported))
                    suspect.isReported = true
                } else {
                    unsure.insert(workspace.id)
                }
            } else if isMass, !isAgreed, workspace.state == .ready {
                unsure.insert(workspace.id)
            } else if let health = known.health[workspace.preset] {
                check(workspace, suspect, health, canInspect: known.canInspect)
            } else if known.canInspect {
                inspected.append(workspace)
            } else {
                condemned.append((workspace.with(suspect.state == nil ? .lost : .failed), suspect))
            }
            suspects.append(suspect)
        }
        if !unsure.isEmpty {
            let isNew = !share.continues && !unsure.isSubset(of: known.suspects.map(\.workspace))
            suspicion = Suspicion(
                missing: known.isOfChecks ? share.found : unsure, expected: share.all, interval: known.interval,
                isNew: isNew, isOfChecks: known.isOfChecks)
        }
    }
}

extension ListComparison {
    /// Counts a failed health check of an unclaimed workspace. If the provisioner can inspect, the last check is an
    /// inspection.
    private mutating func check(_ workspace: Workspace, _ suspect: Suspect, _ health: Health, canInspect: Bool) {
        // An unhealthy workspace waits for its replacement.
        if workspace.state == .unhealthy, suspect.state != nil { return }
        if canInspect {
            if workspace.state == .ready { suspected.append(workspace) }
            if suspect.misses + 1 >= health.failures { inspected.append(workspace) }
        } else if suspect.misses >= health.failures {
            condemned.append((workspace.with(suspect.state == nil ? .lost : .unhealthy), suspect))
        } else if workspace.state == .ready {
            suspected.append(workspace)
        }
    }
}

extension Workspace {
    fileprivate func with(_ state: WorkspaceState) -> Workspace {
        var workspace = self
        workspace.state = state
        return workspace
    }
}

/// The workspaces that are missing or broken, and those that could be.
///
/// Workspaces that are inspected one by one become due at different times, so each comparison has only some of the answers.
/// The share is then that of all workspaces: the answers of earlier comparisons count, too. Example: 8 workspaces break at
/// once, and each comparison has one answer. The fifth one finds 5 of 8 broken.
private struct Share {
    /// The workspaces that are missing or broken.
    let found: Set<WorkspaceID>
    let all: Int
    /// The number of unclaimed workspaces in ``found`` that were ready before.
    let ready: Int
    let allReady: Int
    /// True if an earlier comparison found the same suspicion with other workspaces.
    let continues: Bool

    init(_ found: [Workspace], of expected: [Workspace], _ known: ListComparison.Known) {
        let before = Set(known.suspects.map(\.workspace))
        let earlier = known.unanswered.filter { before.contains($0.id) }
        let states: Set<WorkspaceState> = known.isOfChecks ? [.ready, .suspect] : [.ready]
        self.found = Set((found + earlier).map(\.id))
        all = expected.count + known.unanswered.count
        ready = (found + earlier).count { states.contains($0.state) }
        allReady = (expected + known.unanswered).count { states.contains($0.state) }
        continues = earlier.contains { $0.state == .ready }
    }
}

extension Policy {
    /// Returns true if the list lacks every workspace, every ready workspace, or more than the deletion guard's share of
    /// either. A provider that answers only in part is then more likely than a loss.
    fileprivate func isSuspicious(_ share: Share) -> Bool {
        let (ready, found) = (share.ready, share.found.count)
        let isMostOfReady = ready > 0 && (ready == share.allReady || deletionGuard.isMost(ready, of: share.allReady))
        return isMostOfReady || found > 1 && (found == share.all || deletionGuard.isMost(found, of: share.all))
    }
}

/// The state of a workspace in a list, as the contract of provisioners names it.
package enum ListedState: Hashable {
    case well
    case gone
    /// The list says `stopped`, `failed` or `unhealthy`: the workspace cannot be used.
    case broken(String)
    /// The list has a word that is not in the contract. The workspace counts as well.
    case unknown(String)

    package init(_ state: String?) {
        guard let state else {
            self = .well
            return
        }
        switch state.lowercased() {
        case "ready", "starting": self = .well
        // Some provisioners continue to list deleted workspaces.
        case "lost", "gone", "deleted", "deleting": self = .gone
        case "stopped", "failed", "unhealthy": self = .broken(state.lowercased())
        default: self = .unknown(String(state.prefix(64)))
        }
    }

    /// Returns true unless the workspace no longer exists.
    package var isThere: Bool { self != .gone }

    fileprivate var isSuspect: Bool {
        switch self {
        case .well, .unknown: false
        case .gone, .broken: true
        }
    }
}
