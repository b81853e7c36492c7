internal import GRDB

extension Database {
    /// Runs a transaction like `inTransaction`, with cached statements. Parsing them takes longer than reading a few
    /// rows.
    func transaction<Value>(_ kind: TransactionKind, _ body: () throws -> Value) throws -> Value {
        try cachedStatement(sql: "BEGIN \(kind.rawValue) TRANSACTION").execute()
        do {
            let value = try body()
            // SQLite undoes the transaction if the disk is full (https://www.sqlite.org/lang_transaction.html, 3).
            guard isInsideTransaction else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
            try cachedStatement(sql: "COMMIT TRANSACTION").execute()
            return value
        } catch {
            if isInsideTransaction { try? rollback() }
            throw error
        }
    }
}
