internal import PrewarmSQL

/// A statement of a session. It is neither named nor prepared on the server, so it works behind PgBouncer.
final class PostgresStatement: SQLStatement {
    private let session: PostgresSession
    private let sql: [UInt8]
    private var values = PostgresValues()
    private var result: PostgresResult?
    private var row: Int32 = -1

    init(_ session: PostgresSession, _ sql: [UInt8]) {
        self.session = session
        self.sql = sql
    }

    func bind(_ value: Int64, at index: Int32) { values.set(value, at: index) }
    func bind(_ text: String, at index: Int32) { values.set(text, at: index) }
    func bind(_ bytes: [UInt8], at index: Int32) { values.set(bytes, at: index) }
    func bindNull(_ kind: SQLKind, at index: Int32) { values.setNull(kind, at: index) }

    func step() throws -> Bool {
        let found: PostgresResult
        if let result {
            found = result
        } else {
            found = try session.run(sql, values)
            result = found
        }
        row += 1
        return row < found.rows
    }

    var changedRows: Int { result?.changedRows ?? 0 }

    func reset() {
        result = nil
        row = -1
    }

    func clear() { values.removeAll() }

    func isNull(_ column: Int32) -> Bool { result?.isNull(row, column) ?? true }
    func integer(_ column: Int32) -> Int64 { result?.integer(row, column) ?? 0 }
    func text(_ column: Int32) -> String { result?.text(row, column) ?? "" }
    func bytes(_ column: Int32) -> [UInt8] { result.map { Array($0.bytes(row, column)) } ?? [] }
}
