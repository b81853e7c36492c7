internal import PrewarmEngine
internal import PrewarmSQL

extension PostgresSession: SQLWriteConnection {
    /// The statement that makes a transaction the only writer, until it ends.
    private static let lock = "SELECT id FROM store_writer FOR UPDATE"

    func writeTransaction(_ body: () throws -> Void) throws {
        try retrying { deadline in
            let number = nextCommit()
            try undoing {
                let asked = ContinuousClock.now
                // The body sees the time of the server, also after a pause of this process or a failover.
                note(try run("\(begin); \(Self.lock); \(mark(number)); \(DatabaseClock.query)"), asked: asked)
                hasSavepoint = false
                hints = []
                try body()
            }
            try undoing { try commit(number, by: deadline) }
        }
    }

    /// The start of a write transaction. After it has waited for the lock, each statement sees what the writer before it
    /// committed, and its commit is on the disk, also if the database has other defaults for these.
    private var begin: String {
        "BEGIN ISOLATION LEVEL READ COMMITTED; \(limits.settings); SET LOCAL synchronous_commit = on"
    }

    /// Returns the statement that marks the commits of this session with growing numbers. If the connection breaks during a
    /// commit, the number in the database says whether the transaction was saved.
    ///
    /// The number that the server itself gives to a transaction (`pg_current_xact_id`) cannot be used for this. If the server
    /// crashes before it has saved anything of the transaction, it gives the same number to another one.
    private func mark(_ number: Int64) -> String {
        let forget = "DELETE FROM store_commits WHERE at < clock_timestamp() - interval '1 day'; "
        return """
            \(number == 1 ? forget : "")INSERT INTO store_commits (writer, number, at) \
            VALUES ('\(writer)', \(number), clock_timestamp()) \
            ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at
            """
    }

    /// Commits the transaction. If the connection breaks meanwhile, it asks the server on a new connection.
    private func commit(_ number: Int64, by deadline: ContinuousClock.Instant) throws {
        do {
            let result = try run("\(notification)COMMIT")
            // The server undoes a transaction in which a statement failed, also if the body ignored the error.
            guard result.tag == "COMMIT" else {
                throw PostgresError(.refused(state: "25P02"), "a statement of the transaction failed")
            }
        } catch let error as PostgresError where error.endsConnection {
            guard try isCommitted(number, by: deadline) else {
                // Nothing was saved, so the transaction can run again.
                throw PostgresError(.disconnected, error.message)
            }
        }
    }

    /// The statement that sends the hints of the transaction, which the server delivers after the commit; an empty text if there
    /// are none. Many hints are sent as ``StoreHint/unknown``.
    private var notification: String {
        guard let channel, !hints.isEmpty else { return "" }
        let texts = hints.count > 30 ? [StoreHint.unknown.text] : hints.map(\.text).sorted()
        let payload = ([PostgresListener.process] + texts).joined(separator: ",").replacing("'", with: "")
        return "NOTIFY \(channel), '\(payload)'; "
    }

    /// Returns true if a transaction of this session was committed, and false if it was undone.
    /// - Throws: ``PostgresError/Kind/unknownOutcome`` if the server does not say so in time.
    private func isCommitted(_ number: Int64, by deadline: ContinuousClock.Instant) throws -> Bool {
        let deadline = max(deadline, .now + limits.connect)
        while ContinuousClock.now < deadline {
            if let last = try? lastCommit(by: deadline) {
                forgetFailure()
                return last == number
            }
            wait(.milliseconds(100))
        }
        // Otherwise, the error of the last connection would let the transaction run again.
        forgetFailure()
        throw PostgresError(.unknownOutcome, "the connection broke during the commit")
    }

    /// Returns the number of this session's last commit; 0 if it has none. The lock waits for the end of a transaction that
    /// the server has not given up yet.
    private func lastCommit(by deadline: ContinuousClock.Instant) throws -> Int64 {
        forgetFailure()
        try connect(by: deadline)
        return try undoing {
            try run("\(begin); \(Self.lock)")
            let found = try run("SELECT number::text FROM store_commits WHERE writer = '\(writer)'")
            let number = found.rows == 1 ? Int64(found.text(0, 0)) ?? 0 : 0
            try run("ROLLBACK")
            return number
        }
    }

    func savepoint(_ body: () throws -> Void) throws {
        // Each statement waits for the server, so the savepoint of the last job is released with the next one.
        try run(hasSavepoint ? "RELEASE SAVEPOINT job; SAVEPOINT job" : "SAVEPOINT job")
        hasSavepoint = true
        do {
            try body()
        } catch {
            if isAlive { try run("ROLLBACK TO SAVEPOINT job") }
            throw error
        }
    }

    var isInTransaction: Bool { isUsable }
}
