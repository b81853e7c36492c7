package import GRDB
internal import PrewarmSQL

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

extension Database: SQLWriteConnection {
    package func writeTransaction(_ body: () throws -> Void) throws { try transaction(.immediate, body) }

    package func savepoint(_ body: () throws -> Void) throws {
        try inSavepoint {
            try body()
            return .commit
        }
    }

    package var isInTransaction: Bool { isInsideTransaction }
}

extension DatabaseQueue: SQLWriter {
    package func start(_ job: @escaping @Sendable (Database) -> Void) { asyncWriteWithoutTransaction(job) }
    package func mayTryAlone(after error: any Error) -> Bool { true }
    package func closeConnection() { try? close() }
}
