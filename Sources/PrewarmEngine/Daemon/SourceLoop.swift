import Logging
import PrewarmCore
import ServiceLifecycle
import Synchronization

/// The loop that reconciles one source. A failure of one source does not delay the others.
struct SourceLoop: Sendable {
    let name: String
    let signal = Signal<WakeUp>()
    let record: Record
    private let engine: Engine
    private let source: Engine.Source
    private let requests: SyncRequests
    private let progress: LoopProgress
    private let logger: Logger
    private let onReport: @Sendable (ReconcileReport) -> Void

    private static let shortestPause = Duration.milliseconds(10)
    private static let longReconciliation = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(600)

    /// The state of the loop that the status shows.
    final class Record: Sendable {
        struct State: Sendable {
            var lastReconciledAt: Timestamp?
            var lastPullAt: Timestamp?
            var nextPullAt: Timestamp?
            /// True if webhooks announce pushes, so that the interval is longer.
            var isRelaxed = false
            /// The commit that a forge announced and that the remote does not show yet.
            var announced: String?
            /// The error of the last reconciliation; nil if it succeeded.
            var problem: String?
            /// True if the last reconciliation that asked the remote could not read it.
            var isUnreadable = false
        }

        private let state = Mutex(State())
        var value: State { state.withLock { $0 } }
        func update(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
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

    func run() async {
        var pacing = Pacing(interval: source.interval)
        var generator = engine.generator
        var wakeUp: WakeUp = .pull
        var lag = Lag()
        let loop = progress.begin("source \(name)")
        while !Task.isCancelled, !wakeUp.contains(.stop) {
            loop.comeRound(within: source.lease)
            let now = engine.now()
            if wakeUp.contains(.pushed) { pacing.notePush(at: now) }
            let pulls =
                wakeUp.contains(.pull) || pacing.isDue(at: now) || requests.isWaiting(source: name)
                || lag.isDue(at: now)
            let taken = pulls ? requests.begin(source: name) : []
            let before = record.value
            let startedAt = ContinuousClock.now
            let result = await reconcile(pull: pulls)
            let duration = ContinuousClock.now - startedAt
            if pulls {
                pacing.notePull(
                    failed: result.isOfTheRemote, isNew: (try? result.get())?.isNewRevision ?? false,
                    at: engine.now(), using: &generator)
            }
            note(result, pulled: pulls, pacing, before)
            requests.end(taken, source: name, result)
            if pulls { lag.note(record, result, at: engine.now()) }
            let pause = min(
                await pause(after: result, pacing), lag.wait(from: engine.now()) ?? Self.longestPause)
            try? await Task.sleep(for: pulls ? Self.shortestPause : Self.rest(after: duration))
            loop.comeRound(within: pause)
            wakeUp = await signal.wait(for: pause)
        }
    }

    /// Returns the pause after a reconciliation, so that many claims and finished operations cause fewer reconciliations.
    /// After a long one the pause is four times as long, at most 2 s, to leave the store to others. For example, it is
    /// 800 ms after 200 ms. After one of less than 100 ms it is as long as that one, at least 10 ms.
    private static func rest(after duration: Duration) -> Duration {
        duration < longReconciliation ? max(shortestPause, duration) : min(duration * 4, .seconds(2))
    }

    private func reconcile(pull: Bool) async -> Result<ReconcileReport, any Error> {
        do {
            return .success(
                try await withThrowingTaskGroup(of: ReconcileReport.self) { group in
                    group.addTask { try await engine.reconcile(name, pull: pull) }
                    group.addTask {
                        try await Task.sleep(for: source.lease)
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

    private func note(
        _ result: Result<ReconcileReport, any Error>, pulled: Bool, _ pacing: Pacing, _ before: Record.State
    ) {
        let now = engine.now()
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
            state.nextPullAt = pacing.nextPull
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

    /// Returns the time until the next pull, or until the plan may change without an event if that is sooner.
    private func pause(after result: Result<ReconcileReport, any Error>, _ pacing: Pacing) async -> Duration {
        let now = engine.now()
        var pause = pacing.nextPull == nil ? source.interval : pacing.wait(from: now)
        switch result {
        case .failure: pause = min(pause, .seconds(2))
        case .success(let report):
            let quietUntil = try? await engine.store.read { try $0.source(name)?.quietUntil }
            if let quietUntil {
                pause = min(pause, quietUntil == .distantFuture ? pause : quietUntil - now)
            } else if report.revision != nil {
                // There are more actions than one reconciliation carries out, or something changed since it was planned.
                pause = min(pause, report.plan.actions.isEmpty ? .seconds(5) : .seconds(1))
            }
        }
        return max(.zero, min(pause, Self.longestPause))
    }
}

extension Result<ReconcileReport, any Error> {
    /// Returns true if the remote could not be read, or not in time.
    fileprivate var isOfTheRemote: Bool {
        switch self {
        case .success(let report): report.failure != nil
        case .failure(let error): error is Problem
        }
    }
}
