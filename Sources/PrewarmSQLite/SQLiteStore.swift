internal import GRDB
package import PrewarmEngine
internal import PrewarmSQL
internal import Synchronization

/// The store in one SQLite file on one machine. Several processes may have it open.
///
/// One connection writes, and others read at the same time (write-ahead log). Transactions run on their own queues
/// instead of the cooperative pool. They run to their end even if the task is canceled, so an outcome is also recorded
/// when the daemon stops. A program with one connection reads on its own thread, because changing threads takes longer
/// than most transactions.
package final class SQLiteStore: Store {
    package let path: String
    /// The connections for reading. They are declared before the writer so that they close first: the last connection
    /// that closes moves the write-ahead log into the file (https://www.sqlite.org/wal.html, 3.3). A read-only
    /// connection cannot do this, and every later process would have to read the log.
    private let readers: ReaderPool?
    private let writer: DatabaseQueue
    private let commits: CommitQueue<DatabaseQueue>
    private let files: StoreFiles
    private let progress: ProgressFile
    private let lastDamage = Mutex<[String]>([])

    /// - Parameters:
    ///   - readers: The connections for reading. Nil means that the writer also reads.
    ///   - progress: The identity and the counter of the store when it was opened.
    init(path: String, writer: DatabaseQueue, readers: ReaderPool?, progress: IdentityFile.Content) {
        self.path = path
        self.readers = readers
        self.writer = writer
        files = StoreFiles(of: path)
        let file = ProgressFile(IdentityFile(besides: path), progress)
        self.progress = file
        commits = CommitQueue(writer) { file.note($0) }
    }

    /// Waits for running transactions and closes the file. It blocks, and later transactions fail. Only a process that
    /// exits immediately has to call it. Otherwise, a store closes when its last reference is released.
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
                    with: storeResult(path) { try body(SQLJob(on: SQLiteConnection(connection.get())).reader) })
            }
            if let readers { readers.read(job) } else { writer.readHere(job) }
        }
    }

    package func write<Result: Sendable>(
        _ urgency: WriteUrgency, _ body: @escaping @Sendable (any StoreWriter) throws -> Result
    ) async throws -> Result {
        try files.check()
        return try await withCheckedThrowingContinuation { continuation in
            let result = Mutex<(value: Result, counter: Int64?)?>(nil)
            commits.add(
                CommitQueue.Job(urgency) { [progress, path] database in
                    let job = SQLJob(on: SQLiteConnection(database))
                    let value = try body(job.writer)
                    let counter = try job.advance()
                    if let counter { try progress.check(counter, path) }
                    result.withLock { $0 = (value, counter) }
                } end: { [files, path] error in
                    continuation.resume(
                        with: storeResult(path) {
                            if let error { throw error }
                            // A commit to a removed or replaced file is lost.
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
                hint: "free space on the disk, or fix the permissions of the directory")
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

/// Returns the damage that the check of SQLite finds (https://www.sqlite.org/pragma.html#pragma_integrity_check). The
/// check itself may fail because of the damage.
private func damage(in database: Database, _ isThorough: Bool) throws -> [String] {
    let check = isThorough ? "integrity_check" : "quick_check"
    do {
        return try String.fetchAll(database, sql: "PRAGMA \(check)(10)").filter { $0 != "ok" }
    } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
        return [error.message ?? "\(error.resultCode)"]
    }
}

/// Returns the result of a closure. Errors of SQLite are converted to ``StoreError``, and other errors are unchanged.
private func storeResult<Value>(_ path: String, _ body: () throws -> Value) -> Result<Value, any Error> {
    do {
        return .success(try body())
    } catch let error as DatabaseError {
        return .failure(StoreError(error, path: path))
    } catch {
        return .failure(error)
    }
}
