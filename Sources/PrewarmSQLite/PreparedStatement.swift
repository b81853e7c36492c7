internal import GRDB
internal import GRDBSQLite

/// A prepared statement that is cached by its connection. Values are bound and read without GRDB's arguments and rows,
/// which need an allocation for each value, and batches have millions of values.
///
/// A statement must not be run again while its rows are read.
struct PreparedStatement {
    private let statement: Statement
    private let handle: SQLiteStatement

    init(_ database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
        handle = statement.sqliteStatement
    }

    /// Runs the statement to its end and returns the number of changed rows.
    @discardableResult
    func run<each Value: SQLiteValue>(_ values: repeat each Value) throws -> Int {
        defer { reset() }
        try bind(repeat each values)
        while try step() {}
        return Int(sqlite3_changes(sqlite3_db_handle(handle)))
    }

    /// Runs the statement to its end. The values stay bound until ``clear()``.
    func run(binding: (inout RowBinder) throws -> Void) throws {
        defer { sqlite3_reset(handle) }
        var binder = RowBinder(handle)
        try binding(&binder)
        while try step() {}
    }

    /// Removes all bound values.
    func clear() {
        sqlite3_clear_bindings(handle)
    }

    /// Returns the first row. Nil if there are no rows. A statement that changes rows has changed all rows by then
    /// (https://www.sqlite.org/lang_returning.html).
    func first<each Value: SQLiteValue, Result>(
        _ values: repeat each Value, read: (inout Columns) throws -> Result
    ) throws -> Result? {
        defer { reset() }
        try bind(repeat each values)
        guard try step() else { return nil }
        var columns = Columns(handle)
        return try read(&columns)
    }

    func forEach<each Value: SQLiteValue>(
        _ values: repeat each Value, read: (inout Columns) throws -> Void
    ) throws {
        defer { reset() }
        try bind(repeat each values)
        while try step() {
            var columns = Columns(handle)
            try read(&columns)
        }
    }

    func all<each Value: SQLiteValue, Result>(
        _ values: repeat each Value, read: (inout Columns) throws -> Result
    ) throws -> [Result] {
        var results: [Result] = []
        try forEach(repeat each values) { columns in results.append(try read(&columns)) }
        return results
    }

    /// Reads all rows with values of different types, for filters.
    func forEach(filteredBy values: [any SQLiteValue], read: (inout Columns) throws -> Void) throws {
        defer { reset() }
        var binder = RowBinder(handle)
        for value in values { try binder.bindNext(value) }
        while try step() {
            var columns = Columns(handle)
            try read(&columns)
        }
    }

    private func bind<each Value: SQLiteValue>(_ values: repeat each Value) throws {
        var binder = RowBinder(handle)
        try binder.bind(repeat each values)
    }

    /// Moves to the next row. It returns false if there are no more rows.
    private func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw DatabaseError(code, of: handle)
        }
    }

    /// Resets the statement. The result codes repeat the error of the last step, which was already thrown.
    private func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }
}

extension DatabaseError {
    /// Creates an error for a result code, with the message of the statement's connection.
    init(_ code: Int32, of statement: SQLiteStatement) {
        let message = sqlite3_errmsg(sqlite3_db_handle(statement)).map { String(cString: $0) }
        self.init(resultCode: ResultCode(rawValue: code), message: message)
    }
}

/// The columns of the current row, read from left to right.
struct Columns {
    private let handle: SQLiteStatement
    private var index: Int32 = 0

    init(_ handle: SQLiteStatement) {
        self.handle = handle
    }

    mutating func next<Value: SQLiteValue>(_ type: Value.Type = Value.self) -> Value {
        defer { index += 1 }
        return Value(column: index, of: handle)
    }
}
