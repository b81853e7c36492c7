internal import PrewarmCore
internal import PrewarmEngine

/// Workspaces, without their claims.
extension MemoryTransaction {
    /// Returns the workspaces that are not deleted and fulfill a condition, in any order.
    func liveWorkspaces(where condition: (Workspace) -> Bool) -> [Workspace] {
        state.workspaces.values.lazy.map(\.workspace).filter { $0.state != .deleted && condition($0) }
    }

    func workspace(_ idOrName: String) -> Workspace? {
        if let found = state.workspaces[WorkspaceID(idOrName)] { return found.workspace }
        let named = state.workspaces.values.map(\.workspace).filter { $0.name == idOrName }
        return named.min { ($0.state == .deleted ? 1 : 0, $0.id) < ($1.state == .deleted ? 1 : 0, $1.id) }
    }

    func workspace(claimedWith key: ClaimKey) -> Workspace? {
        state.workspaces.values.first { $0.claimKey == key }?.workspace
    }

    func workspaces(_ filter: WorkspaceFilter) -> [Workspace] {
        let found = state.workspaces.values.filter { row in
            let workspace = row.workspace
            let isInStates =
                filter.states.isEmpty ? workspace.state != .deleted : filter.states.contains(workspace.state)
            return isInStates && filter.source.map { $0 == workspace.preset.source } ?? true
                && filter.preset.map { $0 == workspace.preset } ?? true
                && filter.owners.map { names in workspace.owner.map { names.contains($0.name) } ?? false } ?? true
                && filter.claimKey.map { $0 == row.claimKey } ?? true
                && filter.after.map { $0 < workspace.id } ?? true
        }
        return Array(found.map(\.workspace).sorted(on: \.id).prefix(filter.limit ?? .max))
    }

    // MARK: Changes

    func insert(_ workspaces: [Workspace]) throws {
        for workspace in workspaces {
            guard state.workspaces[workspace.id] == nil else { throw StoreError.taken(workspace.id) }
            state.workspaces[workspace.id] = MemoryState.Row(workspace: workspace)
            if workspace.id.isMade { noteMade(workspace.id) }
            unsettle(.preset(workspace.preset))
            noteProgress()
        }
    }

    func replaceDeleted(by workspaces: [Workspace]) throws {
        for workspace in workspaces where state.workspaces[workspace.id]?.workspace.state == .deleted {
            state.workspaces[workspace.id] = nil
        }
        try insert(workspaces)
    }

    func create(_ groups: [NewWorkspaces]) throws {
        let rounds = groups.map { firstRound(of: $0) }
        for (group, first) in zip(groups, rounds) {
            try insert(group.ids.map { group.workspace($0) })
            for (number, id) in group.ids.enumerated() {
                try insert(group.operation(id), round: first + number, of: group.laneClass)
                noteMade(id)
            }
        }
    }

    func update(_ workspace: Workspace, from states: [WorkspaceState]) -> Bool {
        change(workspace.id, from: states) { stored in
            stored.workspace.state = workspace.state
            stored.workspace.owner = workspace.owner
            stored.workspace.readyAt = workspace.readyAt
            stored.workspace.claimedAt = workspace.claimedAt
            stored.workspace.endpoint = workspace.endpoint
            stored.workspace.metadata = workspace.metadata
            stored.workspace.handover = workspace.handover
        }
    }

    func move(
        _ workspaces: [WorkspaceID], from states: [WorkspaceState], to new: WorkspaceState
    ) -> Set<WorkspaceID> {
        Set(workspaces.filter { id in change(id, from: states) { $0.workspace.state = new } })
    }

    /// Changes a workspace if its state is one of `states`. Its pool is planned again if the planner sees the change.
    /// - Returns: False if nothing was changed.
    @discardableResult
    func change(_ id: WorkspaceID, from states: [WorkspaceState], _ change: (inout MemoryState.Row) -> Void) -> Bool {
        guard var row = state.workspaces[id], states.contains(row.workspace.state) else { return false }
        let old = row.workspace
        change(&row)
        state.workspaces[id] = row
        if old.state != row.workspace.state || old.readyAt != row.workspace.readyAt { unsettle(.preset(old.preset)) }
        noteProgress()
        return true
    }
}

extension WorkspaceID {
    /// True if the id has the form of ids that prewarm creates. Adopted workspaces may have any id.
    fileprivate var isMade: Bool { rawValue.utf8.count == 26 }
}

extension NewWorkspaces {
    fileprivate func workspace(_ id: WorkspaceID) -> Workspace {
        Workspace(
            id: id, preset: preset, spec: spec, fingerprint: fingerprint, state: .pending, createdAt: createdAt,
            revision: revision)
    }

    fileprivate func operation(_ id: WorkspaceID) -> Operation {
        Operation(
            id: OperationID(making: id), kind: .create, workspace: id, preset: preset, provisioner: spec.provisioner,
            reason: reason, nextAttemptAt: createdAt, createdAt: createdAt)
    }

    var laneClass: LaneClass { LaneClass(Lane(.create, reason: reason), priority: priority) }
}
