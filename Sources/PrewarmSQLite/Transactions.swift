internal import GRDB

extension Database {
    /// As `inTransaction`, with statements that stay prepared: to parse them takes longer than to read a few rows.
    func transaction<Value>(_ kind: TransactionKind, _ body: () throws -> Value) throws -> Value {
        try cachedStatement(sql: "BEGIN \(kind.rawValue) TRANSACTION").execute()
        do {
            let value = try body()
            // SQLite has undone it where the disk is full (https://www.sqlite.org/lang_transaction.html, 3).
            guard isInsideTransaction else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
            try cachedStatement(sql: "COMMIT TRANSACTION").execute()
            return value
        } catch {
            if isInsideTransaction { try? rollback() }
            throw error
        }
    }
}
