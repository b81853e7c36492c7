package import PrewarmCore

/// A measurement for metrics. The engine reports it after the transaction that makes it true.
package enum Observation: Sendable {
    /// A reconciliation ended.
    case reconciled(source: String, result: ReconcileResult, duration: Duration)
    /// A reconciliation read the remote of a source without an error.
    case succeeded(source: String)
    /// A request to a remote ended.
    case git(source: String, request: GitRequest, isSuccess: Bool, duration: Duration)
    /// The manifests of a revision were read: the numbers of files from the cache and of newly parsed files.
    case parsed(known: Int, new: Int)
    /// An action was planned.
    case planned(Action.Kind, Reason)
    /// An attempt of an operation ended.
    case operation(Operation, duration: Duration)
    /// Every pool converged to the applied revision for the first time.
    case converged(source: String, after: Duration)
    /// This replica took over a source whose last holder did not release it.
    case tookOver(source: String)
    /// A granted claim ended.
    case claimEnded(PresetKey, Claim.EndReason)

    /// A handover ended.
    case handover(PresetKey, HandoverWord)
    /// The owner of a claim can use the workspace for the first time.
    case usable(PresetKey, after: Duration)

    package enum HandoverWord: String, CaseIterable, Sendable {
        case done
        case failed
        /// The process that carried it out ended.
        case interrupted
    }

    package enum ReconcileResult: String, CaseIterable, Sendable {
        /// Manifests were read, or actions were planned.
        case changed
        case unchanged
        /// The remote could not be read, or the reconciliation failed.
        case error
        /// Another process reconciles the source.
        case skipped
    }

    package enum GitRequest: String, CaseIterable, Sendable {
        /// One ref advertisement.
        case ls
        case fetch
    }
}

extension Engine {
    /// Runs a reconciliation and reports its result and duration.
    func observingReconciliation(
        of source: String, pulls: Bool, _ reconciliation: () async throws -> ReconcileReport
    ) async throws -> ReconcileReport {
        guard sources[source] != nil else { return try await reconciliation() }
        let start = clock.instant()
        do {
            let report = try await reconciliation()
            let isChanged = !report.plan.actions.isEmpty || report.hasReadManifests
            observe(
                .reconciled(
                    source: source, result: report.failure != nil ? .error : isChanged ? .changed : .unchanged,
                    duration: clock.instant() - start))
            if pulls, report.failure == nil { observe(.succeeded(source: source)) }
            for action in report.plan.actions { observe(.planned(action.kind, action.reason)) }
            if let duration = report.convergedAfter { observe(.converged(source: source, after: duration)) }
            return report
        } catch {
            let isSkipped = if case ReconcileError.leaseHeld = error { true } else { false }
            observe(
                .reconciled(source: source, result: isSkipped ? .skipped : .error, duration: clock.instant() - start))
            throw error
        }
    }
}

/// The repository of a source whose requests to the remote are measured.
struct ObservedGit: Sendable {
    private let engine: Engine
    private let source: Engine.Source

    init(_ engine: Engine, _ source: Engine.Source) {
        self.engine = engine
        self.source = source
    }

    func head() async throws(GitFailure) -> Revision {
        try await observing(.ls) { () async throws(GitFailure) in try await source.git.head() }
    }

    func fetch(_ revision: Revision) async throws(GitFailure) {
        try await observing(.fetch) { () async throws(GitFailure) in try await source.git.fetch(revision) }
    }

    func step(from old: Revision, to new: Revision, limit: ChangeLimit) async throws(GitFailure) -> RevisionStep {
        try await observing(.fetch) { () async throws(GitFailure) in
            try await source.git.step(from: old, to: new, limit: limit)
        }
    }

    private func observing<Result>(
        _ request: Observation.GitRequest, _ body: () async throws(GitFailure) -> Result
    ) async throws(GitFailure) -> Result {
        let start = engine.clock.instant()
        do {
            let result = try await body()
            engine.observe(
                .git(source: source.name, request: request, isSuccess: true, duration: engine.clock.instant() - start))
            return result
        } catch {
            engine.observe(
                .git(source: source.name, request: request, isSuccess: false, duration: engine.clock.instant() - start))
            throw error
        }
    }
}
