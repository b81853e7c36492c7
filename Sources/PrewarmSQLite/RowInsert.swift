internal import GRDB
internal import GRDBSQLite

/// The values of one row after another, bound from left to right.
struct RowBinder {
    private let handle: SQLiteStatement
    private var index: Int32 = 0

    init(_ handle: SQLiteStatement) {
        self.handle = handle
    }

    mutating func bind<each Value: SQLiteValue>(_ values: repeat each Value) throws {
        for value in repeat each values { try bindNext(value) }
    }

    mutating func bindNext(_ value: some SQLiteValue) throws {
        index += 1
        let code = value.bind(to: handle, at: index)
        guard code == SQLITE_OK else { throw DatabaseError(code, of: handle) }
    }
}

extension SQLiteTransaction {
    private static let rowsOfStatement = 32
    /// To prepare a long statement takes as long as to insert some dozens of rows one by one.
    private static let manyRows = 128

    /// Inserts many rows with each statement: to start one and to find the place in every index takes longer than to put
    /// a row there.
    ///
    /// `OR FAIL` spares SQLite to remember what a statement of several rows would have to take back; what throws takes
    /// back all that was done with it (``CommitQueue``).
    /// - Parameters:
    ///   - insert: what stands before `VALUES`: `INSERT OR FAIL INTO specs (fingerprint, value)`.
    ///   - row: the values of one row: `(?,?)`.
    ///   - rest: what stands behind the rows.
    ///   - bind: binds as many values as `row` has question marks.
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
