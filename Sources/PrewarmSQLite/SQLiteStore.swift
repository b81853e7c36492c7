internal import GRDB
package import PrewarmEngine
internal import Synchronization

/// The store in one SQLite file, for one machine. Several processes may have it open.
///
/// One connection writes, others read beside it (write-ahead log). Transactions run on queues of their own, never on
/// the cooperative pool, and to their end, even where the task that asked for one is cancelled: an outcome is recorded
/// when the daemon stops, too. A program with one connection, which does one thing after the other, waits for a read on
/// its own thread: to change threads takes longer than most transactions.
package final class SQLiteStore: Store {
    package let path: String
    /// Before the writer, as what stands first goes first: who closes last takes the log into the file
    /// (https://www.sqlite.org/wal.html, 3.3). Those that can't write can't, and leave a log that every later process
    /// has to read through.
    private let readers: ReaderPool?
    private let writer: DatabaseQueue
    private let commits: CommitQueue
    private let files: StoreFiles
    private let progress: ProgressFile
    private let lastDamage = Mutex<[String]>([])

    /// - Parameters:
    ///   - readers: nil: the writer reads.
    ///   - progress: the identity and the counter of the store as it was opened.
    init(path: String, writer: DatabaseQueue, readers: ReaderPool?, progress: IdentityFile.Content) {
        self.path = path
        self.readers = readers
        self.writer = writer
        files = StoreFiles(of: path)
        let file = ProgressFile(IdentityFile(besides: path), progress)
        self.progress = file
        commits = CommitQueue(writer) { file.note($0) }
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
        try files.check()
        return try await withCheckedThrowingContinuation { continuation in
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
        try files.check()
        return try await withCheckedThrowingContinuation { continuation in
            let result = Mutex<(value: Result, counter: Int64?)?>(nil)
            commits.add(
                CommitQueue.Job { [progress, path] database in
                    let transaction = SQLiteTransaction(database: database)
                    let value = try body(transaction)
                    let counter = transaction.progress.isMade ? try transaction.advance() : nil
                    if let counter { try progress.check(counter, path) }
                    result.withLock { $0 = (value, counter) }
                } end: { [files, path] error in
                    continuation.resume(
                        with: storeResult(path) {
                            if let error { throw error }
                            // What was committed to a file that is gone is lost.
                            try files.check()
                            guard let value = result.withLock({ $0?.value }) else { throw CancellationError() }
                            return value
                        })
                } counter: {
                    result.withLock { $0?.counter }
                })
        }
    }

    package func checkWritable() async throws {
        try await write { store in try store.noteProgress() }
        if let failure = progress.findFailure() {
            throw StoreError(
                .unavailable, "cannot write beside the store, to \(progress.path): \(failure)",
                hint: "make room on the disk, or mend the rights of its directory")
        }
    }

    package func findDamage(isThorough: Bool) async throws -> [String] {
        try files.check()
        return try await withCheckedThrowingContinuation { continuation in
            let job: ReaderPool.Job = { [self] connection in
                continuation.resume(
                    with: storeResult(path) {
                        let found = try PrewarmSQLite.damage(in: connection.get(), isThorough)
                        lastDamage.withLock { $0 = found }
                        return found
                    })
            }
            if let readers { readers.read(job) } else { writer.readHere(job) }
        }
    }

    package var damage: [String] { lastDamage.withLock { $0 } }
}

/// By the check of SQLite itself (https://www.sqlite.org/pragma.html#pragma_integrity_check), which may also stop at
/// what it finds.
private func damage(in database: Database, _ isThorough: Bool) throws -> [String] {
    let check = isThorough ? "integrity_check" : "quick_check"
    do {
        return try String.fetchAll(database, sql: "PRAGMA \(check)(10)").filter { $0 != "ok" }
    } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
        return [error.message ?? "\(error.resultCode)"]
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
    /// What it did that a restored copy of the store would not know.
    let progress = StoreProgress()

    init(database: Database) {
        self.database = database
    }

    func statement(_ sql: String) throws -> PreparedStatement {
        try PreparedStatement(database, sql)
    }
}
