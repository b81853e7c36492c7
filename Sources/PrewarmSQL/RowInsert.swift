/// Binds the values of rows to a statement, from left to right.
struct RowBinder {
    private let statement: any SQLStatement
    private var index: Int32 = 0

    init(_ statement: any SQLStatement) {
        self.statement = statement
    }

    mutating func bind<each Value: SQLValue>(_ values: repeat each Value) throws {
        for value in repeat each values { try bindNext(value) }
    }

    mutating func bindNext(_ value: some SQLValue) throws {
        index += 1
        try value.bind(to: statement, at: index)
    }
}

extension SQLTransaction {
    private static let rowsOfStatement = 32
    /// The number of rows from which a statement for several rows is faster. Preparing such a statement takes as long
    /// as inserting some dozens of rows one by one.
    private static let manyRows = 128

    /// Inserts rows, many of them with each statement. Starting a statement and finding the place in each index takes
    /// longer than inserting the row.
    ///
    /// With `OR FAIL`, SQLite does not keep a journal for undoing a single statement. If a statement throws, the whole
    /// job is undone (``CommitQueue``).
    /// - Parameters:
    ///   - insert: The text before `VALUES`, for example `INSERT OR FAIL INTO specs (fingerprint, value)`.
    ///   - row: The placeholders of one row, for example `(?,?)`.
    ///   - rest: The text after the rows.
    ///   - bind: Binds one value for each question mark of `row`.
    func insert<Rows: RandomAccessCollection>(
        _ rows: Rows, by insert: String, row: String, rest: String = "",
        bind: (Rows.Element, inout RowBinder) throws -> Void
    ) throws {
        var rows = rows[...]
        for count in rows.count >= Self.manyRows ? [Self.rowsOfStatement, 1] : [1] where rows.count >= count {
            let values = Array(repeating: row, count: count).joined(separator: ",")
            let statement = try statement("\(insert) VALUES \(values) \(rest)")
            defer { statement.clear() }
            while rows.count >= count {
                try statement.run { binder in
                    for row in rows.prefix(count) { try bind(row, &binder) }
                }
                rows = rows.dropFirst(count)
            }
        }
    }
}
