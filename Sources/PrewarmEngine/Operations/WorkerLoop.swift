package import Logging
internal import PrewarmCore

/// The loop that runs operations, in a daemon and in a command. It carries out the steps of a ``WorkerMachine``.
struct WorkerLoop {
    let runner: OperationRunner
    private var machine: WorkerMachine
    /// A signal that an operation may be due, or that the loop has to end.
    var signal = Signal()
    var progress: LoopProgress.Loop?
    /// Plans again, and returns true if there are new operations.
    var plan: () async throws -> Bool = { false }
    /// Gets each operation whose outcome was recorded.
    var settled: (OperationRunner.Settled) -> Void = { _ in }
    /// Gets each error, and the operation that it belongs to. If it throws, the running operations are ended.
    var failed: (Failure, OperationID?, any Error) throws -> Void = { _, _, error in throw error }

    /// The text of an error that is logged. An operation whose outcome cannot be recorded is repeated after its lease expires.
    enum Failure: String {
        case start = "cannot start operations"
        case recovery = "cannot return the operations of an ended process to the queue"
        case record = "cannot record the outcome of an operation"
    }

    private enum Ended: Sendable {
        case woken(WakeUp)
        case recovered(Result<Void, any Error>)
        case performed(OperationRecord, Result<OperationRunner.Settled?, any Error>)
    }

    init(_ runner: OperationRunner, _ mode: WorkerMachine.Mode) {
        self.runner = runner
        machine = WorkerMachine(mode)
    }

    /// Runs to the end of the machine. If the task is canceled, the running operations are ended and returned to the queue.
    /// - Throws: `CancellationError`, and the errors of ``plan`` and ``failed``.
    mutating func run() async throws {
        try await withThrowingTaskGroup(of: Ended.self) { group in
            var steps = handle(.woken([]))
            while true {
                while !steps.isEmpty { steps += try await carryOut(steps.removeFirst(), in: &group) }
                guard let ended = try await group.next() else { return }
                let event = try note(ended)
                if Task.isCancelled { _ = handle(.woken(.stop)) }
                steps = handle(event)
            }
        }
        try Task.checkCancellation()
    }

    private mutating func handle(_ event: WorkerMachine.Event) -> [WorkerMachine.Effect] {
        machine.handle(event, at: runner.engine.clock.instant())
    }

    /// Carries out a step, or starts it beside the others. Returns the steps that follow.
    private mutating func carryOut(
        _ step: WorkerMachine.Effect, in group: inout ThrowingTaskGroup<Ended, any Error>
    ) async throws -> [WorkerMachine.Effect] {
        let (runner, signal) = (runner, signal)
        switch step {
        case .wait(let time):
            // After a stop, the loop only waits for running operations, which may take any time.
            progress?.comeRound(within: .seconds(300))
            group.addTask { .woken(await signal.wait(for: time, on: runner.engine.clock)) }
        case .recover: group.addTask { .recovered(await Result { try await runner.recover() }) }
        case .plan: return handle(.planned(hasActions: try await plan()))
        case .start:
            do {
                let records = try await runner.lease(running: machine.running, starts: machine.starts)
                for record in records {
                    group.addTask { .performed(record, await Result { try await runner.perform(record) }) }
                }
                let nextDue = records.isEmpty ? try await runner.nextDue() : nil
                return handle(.started(provisioners: records.map(\.operation.provisioner), nextDue: nextDue))
            } catch {
                try failed(.start, nil, error)
                return handle(.notStarted)
            }
        }
        return []
    }

    /// Reports the end of a step. Returns it as an event.
    private mutating func note(_ ended: Ended) throws -> WorkerMachine.Event {
        switch ended {
        case .woken(let causes):
            if causes.contains(.stop) { progress?.end() }
            return .woken(causes)
        case .recovered(let result):
            if case .failure(let error) = result { try failed(.recovery, nil, error) }
            return .recovered
        case .performed(let record, let result):
            let provisioner = record.operation.provisioner
            switch result {
            case .success(let operation):
                if let operation {
                    settled(operation)
                    runner.observe(.settled(operation.operation, operation.workspace))
                }
                return .ended(provisioner: provisioner, isSettled: operation != nil)
            case .failure(let error):
                try failed(.record, record.operation.id, error)
                return .ended(provisioner: provisioner, isSettled: false)
            }
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

extension OperationRunner {
    /// Runs operations until none is due and none runs.
    /// - Parameter replan: A function that may insert further operations and returns true if it did. It is called when a
    ///   slot is free and no operation is due.
    package func run(replan: @escaping @Sendable () async throws -> Bool = { false }) async throws -> Report {
        var report = Report()
        var loop = WorkerLoop(self, .untilIdle)
        loop.plan = replan
        loop.settled = { report.note($0.operation, isNotStarted: $0.isNotStarted) }
        try await loop.run()
        report.unknownProvisioners = try await unknownProvisioners()
        return report
    }

    /// Runs operations as they become due. After the cause ``WakeUp/stop`` it takes no new ones, and returns when the running
    /// ones have ended. Canceling the task ends the running operations and returns them to the queue.
    /// - Parameter signal: A signal that an operation may be due. Operations that other processes insert start within five
    ///   seconds even without a signal.
    package func serve(_ signal: Signal, progress: LoopProgress, logger: Logger) async {
        var loop = WorkerLoop(self, .untilStopped)
        loop.signal = signal
        loop.progress = progress.begin("operations")
        loop.failed = { failure, id, error in
            let metadata: Logger.Metadata = id.map { ["id": "\($0)"] } ?? [:]
            if !(error is CancellationError) {
                logger.error("\(failure.rawValue)", metadata: metadata.merging(["error": "\(error)"]) { $1 })
            } else if id != nil {
                logger.notice("an operation was interrupted and returned to the queue", metadata: metadata)
            }
        }
        // Errors are logged. So the loop throws only after a cancellation, which needs no report.
        try? await loop.run()
    }

    /// Returns the time until the next pending operation becomes due; nil if no operation is pending.
    fileprivate func nextDue() async throws -> Duration? {
        let now = engine.now()
        return try await store.read { try $0.nextAttempt(after: now) }.map { $0 - now }
    }
}
