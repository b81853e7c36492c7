internal import PrewarmCore

/// A value that can be bound to a statement and read from a column.
protocol SQLValue {
    /// The type of the value in the database.
    static var kind: SQLKind { get }

    func bind(to statement: any SQLStatement, at index: Int32) throws
    init(column index: Int32, of statement: any SQLStatement)
}

extension Int64: SQLValue {
    static var kind: SQLKind { .integer }

    func bind(to statement: any SQLStatement, at index: Int32) throws {
        try statement.bind(self, at: index)
    }

    init(column index: Int32, of statement: any SQLStatement) {
        self = statement.integer(index)
    }
}

extension Int: SQLValue {
    static var kind: SQLKind { .integer }

    func bind(to statement: any SQLStatement, at index: Int32) throws {
        try statement.bind(Int64(self), at: index)
    }

    init(column index: Int32, of statement: any SQLStatement) {
        self = Int(statement.integer(index))
    }
}

/// Stored by its bit pattern, because databases have no unsigned integers.
extension UInt64: SQLValue {
    static var kind: SQLKind { .integer }

    func bind(to statement: any SQLStatement, at index: Int32) throws {
        try statement.bind(Int64(bitPattern: self), at: index)
    }

    init(column index: Int32, of statement: any SQLStatement) {
        self.init(bitPattern: statement.integer(index))
    }
}

extension String: SQLValue {
    static var kind: SQLKind { .text }

    func bind(to statement: any SQLStatement, at index: Int32) throws {
        try statement.bind(self, at: index)
    }

    init(column index: Int32, of statement: any SQLStatement) {
        self = statement.text(index)
    }
}

extension [UInt8]: SQLValue {
    static var kind: SQLKind { .bytes }

    func bind(to statement: any SQLStatement, at index: Int32) throws {
        try statement.bind(self, at: index)
    }

    init(column index: Int32, of statement: any SQLStatement) {
        self = statement.bytes(index)
    }
}

extension Optional: SQLValue where Wrapped: SQLValue {
    static var kind: SQLKind { Wrapped.kind }

    func bind(to statement: any SQLStatement, at index: Int32) throws {
        guard let self else { return try statement.bindNull(Wrapped.kind, at: index) }
        try self.bind(to: statement, at: index)
    }

    init(column index: Int32, of statement: any SQLStatement) {
        self = statement.isNull(index) ? nil : Wrapped(column: index, of: statement)
    }
}

/// Stored as milliseconds since 1970.
extension Timestamp: SQLValue {
    static var kind: SQLKind { .integer }

    func bind(to statement: any SQLStatement, at index: Int32) throws {
        try statement.bind(milliseconds, at: index)
    }

    init(column index: Int32, of statement: any SQLStatement) {
        self.init(milliseconds: statement.integer(index))
    }
}

extension Fingerprint: SQLValue {
    static var kind: SQLKind { .integer }

    func bind(to statement: any SQLStatement, at index: Int32) throws {
        try rawValue.bind(to: statement, at: index)
    }

    init(column index: Int32, of statement: any SQLStatement) {
        self.init(rawValue: UInt64(column: index, of: statement))
    }
}

/// An identifier, which is stored as its text.
protocol SQLIdentifier: SQLValue {
    var rawValue: String { get }
    init(_ rawValue: String)
}

extension SQLIdentifier {
    static var kind: SQLKind { .text }

    func bind(to statement: any SQLStatement, at index: Int32) throws {
        try statement.bind(rawValue, at: index)
    }

    init(column index: Int32, of statement: any SQLStatement) {
        self.init(statement.text(index))
    }
}

extension WorkspaceID: SQLIdentifier {}
extension OperationID: SQLIdentifier {}
extension ClaimID: SQLIdentifier {}
