package import PrewarmCore
import Synchronization

/// The work of `prewarm sync`: reconciliations and operations until nothing is due now. With a time limit, it continues
/// until all pools have converged.
package struct Synchronizer: Sendable {
    private let engine: Engine
    private let sources: [String]
    private let revision: String?
    private let preset: String?
    private let waitsUntil: Instant?
    private let refreshes: Bool
    /// The digests of the plans to carry out, by source; nil to carry out any plan.
    private let expected: [String: String]?
    private let observe: @Sendable (Progress) -> Void
    private let touched = TouchedPools()

    package enum Progress: Sendable {
        case reconciled(ReconcileReport)
        case operation(OperationRunner.Progress)
        /// Another process reconciles the source, and this one waits for up to 30 seconds.
        case waitingForLease(source: String)
        case resync(ResyncReport)
    }

    /// The result of a whole sync.
    package struct Report: Sendable {
        /// The first reconciliation of each source.
        package var reconciliations: [ReconcileReport] = []
        /// The final state of each source: the pools that were planned for, and all pools if others have not converged.
        /// It is empty if nothing changed and nothing ran.
        package var last: [ReconcileReport] = []
        package var succeeded = 0
        package var failed: [Operation] = []
        /// The operations that were due and did not start, because the system gave no process.
        package var notStarted: [Operation] = []
        package var unknownProvisioners: Set<String> = []
        package var unfinished: [Unfinished] = []
    }

    /// - Parameters:
    ///   - revision: A branch, tag or commit to apply instead of the configured ref; nil for the configured ref.
    ///   - preset: The only preset to act on; nil for all.
    ///   - waitsUntil: The end of the wait for pools to converge; nil to wait only for operations that are due now.
    ///   - refreshes: If true, all provisioners are asked for their lists, however old the last lists are.
    ///   - expected: The digests of the plans to carry out, by source. Nothing else is planned then.
    package init(
        _ engine: Engine, sources: [String], revision: String? = nil, preset: String? = nil,
        waitsUntil: Instant? = nil, refreshes: Bool = false,
        expected: [String: String]? = nil,
        observe: @escaping @Sendable (Progress) -> Void
    ) {
        self.engine = engine
        self.sources = sources
        self.revision = revision
        self.preset = preset
        self.waitsUntil = waitsUntil
        self.refreshes = refreshes
        self.expected = expected
        self.observe = observe
    }

    /// Runs the sync to its end.
    /// - Throws: ``ReconcileError``, ``StoreError``, and ``ClaimError/unknownPreset(_:known:invalid:)`` if `preset` does not exist.
    package func run() async throws -> Report {
        var report = Report()
        for resync in try await engine.resync(force: refreshes) { observe(.resync(resync)) }
        var leases = LeaseWatch(serves: false)
        _ = try await engine.reviewLeases(&leases)
        if revision == nil, expected == nil { try await engine.settleRemovedSources() }
        for source in sources {
            let reconciliation = try await firstReconciliation(source)
            touched.note(reconciliation)
            observe(.reconciled(reconciliation))
            report.reconciliations.append(reconciliation)
        }
        try await checkPreset(report.reconciliations)
        var isCut = false
        var notStarted: [OperationID: Operation] = [:]
        while true {
            let runner = OperationRunner(engine, preset: preset) { [observe] in observe(.operation($0)) }
            guard let run = try await run(runner) else {
                isCut = true
                break
            }
            report.succeeded += run.succeeded
            report.failed += run.failed
            notStarted.merge(run.notStarted) { _, new in new }
            report.unknownProvisioners.formUnion(run.unknownProvisioners)
            guard let waitsUntil, expected == nil else { break }
            report.last = try await assess()
            report.unfinished = Unfinished.of(report.last, preset: preset)
            guard try await isWorthWaiting(report), engine.clock.instant() < waitsUntil else { break }
            try await engine.clock.sleep(for: .milliseconds(200))
            for source in sources { _ = try await replan(source) }
        }
        // If nothing changed and nothing ran, no pool is assessed again, however many pools there are.
        let isQuiet = report.reconciliations.allSatisfy(\.isQuiet) && report.succeeded == 0 && report.failed.isEmpty
        if isCut || report.last.isEmpty && !isQuiet { report.last = try await assess() }
        report.unfinished = Unfinished.of(report.last, preset: preset)
        report.notStarted = try await stillPending(notStarted)
        return report
    }

    /// Returns the operations that no later attempt has ended.
    private func stillPending(_ operations: [OperationID: Operation]) async throws -> [Operation] {
        if operations.isEmpty { return [] }
        return try await engine.store.read { store in
            try operations.keys.sorted().compactMap { id in
                guard let current = try store.operation(id)?.operation, current.state == .pending else { return nil }
                return current.error == nil ? nil : current
            }
        }
    }

    /// Runs due operations. Returns nil if the time limit was reached first: running operations are then ended in order,
    /// and the next run repeats them with the same ids.
    private func run(_ runner: OperationRunner) async throws -> OperationRunner.Report? {
        try await inTime { try await runner.run { try await expected == nil ? replan() : false } }
    }

    /// Runs the body within the time limit. Returns nil if the limit was reached first and the body was canceled.
    private func inTime<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            if let waitsUntil {
                group.addTask {
                    try await engine.clock.sleep(until: waitsUntil)
                    return nil
                }
            }
            defer { group.cancelAll() }
            if let value = try await group.next() ?? nil { return value }
            group.cancelAll()
            // The body may have been past the point where it can be canceled.
            return try? await group.next() ?? nil
        }
    }

    /// Throws if the preset does not exist, since a misspelled name must not look like a full pool.
    private func checkPreset(_ reconciliations: [ReconcileReport]) async throws {
        guard let preset, reconciliations.allSatisfy({ $0.failure == nil }) else { return }
        let sources = sources
        let known = try await engine.store.read { store in
            let isKnown = try store.presets(named: preset).contains {
                $0.key.name == preset && sources.contains($0.key.source)
            }
            return isKnown ? nil : try store.presets(source: nil).map(\.key.name)
        }
        if let known { throw ClaimError.unknownPreset(preset, known: known) }
    }

    private func firstReconciliation(_ source: String) async throws -> ReconcileReport {
        let longest = engine.clock.instant() + .seconds(30)
        let patience = min(longest, waitsUntil ?? longest)
        var held: ReconcileError?
        while true {
            if let held, engine.clock.instant() >= patience { throw held }
            do {
                let reconciliation = try await inTime {
                    try await engine.reconcile(source, revision: revision, preset: preset, expected: expected?[source])
                }
                return reconciliation ?? Self.overdue(source)
            } catch let error as ReconcileError {
                guard case .leaseHeld = error else { throw error }
                if held == nil { observe(.waitingForLease(source: source)) }
                held = error
                try await engine.clock.sleep(for: .milliseconds(100))
            }
        }
    }

    private static func overdue(_ source: String) -> ReconcileReport {
        var report = ReconcileReport(source: source)
        report.failure = GitFailure(
            .unreachable, "cannot read the repository of the source \(source) within the time limit",
            hint: "increase `--timeout`, or run `prewarm doctor` to check whether the git server answers")
        return report
    }

    private func replan() async throws -> Bool {
        for resync in try await engine.compareChecks() { observe(.resync(resync)) }
        var hasActions = false
        for source in sources where try await replan(source) { hasActions = true }
        return hasActions
    }

    private func replan(_ source: String) async throws -> Bool {
        do {
            let reconciliation = try await engine.reconcile(source, pull: false, preset: preset)
            touched.note(reconciliation)
            return !reconciliation.plan.actions.isEmpty
        } catch ReconcileError.leaseHeld, ReconcileError.leaseLost {
            // The holder of the lease plans for this source.
            return false
        }
    }

    private func assess() async throws -> [ReconcileReport] {
        var reports: [ReconcileReport] = []
        for source in sources {
            var report = try await engine.assess(source, touched: touched.of(source))
            if waitsUntil != nil, let rest = report.rest, rest.unfinished > 0 {
                report = try await engine.assess(source)
            }
            reports.append(report)
        }
        return reports
    }

    /// Returns true if a pool can still converge without a person who fixes something.
    private func isWorthWaiting(_ report: Report) async throws -> Bool {
        if try await engine.store.read({ try $0.restoredHold() }) != nil { return false }
        let pending = try await engine.store.read { try $0.operations(OperationFilter(states: [.pending], limit: 1)) }
        // A workspace may have been claimed since the last plan.
        let isToDo = report.last.contains { last in
            last.plan.actions.contains { preset == nil || $0.preset.name == preset }
        }
        if !pending.isEmpty || isToDo { return true }
        return report.unfinished.contains { unfinished in
            !unfinished.isStalled && (unfinished.pool.counts.isInMotion || unfinished.isBackingOff)
        }
    }
}

/// The pools that reconciliations have planned for, by source.
private final class TouchedPools: Sendable {
    private let keys = Mutex<[String: Set<PresetKey>]>([:])

    func note(_ reconciliation: ReconcileReport) {
        guard !reconciliation.plan.pools.isEmpty else { return }
        keys.withLock { $0[reconciliation.source, default: []].formUnion(reconciliation.plan.pools.lazy.map(\.preset)) }
    }

    func of(_ source: String) -> Set<PresetKey> { keys.withLock { $0[source] ?? [] } }
}
