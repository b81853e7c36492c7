/// A connection to a SQL database inside a transaction. It belongs to one thread at a time.
package protocol SQLConnection: AnyObject {
    /// Returns a prepared statement with no values bound to it.
    ///
    /// The text is that of SQLite. An adapter for another database translates it: it removes `INDEXED BY` and other hints,
    /// and it names placeholders and functions as its database does.
    func statement(_ sql: String) throws -> any SQLStatement

    /// True if the database reads the whole row of each index entry before it checks the conditions of a query that uses a
    /// column outside of the index. A statement then reads such a column by a subquery in its last condition, so that only the
    /// rows that fulfill the other conditions are read.
    var readsWholeRows: Bool { get }
}

/// A prepared statement of a connection. Placeholders begin with 1, and columns with 0.
///
/// A statement runs when it moves to its first row, and must not be run again while its rows are read.
package protocol SQLStatement: AnyObject {
    func bind(_ value: Int64, at index: Int32) throws
    func bind(_ text: String, at index: Int32) throws
    func bind(_ bytes: [UInt8], at index: Int32) throws
    func bindNull(_ kind: SQLKind, at index: Int32) throws

    /// Moves to the next row. It returns false if there are no more rows.
    func step() throws -> Bool
    /// The number of rows that the statement has changed.
    var changedRows: Int { get }
    /// Ends the statement, so that it can run again with the same values.
    func reset()
    /// Removes all bound values.
    func clear()

    func isNull(_ column: Int32) -> Bool
    /// Returns the integer in a column; 0 if the column is NULL.
    func integer(_ column: Int32) -> Int64
    /// Returns the text in a column; an empty text if the column is NULL.
    func text(_ column: Int32) -> String
    /// Returns the bytes in a column; an empty array if the column is NULL.
    func bytes(_ column: Int32) -> [UInt8]
}

/// A type of values in a database.
package enum SQLKind: Sendable {
    case integer, text, bytes
}
