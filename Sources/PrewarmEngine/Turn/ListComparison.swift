import PrewarmCore

/// What follows from one list of a provisioner: a pure function of the list and of what the store believes.
struct ListComparison {
    /// What the store believes, as it is read before a list is compared.
    struct Known: Sendable {
        /// All that live, of this provisioner.
        let workspaces: [Workspace]
        let suspects: [Suspect]
        let canInspect: Bool
        let policy: Policy
        /// Lists that agree have to be this far apart.
        let interval: Duration
    }

    /// Those of this list; what is decided below is among them until it is done.
    private(set) var suspects: [Suspect] = []
    /// Ready ones that are believed to be gone or broken: they are replaced.
    private(set) var condemned: [(workspace: Workspace, suspect: Suspect)] = []
    /// Ready ones that the provisioner is asked about before anything is decided.
    private(set) var inspected: [Workspace] = []
    /// Claimed ones that are gone or broken, each list anew.
    private(set) var claimed: [(workspace: Workspace, suspect: Suspect, isNew: Bool)] = []
    /// Claimed ones that were reported and are well again.
    private(set) var recovered: [Workspace] = []
    private(set) var suspicion: Suspicion?
    private(set) var unknownStates: Set<String> = []

    init(_ listed: [WorkspaceID: ListedWorkspace], startedAt: Timestamp, listedAt: Timestamp, known: Known) {
        let before = Dictionary(known.suspects.map { ($0.workspace, $0) }) { first, _ in first }
        // What became ready while the list was made need not be in it.
        let expected = known.workspaces.filter { workspace in
            guard [.ready, .claimed].contains(workspace.state), let readyAt = workspace.readyAt else { return false }
            // One of the future was ready before the clock was put back.
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
                found.append(
                    (
                        workspace,
                        Suspect(
                            workspace: workspace.id, since: min(earlier?.since ?? startedAt, startedAt), state: word,
                            isReported: earlier?.isReported ?? false)
                    ))
            }
            if !state.isSuspect, before[workspace.id]?.isReported == true { recovered.append(workspace) }
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
            } else if isMass, !isAgreed {
                unsure.insert(workspace.id)
            } else if known.canInspect {
                inspected.append(workspace)
            } else {
                condemned.append((workspace, suspect))
            }
            suspects.append(suspect)
        }
        if !unsure.isEmpty {
            let isNew = !unsure.isSubset(of: known.suspects.map(\.workspace))
            suspicion = Suspicion(missing: unsure, expected: expected.count, interval: known.interval, isNew: isNew)
        }
    }
}

extension Policy {
    /// More than the guard's share of the ready workspaces, or of all, and always where it is all of them: a provider
    /// that answers half, more likely than one that lost so much.
    fileprivate func isSuspicious(_ ready: Int, of allReady: Int, _ found: Int, ofAll all: Int) -> Bool {
        let isMostOfReady = ready > 0 && (ready == allReady || deletionGuard.isMost(ready, of: allReady))
        return isMostOfReady || found > 1 && (found == all || deletionGuard.isMost(found, of: all))
    }
}

/// The state of a workspace in a list, as the contract of provisioners names it.
enum ListedState: Hashable {
    case well
    case gone
    /// `stopped`, `failed` or `unhealthy`: nobody can use it.
    case broken(String)
    /// None of the contract's words: it counts as well.
    case unknown(String)

    init(_ state: String?) {
        guard let state else {
            self = .well
            return
        }
        switch state.lowercased() {
        case "ready", "starting": self = .well
        // Some provisioners go on listing what is gone.
        case "lost", "gone", "deleted", "deleting": self = .gone
        case "stopped", "failed", "unhealthy": self = .broken(state.lowercased())
        default: self = .unknown(String(state.prefix(64)))
        }
    }

    var isThere: Bool { self != .gone }

    fileprivate var isSuspect: Bool {
        switch self {
        case .well, .unknown: false
        case .gone, .broken: true
        }
    }
}
