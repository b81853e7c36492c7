internal import GRDB
internal import GRDBSQLite
internal import Glibc
package import PrewarmEngine

extension SQLiteStore {
    /// How long a statement waits for the lock of another process.
    static let busySeconds = 10

    /// Opens the store; a file that is missing is made, for its owner alone. Nothing is written to a file that is not
    /// a store, or one of a newer version. Takes a few milliseconds and blocks for them.
    /// - Parameter readsBeside: reads have connections and threads of their own, and don't wait for writes. A command
    ///   that soon ends does with one connection, which takes a third of the time and the memory.
    package static func open(path: String, readsBeside: Bool = true) throws(StoreError) -> SQLiteStore {
        try createFile(path)
        do {
            let memory = Self.memory(megabytes: readsBeside ? 32 : 8)
            let writer = try DatabaseQueue(path: path, configuration: writerConfiguration(path))
            try prepare(writer, path: path, memory: memory)
            let progress = try recognize(writer, IdentityFile(besides: path))
            let readers = readsBeside ? ReaderPool(writer: writer) { try openReader(path, memory: memory) } : nil
            return SQLiteStore(path: path, writer: writer, readers: readers, progress: progress)
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            throw StoreError(error, path: path)
        } catch {
            throw StoreError(.unavailable, "the store \(path) can't be opened: \(error)")
        }
    }

    /// - Parameter megabytes: of pages at most for each connection; 32 hold the index of 300,000 workspaces.
    private static func memory(megabytes: Int) -> String {
        "PRAGMA cache_size = -\(megabytes * 1000); PRAGMA temp_store = MEMORY"
    }

    private static func openReader(_ path: String, memory: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(Double(busySeconds))
        configuration.prepareDatabase { database in try database.execute(sql: memory) }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// By `mknod`, because a file that is opened and closed beside SQLite drops its locks
    /// (https://www.sqlite.org/howtocorrupt.html, 2.2).
    private static func createFile(_ path: String) throws(StoreError) {
        guard mknod(path, S_IFREG | 0o600, 0) != 0 else {
            // The umask may have taken bits away.
            chmod(path, 0o600)
            return
        }
        let code = errno
        switch code {
        case EEXIST: return
        case ENOENT:
            throw StoreError(
                .unavailable, "the directory of the store \(path) does not exist",
                hint: "make it: mkdir -p \(directory(of: path))")
        default:
            throw StoreError(
                .unavailable, "the store \(path) can't be made: \(String(cString: strerror(code)))",
                hint: StoreError.permissionHint)
        }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func writerConfiguration(_ path: String) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(busySeconds))
        configuration.prepareDatabase { database in
            // SQLite falls back to reading where it may not write.
            guard sqlite3_db_readonly(database.sqliteConnection, "main") == 0 else {
                throw DatabaseError(resultCode: .SQLITE_READONLY)
            }
            guard try isOurs(database) else {
                throw StoreError(
                    .unavailable, "\(path) is the database of another program",
                    hint: "name another file for the store")
            }
        }
        return configuration
    }

    /// True for a file that is empty, too, or in which another process has just begun.
    private static func isOurs(_ database: Database) throws -> Bool {
        if try Int.fetchOne(database, sql: "PRAGMA application_id") == Schema.applicationID { return true }
        let tables = "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'"
        if try Int.fetchOne(database, sql: tables) == 0 { return true }
        // The tables and the mark come in one transaction, which may have ended between the two looks.
        return try Int.fetchOne(database, sql: "PRAGMA application_id") == Schema.applicationID
    }

    private static func prepare(_ writer: DatabaseQueue, path: String, memory: String) throws {
        let migrator = Schema.migrator
        let deadline = ContinuousClock.now + .seconds(busySeconds)
        while true {
            do {
                let isComplete = try writer.inDatabase { database in
                    database.clearSchemaCache()
                    if try migrator.hasBeenSuperseded(database) {
                        throw StoreError(
                            .newerVersion, "the store \(path) was written by a newer prewarm",
                            hint: "run that version of prewarm or a newer one, or name another file for the store")
                    }
                    try useWriteAheadLog(database, path: path)
                    try database.execute(
                        sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216; \(memory)")
                    return try migrator.hasCompletedMigrations(database)
                }
                if !isComplete { try migrator.migrate(writer) }
                return
            } catch let error as DatabaseError
                where [.SQLITE_ERROR, .SQLITE_BUSY].contains(error.resultCode) && ContinuousClock.now < deadline
            {
                // Another process is at it just now: tables are there that were not, or not yet those that were seen, or
                // both want the log, where SQLite doesn't wait for a lock that could never come.
                usleep(20_000)
            }
        }
    }

    private static func useWriteAheadLog(_ database: Database, path: String) throws {
        guard try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL") == "wal" else {
            throw StoreError(
                .unavailable, "the store \(path) is on a file system without shared memory",
                hint: "put it on a local disk")
        }
    }
}
