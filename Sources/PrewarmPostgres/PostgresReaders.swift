internal import Synchronization

/// A bounded pool of threads with sessions for reading. They are made on demand, and the last used one is taken first.
final class PostgresReaders: Sendable {
    typealias Job = @Sendable (PostgresSession) -> Void

    private struct State {
        var all: [PostgresWorker] = []
        var idle: [PostgresWorker] = []
        var waiting: [Job] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let settings: SessionSettings

    init(_ settings: SessionSettings) {
        self.settings = settings
    }

    /// Runs a job with a session that no other job uses at the same time.
    func read(_ job: @escaping Job) {
        let worker = state.withLock { state -> PostgresWorker? in
            if let worker = state.idle.popLast() { return worker }
            guard state.all.count < settings.limits.readers else {
                state.waiting.append(job)
                settings.counters.waits(1)
                return nil
            }
            let worker = PostgresWorker(settings, label: "reader")
            // The session of a closed pool refuses the job.
            if state.isClosed { worker.closeConnection() }
            state.all.append(worker)
            return worker
        }
        if let worker { run(job, on: worker) }
    }

    private func run(_ job: @escaping Job, on worker: PostgresWorker) {
        worker.start { [self] session in
            job(session)
            let next = state.withLock { state -> Job? in
                if state.waiting.isEmpty {
                    state.idle.append(worker)
                    return nil
                }
                settings.counters.waits(-1)
                return state.waiting.removeFirst()
            }
            if let next { run(next, on: worker) }
        }
    }

    /// Waits for the running reads and closes all connections. Later reads fail.
    func close() {
        let workers = state.withLock { state in
            state.isClosed = true
            return state.all
        }
        for worker in workers { worker.closeConnection() }
    }
}
