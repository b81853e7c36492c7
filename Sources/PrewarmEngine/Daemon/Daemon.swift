package import Logging
import PrewarmCore
import ServiceLifecycle
import Synchronization

/// Pulls, plans and acts for as long as it runs: a loop for each source, one that runs operations, one that compares
/// with what really exists, and one that sees what other processes write to the store.
package final class Daemon: Service {
    /// Counts up with each change that somebody may want to see.
    package let changes: ChangeFeed
    package let requests: SyncRequests
    /// Which loops come round: those of the daemon, and others that are given to it.
    package let progress: LoopProgress
    let logger: Logger
    /// How long operations may go on when the daemon stops.
    private let grace: Duration
    private let state: Mutex<State>
    private let reloads = Signal<Nudge>()

    private struct State {
        var engine: Engine
        var loops: [String: SourceLoop] = [:]
        var workers = Signal<Nudge>()
        var isStopping = false
    }

    package init(
        _ engine: Engine, grace: Duration = .seconds(30), progress: LoopProgress = LoopProgress(), logger: Logger
    ) {
        self.progress = progress
        self.logger = logger
        self.grace = grace
        changes = ChangeFeed(store: engine.store)
        requests = SyncRequests()
        state = Mutex(State(engine: engine))
    }

    /// As the configuration was when it was last read.
    package var engine: Engine { state.withLock(\.engine) }

    /// Ends when the task is cancelled, or in order when the service group shuts down: nothing new is begun, operations
    /// under way get their grace time and are given back after it.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.serveGenerations() }
                group.addTask { await self.watchChanges() }
                group.addTask { await self.watchStore() }
                group.addTask { await self.logWarnings() }
                group.addTask { await self.resyncNowAndThen() }
                group.addTask { await self.forgetOldNowAndThen() }
                group.addTask { await self.endAfterGrace() }
                // The first to end is the generations, or the grace time.
                await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.stop()
        }
    }

    /// Goes on with another configuration: its loops replace those that run, operations under way go on.
    package func reload(_ engine: Engine) {
        state.withLock { $0.engine = engine }
        reloads.send(.replan)
    }

    // MARK: Nudges

    /// Asks the remotes of these sources again, now. Nil: all.
    /// - Parameters:
    ///   - pushed: a forge said so.
    ///   - commit: what the forge says is there: where the remote doesn't show it yet, it is asked again.
    package func pull(_ source: String? = nil, pushed: Bool = false, commit: String? = nil) {
        for loop in loops where source == nil || loop.name == source {
            if let commit { loop.record.update { $0.announced = commit } }
            loop.signal.send(pushed ? [.pull, .pushed] : .pull)
        }
    }

    /// What exists or what is allowed has changed.
    package func replan() {
        for loop in loops { loop.signal.send(.replan) }
        state.withLock(\.workers).send(.replan)
        changes.look()
    }

    /// A pool of the source lacks something.
    package func replan(source: String) {
        state.withLock { $0.loops[source]?.signal }?.send(.replan)
        changes.look()
    }

    func record(ofSource name: String) -> SourceLoop.Record.State? {
        state.withLock { $0.loops[name]?.record.value }
    }

    /// Each source was planned for at least once, or could not be for a reason that its status tells.
    package var hasPlanned: Bool { loops.allSatisfy { $0.record.value.lastTurnAt != nil } }

    private var loops: [SourceLoop] { state.withLock { Array($0.loops.values) } }

    private func stop() {
        let (loops, workers) = state.withLock { state in
            state.isStopping = true
            return (Array(state.loops.values), state.workers)
        }
        for loop in loops { loop.signal.send(.stop) }
        workers.send(.stop)
        reloads.send(.stop)
    }

    // MARK: Parts

    /// One generation for each configuration: the next begins while the operations of the one before still run.
    private func serveGenerations() async {
        await withTaskGroup(of: Void.self) { group in
            repeat {
                startGeneration(&group)
                while await reloads.wait(for: .seconds(3600)).isEmpty, !Task.isCancelled {}
                endGeneration()
            } while !Task.isCancelled && !state.withLock(\.isStopping)
        }
    }

    private func startGeneration(_ group: inout TaskGroup<Void>) {
        let workers = Signal<Nudge>()
        let engine = engine
        let loops = engine.sources.values.map { source in
            SourceLoop(engine, source, requests: requests, progress: progress, logger: logger) { [weak self] in
                self?.noteTurn($0)
            }
        }
        let isStopping = state.withLock { state in
            state.workers = workers
            state.loops = Dictionary(loops.map { ($0.name, $0) }) { first, _ in first }
            return state.isStopping
        }
        guard !isStopping else { return }
        for loop in loops { group.addTask { await loop.run() } }
        let runner = OperationRunner(engine) { [weak self] progress in
            if case .settled(let operation, _) = progress { self?.noteSettled(operation) }
        }

        group.addTask { [logger, progress] in await runner.serve(workers, progress: progress, logger: logger) }
    }

    private func endGeneration() {
        let (loops, workers) = state.withLock { (Array($0.loops.values), $0.workers) }
        for loop in loops { loop.signal.send(.stop) }
        workers.send(.stop)
    }

    private func noteTurn(_ report: TurnReport) {
        if !report.plan.actions.isEmpty { state.withLock(\.workers).send(.replan) }
        changes.look()
    }

    private func noteSettled(_ operation: Operation) {
        replan(source: operation.preset.source)
    }

    /// What a command or another daemon does on the same store is as good as a nudge.
    private func watchChanges() async {
        await changes.run(progress.begin("changes")) { [weak self] in
            guard let self else { return }
            for loop in loops { loop.signal.send(.replan) }
            state.withLock(\.workers).send(.replan)
        }
    }

    private func logWarnings() async {
        var log = EventLog(store: engine.store, logger: logger)
        await log.look()
        for await _ in changes.subscribe() { await log.look() }
    }

    private func resyncNowAndThen() async {
        let loop = progress.begin("resync")
        while !Task.isCancelled {
            loop.comeRound(within: engine.longestResync)
            do {
                for report in try await engine.resync() {
                    if let failure = report.failure {
                        logger.warning(
                            "a provisioner could not list what exists",
                            metadata: ["provisioner": "\(report.provisioner)", "error": "\(failure.message)"])
                    }
                    if let suspicion = report.suspicion {
                        logger.warning(
                            "a provisioner's list is not believed",
                            metadata: ["reason": "\(suspicion.message(of: report.provisioner))"])
                    }
                    if !report.lost.isEmpty || !report.deleted.isEmpty || !report.inspected.isEmpty { replan() }
                }
                try await engine.settleRemovedSources()
            } catch {
                logger.error("what exists could not be compared", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(5))
        }
    }

    private func forgetOldNowAndThen() async {
        let loop = progress.begin("retention")
        while !Task.isCancelled {
            loop.comeRound(within: .seconds(3600 + 600))
            do {
                let now = engine.now()
                try await engine.store.write { try $0.forgetOld(now: now) }
            } catch {
                logger.error("what is over can't be forgotten", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(3600))
        }
    }

    /// Returns when the grace time after a stop is over; then all that still runs is cancelled.
    private func endAfterGrace() async {
        try? await gracefulShutdown()
        try? await Task.sleep(for: grace)
    }
}
