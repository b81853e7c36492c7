import Logging
import PrewarmCore
import ServiceLifecycle
import Synchronization

/// Reconciles one source, again and again. What goes wrong with it holds back no other.
struct SourceLoop: Sendable {
    let name: String
    let signal = Signal<Nudge>()
    let record: Record
    private let engine: Engine
    private let source: Engine.Source
    private let requests: SyncRequests
    private let progress: LoopProgress
    private let logger: Logger
    private let onTurn: @Sendable (TurnReport) -> Void

    private static let shortestPause = Duration.milliseconds(10)
    private static let longTurn = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(600)

    /// What the status shows of the loop.
    final class Record: Sendable {
        struct State: Sendable {
            var lastTurnAt: Timestamp?
            var lastPullAt: Timestamp?
            var nextPullAt: Timestamp?
            var isRelaxed = false
            /// The commit that a forge said is there and that was not seen yet.
            var announced: String?
            /// Why the last turn could not be made.
            var problem: String?
            /// The last turn that asked the remote learned nothing.
            var isUnreadable = false
        }

        private let state = Mutex(State())
        var value: State { state.withLock { $0 } }
        func update(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
    }

    init(
        _ engine: Engine, _ source: Engine.Source, requests: SyncRequests, progress: LoopProgress, logger: Logger,
        onTurn: @escaping @Sendable (TurnReport) -> Void
    ) {
        name = source.name
        record = Record()
        self.engine = engine
        self.source = source
        self.requests = requests
        self.progress = progress
        self.logger = logger
        self.onTurn = onTurn
    }

    func run() async {
        var pacing = Pacing(interval: source.interval)
        var generator = SystemRandomNumberGenerator()
        var nudge: Nudge = .pull
        var lag = Lag()
        let loop = progress.begin("source \(name)")
        while !Task.isCancelled, !nudge.contains(.stop) {
            loop.comeRound(within: source.lease)
            let now = engine.now()
            if nudge.contains(.pushed) { pacing.notePush(at: now) }
            let pulls =
                nudge.contains(.pull) || pacing.isDue(at: now) || requests.isWaiting(source: name) || lag.isDue(at: now)
            let taken = pulls ? requests.begin(source: name) : []
            let before = record.value
            let startedAt = ContinuousClock.now
            let result = await turn(pull: pulls)
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
            nudge = await signal.wait(for: pause)
        }
    }

    /// So that a stream of claims and finished operations does not become a stream of turns. A turn that takes long
    /// leaves the store to them for most of the time; after a short one the next is soon, so that it is short, too.
    private static func rest(after duration: Duration) -> Duration {
        duration < longTurn ? max(shortestPause, duration) : min(duration * 4, .seconds(2))
    }

    private func turn(pull: Bool) async -> Result<TurnReport, any Error> {
        do {
            return .success(
                try await withThrowingTaskGroup(of: TurnReport.self) { group in
                    group.addTask { try await engine.turn(name, pull: pull) }
                    group.addTask {
                        try await Task.sleep(for: source.lease)
                        throw Problem(
                            "TurnTimedOut", status: 504, "the turn of \(name) took longer than \(source.lease)",
                            hint: "a longer timeout of the source makes room for it")
                    }
                    // What waits for a remote ends with the daemon: the next one asks again.
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
        _ result: Result<TurnReport, any Error>, pulled: Bool, _ pacing: Pacing, _ before: Record.State
    ) {
        let now = engine.now()
        var problem: String?
        switch result {
        case .success(let report):
            onTurn(report)
            log(report, pulled: pulled, wasUnreadable: before.isUnreadable)
        case .failure(is CancellationError): break
        case .failure(TurnError.leaseHeld(_, let holder)):
            logger.debug("another prewarm reconciles the source", metadata: ["source": "\(name)", "by": "\(holder)"])
        case .failure(let error):
            let message = Problem(error)?.message ?? "\(error)"
            problem = message
            if before.problem != message {
                logger.error("a turn failed", metadata: ["source": "\(name)", "error": "\(message)"])
            }
        }
        record.update { state in
            state.lastTurnAt = now
            if pulled { state.lastPullAt = now }
            state.nextPullAt = pacing.nextPull
            state.isRelaxed = pacing.isRelaxed
            state.problem = problem
            if pulled, case .success(let report) = result { state.isUnreadable = report.failure != nil }
        }
    }

    private func log(_ report: TurnReport, pulled: Bool, wasUnreadable: Bool) {
        if let failure = report.failure {
            var metadata: Logger.Metadata = [
                "source": "\(name)", "reason": "\(failure.reason.rawValue)", "error": "\(failure.message)",
            ]
            if let hint = failure.hint { metadata["hint"] = "\(hint)" }
            logger.warning("a source can't be read", metadata: metadata)
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

    private func logErrors(_ report: TurnReport) {
        let errors = report.diagnostics.filter { $0.severity == .error }
        for error in errors.prefix(Self.mostErrors) {
            logger.warning(
                "a manifest is not valid",
                metadata: ["source": "\(name)", "at": "\(error.location)", "error": "\(error.message)"])
        }
        if errors.count > Self.mostErrors {
            logger.warning("more manifests are not valid", metadata: ["count": "\(errors.count - Self.mostErrors)"])
        }
    }

    private static let mostErrors = 10

    /// Until the next pull, or until the plan may change by itself.
    private func pause(after result: Result<TurnReport, any Error>, _ pacing: Pacing) async -> Duration {
        let now = engine.now()
        var pause = pacing.nextPull == nil ? source.interval : pacing.wait(from: now)
        switch result {
        case .failure: pause = min(pause, .seconds(2))
        case .success(let report):
            let quietUntil = try? await engine.store.read { try $0.source(name)?.quietUntil }
            if let quietUntil {
                pause = min(pause, quietUntil == .distantFuture ? pause : quietUntil - now)
            } else if report.revision != nil {
                // There is more to do than one turn does, or something has happened since it was planned.
                pause = min(pause, report.plan.actions.isEmpty ? .seconds(5) : .seconds(1))
            }
        }
        return max(.zero, min(pause, Self.longestPause))
    }
}

extension Result<TurnReport, any Error> {
    /// The remote could not be read, or not in time.
    fileprivate var isOfTheRemote: Bool {
        switch self {
        case .success(let report): report.failure != nil
        case .failure(let error): error is Problem
        }
    }
}
