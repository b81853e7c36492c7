/// The limits of all waits for PostgreSQL, so that no request hangs when the database does.
struct PostgresLimits: Sendable {
    /// The time to make one connection.
    var connect: Duration = .seconds(10)
    /// The time for which a request waits for its turn, for a connection and for repeated tries.
    var request: Duration = .seconds(30)
    /// The time for one statement. The server ends it then.
    var statement: Duration = .seconds(30)
    /// The time for which a write waits for the writers of other processes.
    var lock: Duration = .seconds(25)
    /// The time after which the server ends a transaction of a process that has stopped, so that others can write.
    var idle: Duration = .seconds(8)
    /// The time beyond ``statement`` for the answer of a server that is cut off.
    var margin: Duration = .seconds(5)
    /// The maximum number of connections for reading. Another one writes.
    var readers = 4

    /// The settings of a transaction. They end with it, so that they need no session of their own behind PgBouncer.
    var settings: String {
        """
        SET LOCAL statement_timeout = \(milliseconds(statement)); SET LOCAL lock_timeout = \(milliseconds(lock)); \
        SET LOCAL idle_in_transaction_session_timeout = \(milliseconds(idle))
        """
    }

    private func milliseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }
}
