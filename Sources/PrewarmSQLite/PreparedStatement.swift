internal import GRDB
internal import GRDBSQLite

/// A statement that its connection keeps prepared, bound and stepped without GRDB's arguments and rows: those cost an
/// allocation for each value, and batches have millions.
///
/// One use at a time: a statement is not run again while its rows are read.
struct PreparedStatement {
    private let statement: Statement
    private let handle: SQLiteStatement

    init(_ database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
        handle = statement.sqliteStatement
    }

    /// Runs it to its end and returns how many rows it changed.
    @discardableResult
    func run<each Value: SQLiteValue>(_ values: repeat each Value) throws -> Int {
        defer { reset() }
        try bind(repeat each values)
        while try step() {}
        return Int(sqlite3_changes(sqlite3_db_handle(handle)))
    }

    /// Runs it to its end with values that stay bound until ``clear()``.
    func run(binding: (inout RowBinder) throws -> Void) throws {
        defer { sqlite3_reset(handle) }
        var binder = RowBinder(handle)
        try binding(&binder)
        while try step() {}
    }

    /// Lets go of what is bound.
    func clear() {
        sqlite3_clear_bindings(handle)
    }

    /// The first row. A statement that changes rows has changed all of them by then
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

    /// For filters, of which each has other values.
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

    /// True where there is a row.
    private func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw DatabaseError(code, of: handle)
        }
    }

    /// Both return the error of the last step again, which was thrown already.
    private func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }
}

extension DatabaseError {
    /// What the connection of a statement says of a result code that was not expected.
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
