package import Logging
import PrewarmCore
import ServiceLifecycle
import Synchronization

/// The service of `prewarm serve`. It runs one loop for each source, one for operations, one for resyncs with the
/// provisioners' lists, and one that watches for changes of other processes in the store.
package final class Daemon: Service {
    /// The number of the newest event in the store, for readers that wait for changes.
    package let changes: ChangeFeed
    package let requests: SyncRequests
    /// The sources that this replica holds.
    package let shares: SourceShares
    /// Wakes everything that waits for a change of the store.
    package let wakeUps = WakeUps()
    /// The progress of the daemon's loops, and of other loops that share it.
    package let progress: LoopProgress
    /// The handovers of claims that requests of this daemon asked for.
    package let handovers = HandoverJobs()
    let logger: Logger
    /// The time that running operations get when the daemon stops.
    private let grace: Duration
    private let state: Mutex<State>
    private let reloads = Signal()
    /// Wakes the loop that renews the shares of the sources.
    let shareSignal = Signal()
    /// Wakes the loop that looks for requests to pull.
    let pullSignal = Signal()

    private struct State {
        var engine: Engine
        var loops: [String: SourceLoop] = [:]
        var workers = Signal()
        var isStopping = false
    }

    package init(
        _ engine: Engine, grace: Duration = .seconds(30), logger: Logger
    ) {
        progress = LoopProgress(engine.clock)
        self.logger = logger
        self.grace = grace
        changes = ChangeFeed(store: engine.store, clock: engine.clock)
        requests = SyncRequests(engine.store)
        shares = SourceShares(engine)
        state = Mutex(State(engine: engine))
    }

    /// The engine with the configuration that was read last.
    package var engine: Engine { state.withLock(\.engine) }

    /// Runs until the task is canceled or the service group shuts down. At a graceful shutdown it starts nothing new, and
    /// running operations and handovers get the grace time. After that, operations are ended and returned to the queue,
    /// and handovers are interrupted.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.work() }
                group.addTask { await self.watchChanges() }
                group.addTask { await self.watchStore() }
                group.addTask { await self.watchShares() }
                group.addTask { await self.watchPulls() }
                group.addTask { await self.watchHints() }
                group.addTask { await self.logWarnings() }
                group.addTask(priority: .utility) { await self.runPeriodicResync() }
                group.addTask(priority: .utility) { await self.runPeriodicCleanup() }
                group.addTask { await self.watchLeases() }
                group.addTask { await self.endAfterGrace() }
                // The first task to end is that of the work or that of the grace time.
                await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.stop()
        }
    }

    /// Continues with another configuration. New loops replace the running ones; running operations finish.
    package func reload(_ engine: Engine) {
        state.withLock { $0.engine = engine }
        reloads.send(.replan)
        shareSignal.send(.replan)
    }

    // MARK: Wake-ups

    /// Asks the remotes of sources now. The replica that reconciles a source does so.
    /// - Parameters:
    ///   - source: The name of the source; nil for all sources.
    ///   - pushed: True if a forge announced a push.
    ///   - commit: The commit that the forge announced. If the remote does not show it yet, it is asked again.
    package func pull(_ source: String? = nil, pushed: Bool = false, commit: String? = nil) async {
        for loop in loops where source == nil || loop.name == source {
            if shares.fence(of: loop.name, engine) != nil {
                if let commit { loop.record.update { $0.announced = commit } }
                loop.signal.send(pushed ? [.pull, .pushed] : .pull)
                continue
            }
            do {
                try await requests.ask(source: loop.name, pushed: pushed, commit: commit)
            } catch {
                logger.warning(
                    "cannot ask another replica to pull a source",
                    metadata: ["source": "\(loop.name)", "error": "\(error)"])
            }
        }
    }

    /// Requests a pull of sources. ``requests`` has its progress.
    /// - Throws: ``StoreError``
    package func requestSync(
        sources: [String], preset: String?, revision: String?
    ) async throws -> SyncRequests.Request {
        let now = engine.now()
        var identifiers = engine.identifiers(at: now)
        let request = try await requests.add(
            id: identifiers.next(), sources: sources, preset: preset, revision: revision, now: now)
        pullSignal.send(.pull)
        return request
    }

    /// Plans for all sources and looks for due operations now, since workspaces or holds changed.
    package func replan() {
        wakeLoops()
        changes.look()
    }

    /// Wakes all loops that look at the store.
    func wakeLoops() {
        for loop in loops { loop.signal.send(.replan) }
        state.withLock(\.workers).send(.replan)
        wakeUps.send()
    }

    /// Plans for one source now, since one of its pools changed.
    package func replan(source: String) {
        state.withLock { $0.loops[source]?.signal }?.send(.replan)
        changes.look()
        wakeUps.send()
    }

    /// The states of the loops, by source.
    package var loopStates: [String: SourceLoop.Record.State] {
        Dictionary(loops.map { ($0.name, $0.record.value) }) { first, _ in first }
    }

    /// Wakes the workers, since another replica may have inserted an operation.
    func wakeWorkers() { state.withLock(\.workers).send(.replan) }

    /// Returns true if each source was reconciled at least once, successfully or not, or if another replica reconciles it.
    package var hasPlanned: Bool {
        loops.map(\.record.value).allSatisfy { $0.lastReconciledAt != nil || $0.other != nil }
    }

    var loops: [SourceLoop] { state.withLock { Array($0.loops.values) } }

    private func stop() {
        let (loops, workers) = state.withLock { state in
            state.isStopping = true
            return (Array(state.loops.values), state.workers)
        }
        for loop in loops { loop.signal.send(.stop) }
        workers.send(.stop)
        reloads.send(.stop)
        shareSignal.send(.stop)
    }

    // MARK: Loops

    /// Runs the loops and the handovers. After a stop, it returns when the running operations and handovers have ended.
    private func work() async {
        async let handedOver: Void = handovers.run()
        await serveGenerations()
        handovers.close()
        await handedOver
    }

    /// Runs one generation of loops for each configuration. The next generation starts while operations of the one before
    /// may still run.
    private func serveGenerations() async {
        let clock = engine.clock
        await withTaskGroup(of: Void.self) { group in
            repeat {
                startGeneration(&group)
                while await reloads.wait(for: .seconds(3600), on: clock).isEmpty, !Task.isCancelled {}
                endGeneration()
            } while !Task.isCancelled && !state.withLock(\.isStopping)
        }
    }

    private func startGeneration(_ group: inout TaskGroup<Void>) {
        let workers = Signal()
        let engine = engine
        let loops = engine.sources.values.map { source in
            SourceLoop(engine, source, requests: requests, shares: shares, progress: progress, logger: logger) {
                [weak self] in self?.noteReconciliation($0)
            }
        }
        let isStopping = state.withLock { state in
            state.workers = workers
            state.loops = Dictionary(loops.map { ($0.name, $0) }) { first, _ in first }
            return state.isStopping
        }
        guard !isStopping else { return }
        // Requests of users come before the work of the pools.
        for loop in loops { group.addTask(priority: .utility) { await loop.run() } }
        let runner = OperationRunner(engine) { [weak self] progress in
            if case .settled(let operation, _) = progress { self?.noteSettled(operation) }
        }
        group.addTask(priority: .utility) { [logger, progress] in
            await runner.serve(workers, progress: progress, logger: logger)
        }
    }

    private func endGeneration() {
        let (loops, workers) = state.withLock { (Array($0.loops.values), $0.workers) }
        for loop in loops { loop.signal.send(.stop) }
        workers.send(.stop)
    }

    private func noteReconciliation(_ report: ReconcileReport) {
        if !report.plan.actions.isEmpty { state.withLock(\.workers).send(.replan) }
        changes.look()
    }

    private func noteSettled(_ operation: Operation) {
        // A check changes nothing by itself.
        guard operation.reason != .healthCheck else { return }
        replan(source: operation.preset.source)
    }

    /// Wakes all loops if a command or another daemon changed the store.
    private func watchChanges() async {
        await changes.run(progress.begin("changes")) { [weak self] in
            self?.wakeLoops()
        }
    }

    private func logWarnings() async {
        var log = EventLog(store: engine.store, logger: logger)
        await log.look()
        for await _ in changes.subscribe() { await log.look() }
    }

    private func runPeriodicResync() async {
        let loop = progress.begin("resync")
        while !Task.isCancelled {
            loop.comeRound(within: engine.longestResync)
            do {
                for report in try await engine.resync() {
                    if let failure = report.failure {
                        logger.warning(
                            "cannot list or inspect the workspaces of a provisioner",
                            metadata: ["provisioner": "\(report.provisioner)", "error": "\(failure.message)"])
                    }
                    if report.unusableTimes > 0 {
                        logger.warning(
                            "a provisioner reports activity in the future, which renews no lease",
                            metadata: [
                                "provisioner": "\(report.provisioner)", "workspaces": "\(report.unusableTimes)",
                            ])
                    }
                    if let suspicion = report.suspicion {
                        logger.warning(
                            "prewarm does not trust a provisioner's answers yet",
                            metadata: ["reason": "\(suspicion.message(of: report.provisioner))"])
                    }
                    if !report.lost.isEmpty || !report.deleted.isEmpty || !report.inspected.isEmpty
                        || !report.suspected.isEmpty || !report.well.isEmpty
                    {
                        replan()
                    }
                }
                try await engine.settleRemovedSources()
            } catch {
                logger.error("cannot compare the store with the provisioners' lists", metadata: ["error": "\(error)"])
            }
            let pause = try? await engine.resyncPause()
            try? await engine.clock.sleep(for: pause ?? .seconds(5))
        }
    }

    private func runPeriodicCleanup() async {
        let loop = progress.begin("retention")
        while !Task.isCancelled {
            loop.comeRound(within: .seconds(3600 + 600))
            do {
                let now = engine.now()
                try await engine.store.write { try $0.forgetOld(now: now) }
            } catch {
                logger.error("cannot delete expired records", metadata: ["error": "\(error)"])
            }
            try? await engine.clock.sleep(for: .seconds(3600))
        }
    }

    /// Returns when the grace time after a stop has passed. The caller then cancels everything that still runs.
    private func endAfterGrace() async {
        try? await gracefulShutdown()
        try? await engine.clock.sleep(for: grace)
    }
}
