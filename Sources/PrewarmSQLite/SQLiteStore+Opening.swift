internal import GRDB
internal import GRDBSQLite
internal import Glibc
package import PrewarmEngine

extension SQLiteStore {
    /// The time for which a statement waits for the lock of another process.
    static let busySeconds = 10

    /// Opens the store and creates a missing file, which only its owner can read. It does not write to a file of
    /// another program or of a newer version. It blocks for a few milliseconds.
    /// - Parameter readsBeside: If true, reads have their own connections and threads and do not wait for writes. A command
    ///   that ends soon needs only one connection, which takes a third of the time and the memory.
    /// - Throws: ``StoreError`` if the store cannot be opened.
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
            throw StoreError(.unavailable, "cannot open the store \(path): \(error)")
        }
    }

    /// Returns the statements that limit the memory of a connection.
    /// - Parameter megabytes: The maximum size of the page cache. For example, 32 MB hold the index of 300,000
    ///   workspaces.
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

    /// Creates the file with `mknod`. Opening and closing the file would drop the locks of SQLite in this process
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
                .unavailable, "cannot create the store \(path): its directory does not exist",
                hint: "create the directory: mkdir -p \(directory(of: path))")
        default:
            throw StoreError(
                .unavailable, "cannot create the store \(path): \(String(cString: strerror(code)))",
                hint: StoreError.permissionHint)
        }
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func writerConfiguration(_ path: String) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(busySeconds))
        configuration.prepareDatabase { database in
            // SQLite opens a file read-only if it has no permission to write.
            guard sqlite3_db_readonly(database.sqliteConnection, "main") == 0 else {
                throw DatabaseError(resultCode: .SQLITE_READONLY)
            }
            guard try isOurs(database) else {
                throw StoreError(
                    .unavailable, "cannot use \(path) as the store: it is the database of another program",
                    hint: "set `store` in the configuration to another file")
            }
        }
        return configuration
    }

    /// Returns true for a store of prewarm, for an empty file, and for a store that another process is creating.
    static func isOurs(_ database: Database) throws -> Bool {
        if try Int.fetchOne(database, sql: "PRAGMA application_id") == Schema.applicationID { return true }
        let tables = "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'"
        if try Int.fetchOne(database, sql: tables) == 0 { return true }
        // The tables and the application id are written in one transaction, which may have ended between the two
        // queries.
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
                            .newerVersion,
                            "cannot open the store \(path): it was written by a newer version of prewarm",
                            hint: "use that version or a newer one, or set `store` to another file")
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
                // Another process is migrating the store: tables appear or are not complete yet. Or both processes
                // switch to the write-ahead log, where SQLite reports a deadlock instead of waiting.
                usleep(20_000)
            }
        }
    }

    private static func useWriteAheadLog(_ database: Database, path: String) throws {
        guard try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL") == "wal" else {
            throw StoreError(
                .unavailable, "cannot open the store \(path): its file system does not support shared memory",
                hint: "move the store to a local disk")
        }
    }
}
