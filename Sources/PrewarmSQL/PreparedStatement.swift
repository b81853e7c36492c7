/// A prepared statement of a transaction. Values are bound and read one by one, because an array of them would need
/// allocations, and batches have millions of values.
///
/// A statement must not be run again while its rows are read.
struct PreparedStatement {
    private let statement: any SQLStatement

    init(_ statement: any SQLStatement) {
        self.statement = statement
    }

    /// Runs the statement to its end and returns the number of changed rows.
    @discardableResult
    func run<each Value: SQLValue>(_ values: repeat each Value) throws -> Int {
        defer { reset() }
        try bind(repeat each values)
        while try statement.step() {}
        return statement.changedRows
    }

    /// Runs the statement to its end. The values stay bound until ``clear()``.
    func run(binding: (inout RowBinder) throws -> Void) throws {
        defer { statement.reset() }
        var binder = RowBinder(statement)
        try binding(&binder)
        while try statement.step() {}
    }

    /// Removes all bound values.
    func clear() {
        statement.clear()
    }

    /// Returns the first row. Nil if there are no rows. A statement that changes rows has changed all rows by then
    /// (https://www.sqlite.org/lang_returning.html).
    func first<each Value: SQLValue, Result>(
        _ values: repeat each Value, read: (inout Columns) throws -> Result
    ) throws -> Result? {
        defer { reset() }
        try bind(repeat each values)
        guard try statement.step() else { return nil }
        var columns = Columns(statement)
        return try read(&columns)
    }

    func forEach<each Value: SQLValue>(
        _ values: repeat each Value, read: (inout Columns) throws -> Void
    ) throws {
        defer { reset() }
        try bind(repeat each values)
        while try statement.step() {
            var columns = Columns(statement)
            try read(&columns)
        }
    }

    func all<each Value: SQLValue, Result>(
        _ values: repeat each Value, read: (inout Columns) throws -> Result
    ) throws -> [Result] {
        var results: [Result] = []
        try forEach(repeat each values) { columns in results.append(try read(&columns)) }
        return results
    }

    /// Reads all rows with values of different types, for filters.
    func forEach(filteredBy values: [any SQLValue], read: (inout Columns) throws -> Void) throws {
        defer { reset() }
        var binder = RowBinder(statement)
        for value in values { try binder.bindNext(value) }
        while try statement.step() {
            var columns = Columns(statement)
            try read(&columns)
        }
    }

    private func bind<each Value: SQLValue>(_ values: repeat each Value) throws {
        var binder = RowBinder(statement)
        try binder.bind(repeat each values)
    }

    private func reset() {
        statement.reset()
        statement.clear()
    }
}

/// The columns of the current row, read from left to right.
struct Columns {
    private let statement: any SQLStatement
    private var index: Int32 = 0

    init(_ statement: any SQLStatement) {
        self.statement = statement
    }

    mutating func next<Value: SQLValue>(_ type: Value.Type = Value.self) -> Value {
        defer { index += 1 }
        return Value(column: index, of: statement)
    }
}
