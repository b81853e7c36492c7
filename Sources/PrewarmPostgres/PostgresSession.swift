internal import Glibc
internal import PrewarmEngine
internal import PrewarmSQL

/// The parts that all sessions of a store share.
struct SessionSettings: Sendable {
    let address: PostgresAddress
    let limits: PostgresLimits
    let clock = DatabaseClock()
    let counters = DatabaseCounters()
}

/// The transactions on one connection, which is made on demand and again after it broke. A session belongs to one thread.
final class PostgresSession: SQLConnection {
    let settings: SessionSettings
    private var link: PostgresLink? {
        didSet {
            if (oldValue == nil) == (link == nil) { return }
            if link == nil { settings.counters.disconnected() } else { settings.counters.connected() }
        }
    }
    /// The position of the server that is tried first at the next connection. Each failure moves it on.
    private var firstServer = 0
    /// The translated texts of statements.
    private var translations: [String: [UInt8]] = [:]
    /// The first error of the current transaction after which it has to run again, on a new connection if necessary.
    private var failure: PostgresError?
    private var isClosed = false
    /// The name of the session in the table of commits.
    let writer = String(UInt64.random(in: .min ... .max), radix: 16)
    private var commits: Int64 = 0
    /// True if the current transaction has the savepoint of an earlier job.
    var hasSavepoint = false
    /// The channel on which write transactions notify other processes; nil if they notify none.
    var channel: String?
    /// The hints of the current write transaction.
    var hints: Set<StoreHint> = []

    let readsWholeRows = false

    init(_ settings: SessionSettings) {
        self.settings = settings
    }

    deinit {
        if link != nil { settings.counters.disconnected() }
    }

    var address: PostgresAddress { settings.address }
    var limits: PostgresLimits { settings.limits }

    /// Ends the connection for good. Later transactions fail.
    func close() {
        isClosed = true
        link = nil
    }

    // MARK: Statements

    func statement(_ sql: String) throws -> any SQLStatement {
        if let known = translations[sql] { return PostgresStatement(self, known) }
        // Filters with many values have many texts.
        if translations.count >= 1000 { translations = [:] }
        let translated = SQLTranslation.translated(sql)
        translations[sql] = translated
        return PostgresStatement(self, translated)
    }

    func run(_ sql: [UInt8], _ values: PostgresValues) throws -> PostgresResult {
        try noting { link throws in try link.run(sql, values, by: .now + limits.statement + limits.margin) }
    }

    /// Runs statements without values.
    @discardableResult
    func run(_ sql: String) throws -> PostgresResult {
        try noting { link throws in try link.run(sql, by: .now + limits.statement + limits.margin) }
    }

    /// Runs a body on the connection of the current transaction, and notes an error that ends the transaction.
    private func noting<Result>(_ body: (PostgresLink) throws -> Result) throws -> Result {
        if let failure { throw failure }
        guard let link else { throw PostgresError(.disconnected, "the connection is closed") }
        do {
            return try body(link)
        } catch let error as PostgresError {
            if error.isTransient || error.endsConnection { failure = error }
            if error.endsConnection { self.link = nil }
            throw error
        }
    }

    // MARK: Transactions

    /// Runs a body with a consistent view of the database. The body may run several times.
    func readTransaction<Value>(_ body: () throws -> Value) throws -> Value {
        try retrying { _ in
            let value = try undoing {
                try run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \(limits.settings)")
                return try body()
            }
            // The values are read, so an error of this statement changes nothing.
            _ = try? run("COMMIT")
            return value
        }
    }

    /// Runs a body until it succeeds, or fails with an error that does not go away by itself.
    /// - Parameter body: It receives the end of the time for all tries.
    func retrying<Value>(_ body: (ContinuousClock.Instant) throws -> Value) throws -> Value {
        let deadline = ContinuousClock.now + limits.request
        var pause = Duration.milliseconds(20)
        while true {
            do {
                failure = nil
                try connect(by: deadline)
                return try body(deadline)
            } catch {
                // The body may have converted the error of a statement to one of its own.
                let cause = failure ?? error as? PostgresError
                guard let cause, cause.isTransient, !isClosed, .now + pause < deadline else { throw cause ?? error }
                settings.counters.retried(after: cause)
            }
            wait(pause)
            pause = min(pause * 2, .seconds(1))
        }
    }

    /// Runs a body and undoes the transaction if it throws.
    func undoing<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            let value = try body()
            if let failure { throw failure }
            return value
        } catch {
            if link != nil { try? rollback() }
            throw error
        }
    }

    private func rollback() throws {
        let noted = failure
        failure = nil
        defer { failure = noted }
        do {
            try run("ROLLBACK")
        } catch {
            link = nil
            throw error
        }
    }

    /// Returns the number of a new write transaction.
    func nextCommit() -> Int64 {
        commits += 1
        return commits
    }

    /// False after an error that ends the transaction.
    var isAlive: Bool { failure == nil && link != nil }

    /// Lets the session run statements after an error that ended its transaction.
    func forgetFailure() { failure = nil }

    /// True in a transaction that goes on. False after an error that ends it.
    var isUsable: Bool { failure == nil && link?.isInTransaction == true }

    /// The version of the server; nil before the first transaction.
    var serverVersion: String? { link?.serverVersion }

    func connect(by deadline: ContinuousClock.Instant) throws {
        guard !isClosed else { throw PostgresError(.disconnected, "the store is closed") }
        guard link == nil else { return }
        do {
            let deadline = min(deadline, .now + limits.connect)
            let new = try PostgresLink(address, first: firstServer, by: deadline)
            try askTime(new, by: deadline)
            link = new
        } catch {
            settings.counters.failedToConnect()
            firstServer += 1
            throw error
        }
    }

    /// Asks the server for the time. Of several answers, the fastest one counts.
    private func askTime(_ link: PostgresLink, by deadline: ContinuousClock.Instant) throws {
        for _ in 0..<3 {
            let asked = ContinuousClock.now
            note(try link.run(DatabaseClock.query, by: deadline), asked: asked)
        }
    }

    /// Notes an answer to ``DatabaseClock/query``.
    /// - Parameter asked: The time before the query was sent.
    func note(_ result: PostgresResult, asked: ContinuousClock.Instant) {
        guard result.rows == 1, let server = Int64(result.text(0, 0)) else { return }
        settings.clock.note(server: server, asked: asked, answered: .now)
    }

    func wait(_ duration: Duration) {
        let random = Double.random(in: 0.5...1)
        usleep(
            UInt32(
                random * Double(duration.components.seconds) * 1e6 + random * Double(duration.components.attoseconds)
                    / 1e12))
    }
}
