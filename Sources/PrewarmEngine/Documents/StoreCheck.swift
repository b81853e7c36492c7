import PrewarmCore

/// A search for contradictions between the records of a store, which no crash and no race may leave behind.
///
/// It reads one snapshot, so a daemon may write meanwhile. A finding is a fault of prewarm, or of a program that changed the
/// store beside it.
package struct StoreCheck {
    /// A contradiction.
    package struct Finding: Hashable, Sendable {
        /// The kind of the object: `workspace`, `operation`, `claim`, `pool` or `value`.
        package let object: String
        /// The id or name of the object.
        package let name: String
        /// One sentence that says what the records say and what they should say.
        package let message: String

        package init(_ object: String, _ name: String, _ message: String) {
            self.object = object
            self.name = name
            self.message = message
        }
    }

    private let store: any StoreReader
    private let workspaces: [WorkspaceID: Workspace]
    private let operations: [OperationRecord]
    private let claims: [Claim]
    private var findings: [Finding] = []

    /// Returns all contradictions, in the order of their kinds and names.
    package static func findings(in store: any StoreReader) throws -> [Finding] {
        var check = try StoreCheck(store)
        check.checkWorkspaces()
        check.checkOperations()
        try check.checkClaims()
        try check.checkTallies()
        try check.checkValues()
        return check.findings.sorted { ($0.object, $0.name, $0.message) < ($1.object, $1.name, $1.message) }
    }

    private init(_ store: any StoreReader) throws {
        self.store = store
        workspaces = Dictionary(try store.workspaces(WorkspaceFilter()).map { ($0.id, $0) }) { first, _ in first }
        operations = try store.operations(OperationFilter(states: [.pending, .running]))
        claims = try store.claims(ClaimFilter(isHeld: true))
    }

    private mutating func find(_ object: String, _ name: String, _ message: String) {
        findings.append(Finding(object, name, message))
    }

    // MARK: Workspaces and operations

    private mutating func checkWorkspaces() {
        let unfinished = Dictionary(grouping: operations.map(\.operation), by: \.workspace)
        for workspace in workspaces.values {
            if let fault = workspace.fault { find("workspace", workspace.id.rawValue, fault) }
            let kinds = Set(unfinished[workspace.id]?.map(\.kind) ?? [])
            if workspace.isStarting, kinds.isDisjoint(with: [.create, .inspect, .delete]) {
                find(
                    "workspace", workspace.id.rawValue,
                    "it is \(workspace.state.rawValue), and no operation finishes it")
            }
            if workspace.state == .deleting, !kinds.contains(.delete) {
                find("workspace", workspace.id.rawValue, "it is deleting, and no operation deletes it")
            }
        }
    }

    private mutating func checkOperations() {
        var running: [WorkspaceID: OperationID] = [:]
        for record in operations {
            let operation = record.operation
            let (id, kind) = (operation.id.rawValue, operation.kind.rawValue)
            if workspaces[operation.workspace] == nil {
                find(
                    "operation", id,
                    "the \(kind) waits for the workspace \(operation.workspace.rawValue), which does not exist")
            }
            guard operation.state == .running else { continue }
            if record.lease == nil { find("operation", id, "the \(kind) is running without a lease") }
            if let other = running.updateValue(operation.id, forKey: operation.workspace) {
                find("operation", id, "the \(kind) runs at the same time as the operation \(other.rawValue)")
            }
        }
    }

    // MARK: Claims

    private mutating func checkClaims() throws {
        var holders: [WorkspaceID: ClaimID] = [:]
        for claim in claims {
            guard let id = claim.workspace else {
                find("claim", claim.id.rawValue, "it is granted and has no workspace")
                continue
            }
            if let other = holders.updateValue(claim.id, forKey: id) {
                find(
                    "claim", claim.id.rawValue,
                    "the workspace \(id.rawValue) also belongs to the claim \(other.rawValue)")
            }
            guard let workspace = workspaces[id] else {
                find("claim", claim.id.rawValue, "it is granted, and its workspace \(id.rawValue) does not exist")
                continue
            }
            if workspace.owner?.name != claim.owner.name {
                let owner = workspace.owner.map { "belongs to \($0.name)" } ?? "has no owner"
                find(
                    "claim", claim.id.rawValue,
                    "it belongs to \(claim.owner.name), and its workspace \(id.rawValue) \(owner)")
            }
        }
        let held = Set(claims.map(\.id))
        for workspace in workspaces.values where workspace.state == .claimed {
            // Workspaces that were claimed before prewarm kept records of claims have none.
            guard let id = workspace.claim, !held.contains(id), let claim = try store.claim(id) else { continue }
            let reason = claim.endReason.map { " (\($0.rawValue))" } ?? ""
            find("workspace", workspace.id.rawValue, "it is claimed, and its claim \(id.rawValue) has ended\(reason)")
        }
    }

    // MARK: Counts and values

    /// Compares the counts of pools, which triggers of the database keep, with the workspaces.
    private mutating func checkTallies() throws {
        struct Key: Hashable {
            let preset: PresetKey
            let state: WorkspaceState
            let fingerprint: Fingerprint
        }
        let counted = Dictionary(grouping: workspaces.values) {
            Key(preset: $0.preset, state: $0.state, fingerprint: $0.fingerprint)
        }.mapValues(\.count)
        var kept: [Key: Int] = [:]
        for tally in try store.tallies(source: nil) {
            kept[Key(preset: tally.preset, state: tally.state, fingerprint: tally.fingerprint), default: 0] +=
                tally.count
        }
        for key in Set(counted.keys).union(kept.keys) where counted[key] ?? 0 != kept[key] ?? 0 {
            find(
                "pool", "\(key.preset.source)/\(key.preset.name)",
                "it counts \(kept[key] ?? 0) \(key.state.rawValue) workspaces of the fingerprint "
                    + "\(key.fingerprint.description), and there are \(counted[key] ?? 0)")
        }
    }

    private mutating func checkValues() throws {
        for source in try store.sources() {
            for diagnostic in try store.unreadable(source: source.name) {
                find("value", source.name, diagnostic.message)
            }
        }
    }
}

extension Workspace {
    /// True if the provisioner has not reported the workspace as ready yet.
    fileprivate var isStarting: Bool {
        switch state {
        case .pending, .creating: true
        case .claimed: readyAt == nil
        case .ready, .deleting, .deleted, .failed, .lost, .suspect, .unhealthy: false
        }
    }

    /// The contradiction in the workspace's own fields; nil if they agree.
    fileprivate var fault: String? {
        switch state {
        case .pending, .creating, .ready, .suspect, .unhealthy:
            if let owner { return "it is \(state.rawValue), and it belongs to \(owner.name)" }
            let wasReady = state != .pending && state != .creating
            return wasReady && readyAt == nil ? "it is \(state.rawValue), and it was never ready" : nil
        case .claimed:
            if owner == nil { return "it is claimed, and it has no owner" }
            return claimedAt == nil ? "it is claimed, and it has no time of its claim" : nil
        case .deleting, .deleted, .failed, .lost: return nil
        }
    }
}
