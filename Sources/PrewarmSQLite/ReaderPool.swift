internal import Dispatch
internal import GRDB
internal import Synchronization

/// A pool of connections for reading. Each read uses one connection exclusively. Connections are opened on demand,
/// because few programs need more than one. The first read uses the connection of the writer: nothing is written yet,
/// and opening another connection takes as long as reading a small store.
final class ReaderPool: Sendable {
    typealias Job = @Sendable (Result<Database, any Error>) -> Void

    private struct State {
        /// The connection of the writer until it is used for the first read.
        var first: DatabaseQueue?
        var all: [DatabaseQueue] = []
        /// The unused connections. The last used one is taken first, because its page cache is filled.
        var idle: [DatabaseQueue] = []
        var waiting: [Job] = []
        var opening = 0
        var isClosed = false
    }

    private enum Turn {
        case now(DatabaseQueue, isOurs: Bool)
        case opens, waits, closed
    }

    private let state: Mutex<State>
    private let most: Int
    private let open: @Sendable () throws -> DatabaseQueue

    /// - Parameters:
    ///   - most: The maximum number of connections.
    ///   - open: Opens another connection.
    init(writer: DatabaseQueue, most: Int = 5, open: @escaping @Sendable () throws -> DatabaseQueue) {
        state = Mutex(State(first: writer))
        self.most = most
        self.open = open
    }

    /// Runs a job in its own transaction, on the queue of a connection.
    func read(_ job: @escaping Job) {
        let turn = state.withLock { state -> Turn in
            if state.isClosed { return .closed }
            if let writer = state.first.take() { return .now(writer, isOurs: false) }
            if let reader = state.idle.popLast() { return .now(reader, isOurs: true) }
            guard state.all.count + state.opening < most else {
                state.waiting.append(job)
                return .waits
            }
            state.opening += 1
            return .opens
        }
        switch turn {
        case .now(let reader, let isOurs): run(job, on: reader, isOurs: isOurs)
        case .opens: openAndRun(job)
        case .waits: break
        case .closed: job(.failure(Self.closed))
        }
    }

    /// Waits for the running reads and closes all connections. Waiting and later reads fail.
    func close() {
        let (readers, waiting) = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return (state.all, state.waiting)
        }
        for job in waiting { job(.failure(Self.closed)) }
        for reader in readers { try? reader.close() }
    }

    /// Opens a connection on another thread and runs the job. Opening blocks for about half a millisecond.
    private func openAndRun(_ job: @escaping Job) {
        DispatchQueue.global().async { [self] in
            let opened = Result { try open() }
            let (isClosed, forgotten) = state.withLock { state -> (Bool, [Job]) in
                state.opening -= 1
                if case .success(let reader) = opened, !state.isClosed { state.all.append(reader) }
                guard state.all.isEmpty, state.opening == 0 else { return (state.isClosed, []) }
                // No connection exists or is being opened, so the waiting jobs would never run.
                defer { state.waiting = [] }
                return (state.isClosed, state.waiting)
            }
            switch opened {
            case .success(let reader) where !isClosed: run(job, on: reader)
            case .success(let reader):
                try? reader.close()
                job(.failure(Self.closed))
            case .failure(let error): for job in [job] + forgotten { job(.failure(error)) }
            }
        }
    }

    static var closed: DatabaseError {
        DatabaseError(resultCode: .SQLITE_MISUSE, message: "the store is closed")
    }

    private func run(_ job: @escaping Job, on reader: DatabaseQueue, isOurs: Bool = true) {
        let turn: Job = { [self] database in
            job(database)
            guard isOurs else { return }
            // The next job waits in the queue of the connection until the transaction of this job has ended.
            let next = state.withLock { state -> Job? in
                if state.waiting.isEmpty {
                    state.idle.append(reader)
                    return nil
                }
                return state.waiting.removeFirst()
            }
            if let next { run(next, on: reader) }
        }
        reader.asyncRead(turn)
    }
}

extension DatabaseQueue {
    /// Runs a job in a read transaction like `asyncRead`, but on the calling thread.
    func readHere(_ job: ReaderPool.Job) {
        unsafeRead { database in
            var isDone = false
            do {
                guard database.sqliteConnection != nil else { throw ReaderPool.closed }
                try database.readOnly {
                    try database.transaction(.deferred) {
                        isDone = true
                        job(.success(database))
                    }
                }
            } catch {
                if !isDone { job(.failure(error)) }
            }
        }
    }
}
