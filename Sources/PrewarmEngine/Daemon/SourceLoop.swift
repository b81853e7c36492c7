import Logging
import PrewarmCore
import ServiceLifecycle
import Synchronization

/// The loop that reconciles one source. A failure of one source does not delay the others.
struct SourceLoop: Sendable {
    let name: String
    let signal = Signal()
    let record: Record
    private let engine: Engine
    private let source: Engine.Source
    private let requests: SyncRequests
    private let progress: LoopProgress
    private let logger: Logger
    private let onReport: @Sendable (ReconcileReport) -> Void

    /// The state of the loop that the status shows.
    final class Record: Sendable {
        struct State: Sendable {
            var lastReconciledAt: Timestamp?
            var lastPullAt: Timestamp?
            var nextPullAt: Timestamp?
            /// True if webhooks announce pushes, so that the interval is longer.
            var isRelaxed = false
            /// The commit that a forge announced last, until the loop takes it.
            var announced: String?
            /// The error of the last reconciliation; nil if it succeeded.
            var problem: String?
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
        _ engine: Engine, _ source: Engine.Source, requests: SyncRequests, progress: LoopProgress, logger: Logger,
        onReport: @escaping @Sendable (ReconcileReport) -> Void
    ) {
        name = source.name
        record = Record()
        self.engine = engine
        self.source = source
        self.requests = requests
        self.progress = progress
        self.logger = logger
        self.onReport = onReport
    }

    /// Carries out the steps of a ``SourceMachine`` until the loop is stopped or the task is canceled.
    func run() async {
        var machine = SourceMachine(interval: source.interval)
        var generator = engine.generator
        let (clock, loop) = (engine.clock, progress.begin("source \(name)"))
        var step = machine.handle(.woken([]), at: clock.instant(), using: &generator)
        while !Task.isCancelled {
            switch step {
            case .end: return
            case .wait(let time):
                loop.comeRound(within: time)
                let causes = await signal.wait(for: time, on: clock)
                step = machine.handle(
                    .woken(causes, announced: record.takeAnnounced()), at: clock.instant(), using: &generator)
            case .reconcile(let pull):
                loop.comeRound(within: source.lease)
                let taken = pull ? requests.begin(source: name) : []
                let startedAt = clock.instant()
                let result = await reconcile(pull: pull)
                let duration = clock.instant() - startedAt
                step = machine.handle(
                    .reconciled(await outcome(of: result), took: duration), at: clock.instant(), using: &generator)
                note(result, pulled: pull, machine.pacing)
                requests.end(taken, source: name, result)
            }
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

    private func reconcile(pull: Bool) async -> Result<ReconcileReport, any Error> {
        do {
            return .success(
                try await withThrowingTaskGroup(of: ReconcileReport.self) { group in
                    group.addTask { try await engine.reconcile(name, pull: pull) }
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
        case .failure(is CancellationError): break
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
