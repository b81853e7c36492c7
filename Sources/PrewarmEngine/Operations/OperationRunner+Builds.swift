import PrewarmCore

/// The results of builds.
extension OperationRunner {
    /// Updates the failures and the expected build time of a preset after a build has ended.
    /// - Parameter isCounted: False if a failure is the provisioner's, so that it does not count against the preset.
    func note(
        _ settlement: Settlement, isCounted: Bool, at now: Timestamp, in store: any StoreWriter
    ) throws {
        let (operation, workspace) = (settlement.operation, settlement.workspace)
        guard settlement.effect != .none, let preset = try store.presets([workspace.preset])?.first,
            preset.fingerprint == workspace.fingerprint
        else {
            // A build of an outdated fingerprint says nothing about the current one.
            return
        }
        let startedAt = try buildStart(of: operation, workspace, in: store)
        switch settlement.effect {
        case .none: break
        case .worked:
            try store.setFailure(nil, of: preset.key)
            let known = try store.buildTimes(of: [preset.key])[preset.key]
            try store.setBuildTime(BuildTime.expected(after: now - startedAt, known: known), of: preset.key)
        case .failed(let message):
            guard isCounted else { return }
            try note(
                FailedBuild(startedAt: startedAt, endedAt: now, message: message, seed: operation.id.seed), of: preset,
                in: store)
        case .invalid(let message):
            try note(
                FailedBuild(
                    startedAt: startedAt, endedAt: now, message: message, seed: operation.id.seed, isInvalid: true),
                of: preset, in: store)
        }
    }

    private func note(_ build: FailedBuild, of preset: Preset, in store: any StoreWriter) throws {
        let known = try store.failure(of: preset.key)
        let failure = build.noted(after: known, of: preset)
        if failure != known { try store.setFailure(failure, of: preset.key) }
    }

    /// Returns the start of the last create, also if an inspect reported its end.
    private func buildStart(
        of operation: Operation, _ workspace: Workspace, in store: any StoreReader
    ) throws -> Timestamp {
        let create = OperationID(making: workspace.id)
        let startedAt =
            operation.id == create ? operation.startedAt : try store.operation(create)?.operation.startedAt
        return startedAt ?? workspace.createdAt
    }

    /// Reports for metrics that a workspace which was created for a claim can be used. A handover reports it itself.
    func noteUsable(_ settled: Settled, at now: Timestamp) {
        let workspace = settled.workspace
        guard settled.operation.kind == .create || settled.operation.kind == .inspect, workspace.state == .claimed,
            workspace.handover == .none, workspace.readyAt == now, let claimedAt = workspace.claimedAt
        else { return }
        engine.observe(.usable(workspace.preset, after: max(now - claimedAt, .zero)))
    }
}
