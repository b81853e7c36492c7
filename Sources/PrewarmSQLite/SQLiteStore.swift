internal import GRDB
package import PrewarmEngine
internal import Synchronization

/// The store in one SQLite file, for one machine. Several processes may have it open.
///
/// One connection writes, others read beside it (write-ahead log). Transactions run on queues of their own, never on
/// the cooperative pool, and to their end, even where the task that asked for one is cancelled: an outcome is recorded
/// when the daemon stops, too. Who may block waits for its own, on its own thread, and so does a program with one
/// connection, which does one thing after the other: to change threads takes longer than most transactions.
package final class SQLiteStore: Store {
    package let path: String
    /// Before the writer, as what stands first goes first: who closes last takes the log into the file
    /// (https://www.sqlite.org/wal.html, 3.3). Those that can't write can't, and leave a log that every later process
    /// has to read through.
    private let readers: ReaderPool?
    private let writer: DatabaseQueue
    private let commits: CommitQueue

    /// - Parameter readers: nil: the writer reads.
    init(path: String, writer: DatabaseQueue, readers: ReaderPool?) {
        self.path = path
        self.readers = readers
        self.writer = writer
        commits = CommitQueue(writer)
    }

    /// Waits for what is under way, then closes the file; what is asked for afterwards fails. Blocks. Needed by a process
    /// that ends at once: else a store closes when nobody holds it any more.
    package func close() {
        readers?.close()
        commits.close()
    }

    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let job: ReaderPool.Job = { [path] connection in
                continuation.resume(
                    with: storeResult(path) { try body(SQLiteTransaction(database: connection.get())) })
            }
            if let readers { readers.read(job) } else { writer.readHere(job) }
        }
    }

    package func write<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreWriter) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let result = Mutex<Result?>(nil)
            commits.add(
                CommitQueue.Job { database in
                    let value = try body(SQLiteTransaction(database: database))
                    result.withLock { $0 = value }
                } end: { [path] error in
                    continuation.resume(
                        with: storeResult(path) {
                            if let error { throw error }
                            guard let value = result.withLock({ $0 }) else { throw CancellationError() }
                            return value
                        })
                })
        }
    }
}

/// SQLite's errors become the store's, others pass.
private func storeResult<Value>(_ path: String, _ body: () throws -> Value) -> Result<Value, any Error> {
    do {
        return .success(try body())
    } catch let error as DatabaseError {
        return .failure(StoreError(error, path: path))
    } catch {
        return .failure(error)
    }
}

/// One transaction; its topics are in the extensions. Readers get it as ``StoreReader``, on a connection that can't
/// write.
struct SQLiteTransaction: StoreWriter {
    let database: Database
    /// The numbers of presets that it has met.
    let keys = PresetKeys()

    init(database: Database) {
        self.database = database
    }

    func statement(_ sql: String) throws -> PreparedStatement {
        try PreparedStatement(database, sql)
    }
}
