internal import PrewarmCore
internal import PrewarmEngine

/// Health checks, and replacements on demand.
extension MemoryTransaction {
    func health(provisioner: String) -> [PresetKey: Health] {
        state.pools.filter { $0.value.preset.spec.provisioner == provisioner }.compactMapValues(\.preset.health)
    }

    func healthInterval(provisioner: String) -> Duration? {
        health(provisioner: provisioner).values.map(\.interval).min()
    }

    // MARK: Checks

    func checks(provisioner: String) -> [WorkspaceID: Check] {
        state.checks.filter { $0.value.provisioner == provisioner }
    }

    func check(of workspace: WorkspaceID) -> Check? { state.checks[workspace] }
    func save(_ check: Check) { state.checks[check.workspace] = check }

    func unfinishedChecks(provisioner: String) -> Set<WorkspaceID> {
        Set(
            operations {
                $0.operation.provisioner == provisioner && $0.operation.reason == .healthCheck
                    && $0.operation.isUnfinished
            }.map(\.operation.workspace))
    }

    func settleChecks(of workspaces: Set<WorkspaceID>, provisioner: String) {
        for workspace in workspaces { state.checks[workspace] = state.checks[workspace]?.settled }
        state.checks = state.checks.filter { id, check in
            check.provisioner != provisioner || !liveWorkspaces { $0.id == id }.isEmpty
        }
    }

    /// Deletes the checks of a preset that has no health checks from now on, so that later checks do not begin with an old
    /// answer.
    func forgetChecks(of preset: PresetKey) {
        guard state.pools[preset]?.preset.health != nil else { return }
        for workspace in liveWorkspaces(where: { $0.preset == preset }) { state.checks[workspace.id] = nil }
    }

    // MARK: Replacements

    func replacements() -> [PresetKey: Set<WorkspaceID>] {
        let ready = state.replacements.filter { state.workspaces[$0.key]?.workspace.state == .ready }
        return Dictionary(grouping: ready.keys) { ready[$0] ?? .orphans }.mapValues(Set.init)
    }

    func replace(_ workspaces: [WorkspaceID], of preset: PresetKey, at now: Timestamp) {
        unsettle(.preset(preset))
        // Requests for workspaces that were replaced or claimed have no effect any more.
        state.replacements = state.replacements.filter { id, _ in
            [.ready, .suspect].contains(state.workspaces[id]?.workspace.state)
        }
        for id in workspaces { state.replacements[id] = preset }
    }
}

extension Check {
    /// The check after it was compared with the store.
    fileprivate var settled: Check {
        Check(
            workspace: workspace, provisioner: provisioner, at: at, state: state, message: message, activeAt: activeAt,
            failure: failure, isNew: false)
    }
}
