import Logging
package import PrewarmCore
import ServiceLifecycle
import Synchronization

/// The loop that reconciles one source. A failure of one source does not delay the others.
package struct SourceLoop: Sendable {
    let name: String
    let signal = Signal()
    let record: Record
    private let engine: Engine
    private let source: Engine.Source
    private let requests: SyncRequests
    private let shares: SourceShares
    private let progress: LoopProgress
    private let logger: Logger
    private let onReport: @Sendable (ReconcileReport) -> Void

    /// The state of the loop that the status shows.
    package final class Record: Sendable {
        package struct State: Sendable {
            package var lastReconciledAt: Timestamp?
            package var lastPullAt: Timestamp?
            package var nextPullAt: Timestamp?
            /// True if webhooks announce pushes, so that the interval is longer.
            package var isRelaxed = false
            /// The commit that a forge announced last, until the loop takes it.
            var announced: String?
            /// The number of the last request to pull that the loop was woken for.
            var asked: Int64 = 0
            /// The name of the replica that reconciles the source; nil if it is this one, or none.
            var other: String?
            /// The error of the last reconciliation; nil if it succeeded.
            package var problem: String?
            /// True if the last reconciliation that asked the remote could not read it.
            var isUnreadable = false
        }

        private let state = Mutex(State())
        var value: State { state.withLock { $0 } }
        func update(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

        func takeAnnounced() -> String? {
            state.withLock { state in
                defer { state.announced = nil }
                return state.announced
            }
        }
    }

    init(
        _ engine: Engine, _ source: Engine.Source, requests: SyncRequests, shares: SourceShares, progress: LoopProgress,
        logger: Logger, onReport: @escaping @Sendable (ReconcileReport) -> Void
    ) {
        name = source.name
        record = Record()
        self.engine = engine
        self.source = source
        self.requests = requests
        self.shares = shares
        self.progress = progress
        self.logger = logger
        self.onReport = onReport
    }

    /// The time between two looks at whether this replica holds the source. It is woken when that changes.
    private static let shareLook = Duration.seconds(60)

    /// Reconciles the source while this replica holds it, until the loop is stopped or the task is canceled.
    func run() async {
        let loop = progress.begin("source \(name)")
        while !Task.isCancelled {
            if let share = shares.fence(of: name, engine) {
                record.update { $0.other = nil }
                if await reconcileWhileHeld(share, loop) { return }
            } else {
                noteOther()
                loop.comeRound(within: Self.shareLook)
                let causes = await signal.wait(for: Self.shareLook, on: engine.clock)
                if causes.contains(.stop) { return }
            }
        }
    }

    /// Notes which replica holds the source, and logs it once.
    private func noteOther() {
        let other = shares.other(holding: name)
        guard other != record.value.other else { return }
        record.update { $0.other = other }
        guard let other else { return }
        logger.info("another replica reconciles the source", metadata: ["source": "\(name)", "replica": "\(other)"])
    }

    /// Carries out the steps of a ``SourceMachine`` while this replica holds the source.
    /// - Returns: True if the loop has to end.
    private func reconcileWhileHeld(_ share: SourceFence, _ loop: LoopProgress.Loop) async -> Bool {
        var machine = SourceMachine(interval: source.interval)
        var generator = engine.generator
        let clock = engine.clock
        var step = machine.handle(.woken([]), at: clock.instant(), using: &generator)
        while !Task.isCancelled {
            if step != .end, shares.fence(of: name, engine) != share { return false }
            switch step {
            case .end: return true
            case .wait(let time):
                loop.comeRound(within: time)
                let causes = await signal.wait(for: time, on: clock)
                step = machine.handle(
                    .woken(causes, announced: record.takeAnnounced()), at: clock.instant(), using: &generator)
            case .reconcile(let pull):
                loop.comeRound(within: source.lease)
                let number = pull ? await beginPull() : nil
                let startedAt = clock.instant()
                let result = await reconcile(pull: pull, share)
                let duration = clock.instant() - startedAt
                step = machine.handle(
                    .reconciled(await outcome(of: result), took: duration), at: clock.instant(), using: &generator)
                note(result, pulled: pull, machine.pacing)
                if let number { await endPull(number, result) }
            }
        }
        return true
    }

    /// Notes that a pull begins. If the store cannot be written, the next pull answers the requests.
    private func beginPull() async -> Int64? { (try? await requests.begin(source: name)) ?? nil }

    private func endPull(_ number: Int64, _ result: Result<ReconcileReport, any Error>) async {
        do {
            try await requests.end(number, source: name, result)
        } catch {
            // The next pull answers the requests.
            signal.send(.pull)
        }
    }

    /// Returns the part of a result that the machine decides by.
    private func outcome(of result: Result<ReconcileReport, any Error>) async -> SourceMachine.Outcome {
        switch result {
        case .failure(ReconcileError.leaseHeld), .failure(ReconcileError.leaseLost), .failure(is CancellationError):
            return .skipped
        case .failure(let error): return .failed(isRemote: error is Problem)
        case .success(let report):
            var planned = SourceMachine.Planned(commit: report.revision?.commit)
            planned.isNewRevision = report.isNewRevision
            planned.isUnreadable = report.failure != nil
            planned.hasActions = !report.plan.actions.isEmpty
            let quietUntil = try? await engine.store.read { try $0.source(name)?.quietUntil }
            planned.quietFor = quietUntil.map { $0 == .distantFuture ? SourceMachine.longestWait : $0 - engine.now() }
            return .planned(planned)
        }
    }

    private func reconcile(pull: Bool, _ share: SourceFence) async -> Result<ReconcileReport, any Error> {
        do {
            return .success(
                try await withThrowingTaskGroup(of: ReconcileReport.self) { group in
                    group.addTask { try await engine.reconcile(name, pull: pull, share: share) }
                    group.addTask {
                        try await engine.clock.sleep(for: source.lease)
                        throw Problem(
                            "ReconcileTimedOut", status: 504,
                            "cannot reconcile the source \(name) within \(source.lease.prewarmText)",
                            hint: "increase `timeout` of the source \(name) in the configuration")
                    }
                    // A request to a remote does not delay the end of the daemon. The next daemon asks again.
                    if pull {
                        group.addTask {
                            try await gracefulShutdown()
                            throw CancellationError()
                        }
                    }
                    defer { group.cancelAll() }
                    guard let report = try await group.next() else { throw CancellationError() }
                    return report
                })
        } catch {
            return .failure(error)
        }
    }

    private func note(_ result: Result<ReconcileReport, any Error>, pulled: Bool, _ pacing: Pacing) {
        let (now, before) = (engine.now(), record.value)
        var problem: String?
        switch result {
        case .success(let report):
            onReport(report)
            log(report, pulled: pulled, wasUnreadable: before.isUnreadable)
        case .failure(is CancellationError), .failure(ReconcileError.leaseLost): break
        case .failure(ReconcileError.leaseHeld(_, let holder)):
            logger.debug("another prewarm reconciles the source", metadata: ["source": "\(name)", "by": "\(holder)"])
        case .failure(let error):
            let message = Problem(error)?.message ?? "\(error)"
            problem = message
            if before.problem != message {
                logger.error("cannot reconcile a source", metadata: ["source": "\(name)", "error": "\(message)"])
            }
        }
        record.update { state in
            state.lastReconciledAt = now
            if pulled { state.lastPullAt = now }
            state.nextPullAt = now + pacing.wait(from: engine.clock.instant())
            state.isRelaxed = pacing.isRelaxed
            state.problem = problem
            if pulled, case .success(let report) = result { state.isUnreadable = report.failure != nil }
        }
    }

    private func log(_ report: ReconcileReport, pulled: Bool, wasUnreadable: Bool) {
        if let failure = report.failure {
            var metadata: Logger.Metadata = [
                "source": "\(name)", "reason": "\(failure.reason.rawValue)", "error": "\(failure.message)",
            ]
            if let hint = failure.hint { metadata["hint"] = "\(hint)" }
            logger.warning("cannot read a source", metadata: metadata)
        } else if pulled, wasUnreadable {
            logger.info("a source can be read again", metadata: ["source": "\(name)"])
        }
        guard !report.plan.actions.isEmpty || report.isNewRevision else { return }
        if report.isNewRevision { logErrors(report) }
        func count(_ kind: Action.Kind) -> Int { report.plan.actions.count { $0.kind == kind } }
        logger.info(
            "reconciled",
            metadata: [
                "source": "\(name)", "revision": "\(report.revision?.short ?? "-")", "create": "\(count(.create))",
                "delete": "\(count(.delete))", "cancel": "\(count(.cancel))", "held": "\(report.plan.held.count)",
                "errors": "\(report.diagnostics.count { $0.severity == .error })",
            ])
    }

    private func logErrors(_ report: ReconcileReport) {
        let errors = report.diagnostics.filter { $0.severity == .error }
        for error in errors.prefix(Self.mostErrors) {
            logger.warning(
                "a manifest is invalid",
                metadata: ["source": "\(name)", "at": "\(error.location)", "error": "\(error.message)"])
        }
        if errors.count > Self.mostErrors {
            logger.warning(
                "more errors in manifests are not shown",
                metadata: ["source": "\(name)", "count": "\(errors.count - Self.mostErrors)"])
        }
    }

    /// The largest number of errors in manifests that are logged for one revision.
    private static let mostErrors = 10
}
