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
        let ready = found.filter { $0.workspace.state == .ready }
        let isMass = known.policy.isSuspicious(
            ready.count, of: expected.count { $0.state == .ready }, found.count, ofAll: expected.count)
        var unsure: Set<WorkspaceID> = []
        for (workspace, suspect) in found {
            let isAgreed = startedAt - suspect.since >= known.interval
            var suspect = suspect
            if workspace.state == .claimed {
                if isAgreed || !isMass || found.count == 1 {
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
            let isNew = !unsure.isSubset(of: known.suspects.map(\.workspace))
            suspicion = Suspicion(
                missing: unsure, expected: expected.count, interval: known.interval, isNew: isNew,
                isOfChecks: known.isOfChecks)
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

extension Policy {
    /// Returns true if the list lacks every workspace, every ready workspace, or more than the deletion guard's share of
    /// either. A provider that answers only in part is then more likely than a loss.
    fileprivate func isSuspicious(_ ready: Int, of allReady: Int, _ found: Int, ofAll all: Int) -> Bool {
        let isMostOfReady = ready > 0 && (ready == allReady || deletionGuard.isMost(ready, of: allReady))
        return isMostOfReady || found > 1 && (found == all || deletionGuard.isMost(found, of: all))
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
