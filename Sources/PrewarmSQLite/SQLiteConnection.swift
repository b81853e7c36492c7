internal import GRDB
internal import GRDBSQLite
internal import PrewarmSQL

/// A connection of SQLite for the statements of a transaction.
final class SQLiteConnection: SQLConnection {
    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    let readsWholeRows = true

    func statement(_ sql: String) throws -> any SQLStatement {
        SQLiteStatementAccess(try database.cachedStatement(sql: sql))
    }
}

/// A prepared statement that is cached by its connection. Values are bound and read without GRDB's arguments and rows,
/// which need an allocation for each value.
private final class SQLiteStatementAccess: SQLStatement {
    private let statement: Statement
    private let handle: SQLiteStatement

    init(_ statement: Statement) {
        self.statement = statement
        handle = statement.sqliteStatement
    }

    func bind(_ value: Int64, at index: Int32) throws {
        try check(sqlite3_bind_int64(handle, index, value))
    }

    func bind(_ text: String, at index: Int32) throws {
        var text = text
        try check(
            text.withUTF8 { utf8 in
                utf8.withMemoryRebound(to: CChar.self) { bytes in
                    // A null pointer would bind NULL.
                    guard let start = bytes.baseAddress else {
                        return sqlite3_bind_text(handle, index, "", 0, transient)
                    }
                    return sqlite3_bind_text64(
                        handle, index, start, sqlite3_uint64(bytes.count), transient, UInt8(SQLITE_UTF8))
                }
            })
    }

    func bind(_ bytes: [UInt8], at index: Int32) throws {
        try check(
            bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress, !bytes.isEmpty else {
                    return sqlite3_bind_zeroblob(handle, index, 0)
                }
                return sqlite3_bind_blob64(handle, index, start, sqlite3_uint64(bytes.count), transient)
            })
    }

    func bindNull(_ kind: SQLKind, at index: Int32) throws {
        try check(sqlite3_bind_null(handle, index))
    }

    private func check(_ code: Int32) throws {
        guard code == SQLITE_OK else { throw DatabaseError(code, of: handle) }
    }

    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw DatabaseError(code, of: handle)
        }
    }

    var changedRows: Int { Int(sqlite3_changes(sqlite3_db_handle(handle))) }

    /// Resets the statement. The result code repeats the error of the last step, which was already thrown.
    func reset() { sqlite3_reset(handle) }

    func clear() { sqlite3_clear_bindings(handle) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func text(_ column: Int32) -> String {
        // The text is read first, because reading it may convert the value and change the number of bytes.
        let text = sqlite3_column_text(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    func bytes(_ column: Int32) -> [UInt8] {
        let blob = sqlite3_column_blob(handle, column)
        return Array(UnsafeRawBufferPointer(start: blob, count: Int(sqlite3_column_bytes(handle, column))))
    }
}

/// The destructor that makes SQLite copy a bound value (https://www.sqlite.org/c3ref/c_static.html).
private var transient: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

extension DatabaseError {
    /// Creates an error for a result code, with the message of the statement's connection.
    fileprivate init(_ code: Int32, of statement: SQLiteStatement) {
        let message = sqlite3_errmsg(sqlite3_db_handle(statement)).map { String(cString: $0) }
        self.init(resultCode: ResultCode(rawValue: code), message: message)
    }
}
