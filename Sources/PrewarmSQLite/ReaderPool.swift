internal import Dispatch
internal import GRDB
internal import Synchronization

/// Connections for reading: each read has one of its own for as long as it takes. They are opened when they are needed
/// for the first time, as few programs need more than one. The first read of all has the writer's: nothing is written
/// yet, and to open another one takes as long as to read a small store.
final class ReaderPool: Sendable {
    typealias Job = @Sendable (Result<Database, any Error>) -> Void

    private struct State {
        /// The writer, until it was used.
        var first: DatabaseQueue?
        var all: [DatabaseQueue] = []
        /// The one that was used last is taken first: what it read is still in its memory.
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

    /// - Parameter open: opens another connection.
    init(writer: DatabaseQueue, most: Int = 5, open: @escaping @Sendable () throws -> DatabaseQueue) {
        state = Mutex(State(first: writer))
        self.most = most
        self.open = open
    }

    /// The job runs in a transaction of its own, on the queue of a connection.
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

    /// Waits for what is under way, then closes all; what is asked for afterwards fails.
    func close() {
        let (readers, waiting) = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return (state.all, state.waiting)
        }
        for job in waiting { job(.failure(Self.closed)) }
        for reader in readers { try? reader.close() }
    }

    /// Opening takes half a millisecond, and blocks.
    private func openAndRun(_ job: @escaping Job) {
        DispatchQueue.global().async { [self] in
            let opened = Result { try open() }
            let (isClosed, forgotten) = state.withLock { state -> (Bool, [Job]) in
                state.opening -= 1
                if case .success(let reader) = opened, !state.isClosed { state.all.append(reader) }
                guard state.all.isEmpty, state.opening == 0 else { return (state.isClosed, []) }
                // Nobody is left who would come to those that wait.
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
            // What comes next waits in its queue until the transaction of this one is over.
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
    /// As `asyncRead`, on the thread that asks.
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
