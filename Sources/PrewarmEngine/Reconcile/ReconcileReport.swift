package import PrewarmCore

/// The result of a reconciliation, a preview or an assessment of one source.
package struct ReconcileReport: Sendable {
    package let source: String
    /// The revision that the plan was made from; nil if none was ever applied.
    package var revision: Revision?
    /// True if nothing had changed, so that nothing was planned or written.
    package var isQuiet = false
    /// True if another revision than before was applied.
    package var isNewRevision = false
    /// True if manifests were read, because the revision or the configuration is new.
    package var hasReadManifests = false
    /// The reason why the newest revision could not be applied; the last good revision stays applied.
    package var failure: GitFailure?
    package var diagnostics: [Diagnostic] = []
    /// The part of ``diagnostics`` about stored values that cannot be read.
    package var unreadable: [Diagnostic] = []
    /// The applied revision that ``changes`` are compared with; nil if none was ever applied.
    package var applied: Revision?
    /// The changes from the accepted definitions to those of ``revision``, in a preview: templates first, then presets.
    package var changes: [DefinitionChange] = []
    /// The rollouts that an approval would start, in a preview.
    var heldRollouts: [Rollout] = []
    /// The presets that were planned for. A reconciliation plans for pools that may have changed, a preview for all.
    package var presets: [Preset] = []
    package var plan = Plan()
    /// The actions that suspensions keep from being planned, in a preview.
    package var suspended: [HeldAction] = []
    /// The settled pools that an assessment left out of ``plan``; nil if it left none out.
    package var rest: SettledPools?
    package var failures: [PresetKey: FailureRecord] = [:]
    /// The failed handovers in a row, by preset.
    package var handovers: [PresetKey: HandoverFailures] = [:]
    /// The conditions that the last reconciliation stored.
    package var conditions: [PresetKey: [Condition]] = [:]

    /// The time from the application of the revision until every pool converged to it. It is set only in the
    /// reconciliation that finds this for the first time.
    package var convergedAfter: Duration?

    package init(source: String) {
        self.source = source
    }

    /// Returns true if every pool that was planned for has converged, or is suspended or observed, and if no change waits.
    var isConverged: Bool {
        if plan.held.contains(where: \.hold.needsApproval) { return false }
        let observed = observed
        return zip(presets, plan.pools).allSatisfy { $1.isFinished($0, isObserved: observed.contains($0.key)) }
    }

    /// Returns the held actions that wait for an approval.
    /// - Parameter name: The name of the only preset to look at; nil for all.
    package func waitingForApproval(of name: String? = nil) -> [HeldAction] {
        plan.held.filter { $0.hold.needsApproval && (name == nil || $0.action.preset.name == name) }
    }

    /// The presets whose actions `mode: observe` holds.
    var observed: Set<PresetKey> { Set(plan.held.lazy.filter { $0.hold == .observe }.map(\.action.preset)) }

    /// Returns true if the source could not be read or a manifest has an error.
    package var hasErrors: Bool { failure != nil || diagnostics.contains { $0.severity == .error } }
}

extension ReconcileReport {
    /// The presets with their pools, in the order of their names.
    package var statuses: [PresetStatus] {
        var statuses: [PresetStatus] = []
        forEachStatus { statuses.append($0) }
        return statuses
    }

    /// Calls `body` with the status of each preset, in the order of their names. Unlike ``statuses``, it does not keep all
    /// of them in memory.
    /// - Parameter now: The time since which changed conditions are true; nil if unknown.
    package func forEachStatus(at now: Timestamp? = nil, _ body: (PresetStatus) -> Void) {
        let table = PresetTable(presets)
        let held = Dictionary(grouping: plan.held) { $0.action.preset }
        let acting = Set(plan.actions.lazy.map(\.preset))
        let invalid = Dictionary(grouping: diagnostics.filter { $0.severity == .error }) { $0.file }
        for pool in plan.pools {
            guard let preset = table[pool.preset] else { continue }
            body(
                PresetStatus(
                    preset: preset, pool: pool, failure: failures[pool.preset], held: held[pool.preset] ?? [],
                    diagnostics: invalid[preset.origin.file] ?? [], earlier: conditions[pool.preset] ?? [], now: now,
                    revision: revision, isActing: acting.contains(pool.preset), handovers: handovers[pool.preset]))
        }
    }
}

extension PoolPlan {
    /// Returns true if the pool has converged, or if prewarm does not act on it. The workspaces of a retired preset with
    /// `deletionPolicy: Retain` stay.
    func isFinished(_ preset: Preset, isObserved: Bool) -> Bool {
        isSuspended(preset) || isObserved || isConverged || preset.keepsWorkspaces && !counts.isInMotion
    }

    /// Returns true if the preset is suspended, by its manifest or by an operator.
    func isSuspended(_ preset: Preset) -> Bool { preset.isSuspended || suspension != nil }
}

/// The reason why a source could not be reconciled.
package enum ReconcileError: Error, Sendable {
    /// The configuration has no source of this name.
    case unknownSource(String)
    /// Another process is reconciling the source.
    case leaseHeld(source: String, by: String)
    /// Another process took over the lease during this reconciliation, which was rolled back.
    case leaseLost(source: String)
    /// The plan that would be carried out now differs from the expected one. Nothing was changed.
    case planChanged(source: String)
}
