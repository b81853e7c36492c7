internal import GRDB
internal import GRDBSQLite
internal import PrewarmCore

/// A value that can be bound to a statement and read from a column.
protocol SQLiteValue {
    /// Binds the value and returns the result code of `sqlite3_bind_…`.
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32
    init(column index: Int32, of statement: SQLiteStatement)
}

/// The destructor that makes SQLite copy a bound value (https://www.sqlite.org/c3ref/c_static.html).
private var transient: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

extension Int64: SQLiteValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, self)
    }

    init(column index: Int32, of statement: SQLiteStatement) {
        self = sqlite3_column_int64(statement, index)
    }
}

extension Int: SQLiteValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(self))
    }

    init(column index: Int32, of statement: SQLiteStatement) {
        self = Int(sqlite3_column_int64(statement, index))
    }
}

/// Stored by its bit pattern, because SQLite has no unsigned integers.
extension UInt64: SQLiteValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(bitPattern: self))
    }

    init(column index: Int32, of statement: SQLiteStatement) {
        self.init(bitPattern: sqlite3_column_int64(statement, index))
    }
}

extension String: SQLiteValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { bytes in
                // A null pointer would bind NULL.
                guard let start = bytes.baseAddress else {
                    return sqlite3_bind_text(statement, index, "", 0, transient)
                }
                return sqlite3_bind_text64(
                    statement, index, start, sqlite3_uint64(bytes.count), transient, UInt8(SQLITE_UTF8))
            }
        }
    }

    init(column index: Int32, of statement: SQLiteStatement) {
        // The text is read first, because reading it may convert the value and change the number of bytes.
        let text = sqlite3_column_text(statement, index)
        let count = Int(sqlite3_column_bytes(statement, index))
        self.init(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }
}

extension [UInt8]: SQLiteValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, !bytes.isEmpty else {
                return sqlite3_bind_zeroblob(statement, index, 0)
            }
            return sqlite3_bind_blob64(statement, index, start, sqlite3_uint64(bytes.count), transient)
        }
    }

    init(column index: Int32, of statement: SQLiteStatement) {
        let blob = sqlite3_column_blob(statement, index)
        self.init(UnsafeRawBufferPointer(start: blob, count: Int(sqlite3_column_bytes(statement, index))))
    }
}

extension Optional: SQLiteValue where Wrapped: SQLiteValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        self?.bind(to: statement, at: index) ?? sqlite3_bind_null(statement, index)
    }

    init(column index: Int32, of statement: SQLiteStatement) {
        self = sqlite3_column_type(statement, index) == SQLITE_NULL ? nil : Wrapped(column: index, of: statement)
    }
}

/// Stored as milliseconds since 1970.
extension Timestamp: SQLiteValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        milliseconds.bind(to: statement, at: index)
    }

    init(column index: Int32, of statement: SQLiteStatement) {
        self.init(milliseconds: Int64(column: index, of: statement))
    }
}

extension Fingerprint: SQLiteValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        rawValue.bind(to: statement, at: index)
    }

    init(column index: Int32, of statement: SQLiteStatement) {
        self.init(rawValue: UInt64(column: index, of: statement))
    }
}

extension WorkspaceID: SQLiteValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        rawValue.bind(to: statement, at: index)
    }

    init(column index: Int32, of statement: SQLiteStatement) {
        self.init(String(column: index, of: statement))
    }
}

extension OperationID: SQLiteValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        rawValue.bind(to: statement, at: index)
    }

    init(column index: Int32, of statement: SQLiteStatement) {
        self.init(String(column: index, of: statement))
    }
}

extension ClaimID: SQLiteValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        rawValue.bind(to: statement, at: index)
    }

    init(column index: Int32, of statement: SQLiteStatement) {
        self.init(String(column: index, of: statement))
    }
}
