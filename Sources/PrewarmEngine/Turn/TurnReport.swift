package import PrewarmCore

/// What one turn of a source found and decided.
package struct TurnReport: Sendable {
    package let source: String
    /// What the plan was made from; nil where nothing was ever applied.
    package var revision: Revision?
    /// Nothing had changed: nothing was planned, nothing written.
    package var isQuiet = false
    /// Another revision than before was applied.
    package var isNewRevision = false
    /// The manifests of a revision were read, be it new or because the configuration is.
    package var hasReadManifests = false
    /// Why the newest revision could not be had; the last good one is in force.
    package var failure: GitFailure?
    package var diagnostics: [Diagnostic] = []
    /// Of ``diagnostics``, those of values that the store keeps and that can't be read.
    package var unreadable: [Diagnostic] = []
    /// Those that were planned for. A turn plans for pools that may have changed, a preview for all.
    package var presets: [Preset] = []
    package var plan = Plan()
    /// Of an assessment: the pools that are not in ``plan``, as it would find the same of them again.
    package var rest: SettledPools?
    package var failures: [PresetKey: FailureRecord] = [:]
    /// As the last turn left them.
    package var conditions: [PresetKey: [Condition]] = [:]

    /// Where every pool is for the first time as the revision says: how long that took.
    package var convergedAfter: Duration?

    package init(source: String) {
        self.source = source
    }

    /// Every pool that was planned for is as its preset says.
    var isConverged: Bool {
        let observed = observed
        return zip(presets, plan.pools).allSatisfy { $1.isFinished($0, isObserved: observed.contains($0.key)) }
    }

    /// Presets on which nothing is done, though something would be.
    var observed: Set<PresetKey> { Set(plan.held.lazy.filter { $0.hold == .observe }.map(\.action.preset)) }

    package var hasErrors: Bool { failure != nil || diagnostics.contains { $0.severity == .error } }
}

extension TurnReport {
    /// The presets with their pools, in the order of their names.
    package var statuses: [PresetStatus] {
        var statuses: [PresetStatus] = []
        forEachStatus { statuses.append($0) }
        return statuses
    }

    /// The same one after another, for who keeps less of each: ten thousand take much memory.
    /// - Parameter now: the time of what is so only now; nil: unknown.
    func forEachStatus(at now: Timestamp? = nil, _ body: (PresetStatus) -> Void) {
        let table = PresetTable(presets)
        let held = Dictionary(grouping: plan.held) { $0.action.preset }
        let invalid = Dictionary(grouping: diagnostics.filter { $0.severity == .error }) { $0.file }
        for pool in plan.pools {
            guard let preset = table[pool.preset] else { continue }
            body(
                PresetStatus(
                    preset: preset, pool: pool, failure: failures[pool.preset], held: held[pool.preset] ?? [],
                    diagnostics: invalid[preset.origin.file] ?? [], earlier: conditions[pool.preset] ?? [], now: now))
        }
    }
}

extension PoolPlan {
    /// It is as its preset says, or nobody wants it acted on.
    func isFinished(_ preset: Preset, isObserved: Bool) -> Bool {
        isSuspended(preset) || isObserved || isConverged
    }

    /// By its manifest, or by somebody's order.
    func isSuspended(_ preset: Preset) -> Bool { preset.isSuspended || suspension != nil }
}

/// Why a turn could not be made.
package enum TurnError: Error, Sendable {
    case unknownSource(String)
    /// Another process reconciles the source and goes on doing it.
    case leaseHeld(source: String, by: String)
    /// Another process took over while this turn was under way; it was rolled back.
    case leaseLost(source: String)
    /// What would be done now is not the plan that was to be carried out; nothing was done.
    case planChanged(source: String)
}
