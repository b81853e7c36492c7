internal import PrewarmCore
package import PrewarmEngine

/// A transaction of a SQL store. Extensions hold its topics. Readers receive it as ``StoreReader`` in a transaction that
/// only reads.
struct SQLTransaction: StoreWriter {
    let connection: any SQLConnection
    /// The row ids of presets that the transaction has looked up.
    let keys = PresetKeys()
    /// The changes of the transaction that an older copy of the store would miss.
    let progress = StoreProgress()
    let hints = SentHints()

    func statement(_ sql: String) throws -> PreparedStatement {
        PreparedStatement(try connection.statement(sql))
    }
}

/// The work of one job of a store in a transaction.
package struct SQLJob {
    private let transaction: SQLTransaction

    /// - Parameter connection: The connection, on which a transaction has begun.
    package init(on connection: any SQLConnection) {
        transaction = SQLTransaction(connection: connection)
    }

    package var reader: any StoreReader { transaction }
    package var writer: any StoreWriter { transaction }

    /// The hints for other processes about the changes of the job.
    package var hints: Set<StoreHint> { transaction.hints.all }

    package func identity() throws -> StoreIdentity { try transaction.identity() }

    /// Increments the counter of the store if the job made progress (``StoreIdentity/counter``).
    /// - Returns: The new counter; nil if the job made no progress.
    package func advance() throws -> Int64? {
        transaction.progress.isMade ? try transaction.advance() : nil
    }

    /// Continues the counter after that of a newer copy, and records the identity of a former store.
    package func continueCounter(after counter: Int64, former: String?) throws {
        try transaction.continueCounter(after: counter, former: former)
    }

    /// Returns true if the store has a workspace that is not deleted.
    package func hasWorkspaces() throws -> Bool {
        try transaction.statement("SELECT 1 FROM workspaces WHERE state <> \(WorkspaceState.deleted.code) LIMIT 1")
            .first { _ in true } != nil
    }

    /// Returns true if the store has neither workspaces nor operations.
    package func isEmpty() throws -> Bool {
        try transaction.statement("SELECT 1 FROM workspaces UNION ALL SELECT 1 FROM operations LIMIT 1")
            .first { _ in true } == nil
    }
}
