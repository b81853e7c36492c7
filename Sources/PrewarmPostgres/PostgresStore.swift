package import PrewarmCore
package import PrewarmEngine
internal import PrewarmSQL
internal import Synchronization

/// The store in a PostgreSQL database. Several processes on several machines may use it.
///
/// One connection writes, and others read at the same time. A write locks a row first, so the writes of all processes run
/// one after the other, as in a SQLite file. Writes that wait at the same time are committed together.
package final class PostgresStore: Store {
    package let address: PostgresAddress
    /// The version of the server when the store was opened.
    package let serverVersion: String
    private let settings: SessionSettings
    /// The channel of the hints.
    private let channel: String?
    /// The connections for reading. Nil means that the writer also reads.
    private let readers: PostgresReaders?
    private let writer: PostgresWorker
    private let commits: CommitQueue<PostgresWorker>

    private init(
        _ settings: SessionSettings, _ writer: PostgresWorker, serverVersion: String, channel: String?,
        readsBeside: Bool
    ) {
        address = settings.address
        self.settings = settings
        self.writer = writer
        self.serverVersion = serverVersion
        self.channel = channel
        readers = readsBeside ? PostgresReaders(settings) : nil
        commits = CommitQueue(writer)
    }

    /// The version of the tables that this version of prewarm uses.
    package static var schemaVersion: Int { PostgresSchema.migrations.count }

    /// Connects to the database. It blocks.
    /// - Parameter readsBeside: If true, reads have their own connections and do not wait for writes. A command that ends
    ///   soon needs only one connection.
    /// - Parameter updatesTables: If true, it creates or updates the tables. Otherwise, it needs those of this version.
    /// - Throws: ``StoreError`` if the database cannot be used.
    package static func open(
        _ address: PostgresAddress, readsBeside: Bool = true, updatesTables: Bool = true
    ) throws(StoreError) -> PostgresStore {
        try open(address, readsBeside: readsBeside, updatesTables: updatesTables, limits: PostgresLimits())
    }

    static func open(
        _ address: PostgresAddress, readsBeside: Bool, updatesTables: Bool = true, limits: PostgresLimits
    ) throws(StoreError) -> PostgresStore {
        let settings = SessionSettings(address: address, limits: limits)
        let writer = PostgresWorker(settings, label: "writer")
        let result = storeResult(address) {
            try writer.runNow { session in
                try session.connectAtStart()
                try session.migrate(updatesTables)
                try session.findChannel()
                return (version: session.serverVersion ?? "", channel: session.channel)
            }
        }
        switch result {
        case .success(let found):
            return PostgresStore(
                settings, writer, serverVersion: found.version, channel: found.channel, readsBeside: readsBeside)
        case .failure(let error as StoreError): throw error
        case .failure(let error): throw StoreError(.unavailable, "cannot use \(address.display): \(error)")
        }
    }

    /// Waits for running transactions and closes all connections. It blocks, and later transactions fail.
    package func close() {
        readers?.close()
        commits.close()
    }

    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Result
    ) async throws -> Result {
        let refusal = refusal()
        return try await withCheckedThrowingContinuation { continuation in
            let job: PostgresReaders.Job = { [address] session in
                continuation.resume(
                    with: storeResult(address) {
                        if let error = refusal() { throw error }
                        return try session.readTransaction { try body(SQLJob(on: session).reader) }
                    })
            }
            if let readers { readers.read(job) } else { writer.start(job) }
        }
    }

    package func write<Result: Sendable>(
        _ urgency: WriteUrgency, _ body: @escaping @Sendable (any StoreWriter) throws -> Result
    ) async throws -> Result {
        let refusal = refusal()
        settings.counters.waits(1)
        defer { settings.counters.waits(-1) }
        return try await withCheckedThrowingContinuation { continuation in
            let result = Mutex<Result?>(nil)
            commits.add(
                CommitQueue.Job(urgency) { session in
                    let job = SQLJob(on: session)
                    let value = try body(job.writer)
                    _ = try job.advance()
                    session.hints.formUnion(job.hints)
                    result.withLock { $0 = value }
                } end: { [address] error in
                    continuation.resume(
                        with: storeResult(address) {
                            if let error { throw error }
                            guard let value = result.withLock({ $0 }) else { throw CancellationError() }
                            return value
                        })
                } refusal: {
                    refusal()
                })
        }
    }

    /// Returns a function that gives the error of a request that has waited too long for its turn; nil before that.
    private func refusal() -> @Sendable () -> (any Error)? {
        let deadline = ContinuousClock.now + settings.limits.request
        return {
            ContinuousClock.now < deadline
                ? nil : PostgresError(.late, "earlier requests are waiting for the database, too")
        }
    }

    package func checkWritable() async throws {
        try await write { store in try store.noteProgress() }
    }

    package func sharedTime() -> Timestamp? { settings.clock.now }

    /// The difference between the clock of the server and a time; nil if it is unknown.
    package func clockDifference(from time: Timestamp) -> Duration? { settings.clock.now.map { $0 - time } }

    package func hints() -> AsyncStream<StoreHint>? {
        channel.map { PostgresListener.hints(at: settings, channel: $0) }
    }

    package var connections: StoreConnections? { settings.counters.connections(jumps: settings.clock.jumps) }

    /// PostgreSQL checks its files itself.
    package func findDamage(isThorough: Bool) async throws -> [String] { [] }

    package var damage: [String] { [] }
}

/// Returns the result of a closure. Errors of PostgreSQL are converted to ``StoreError``, and other errors are unchanged.
private func storeResult<Value>(_ address: PostgresAddress, _ body: () throws -> Value) -> Result<Value, any Error> {
    do {
        return .success(try body())
    } catch let error as PostgresError {
        return .failure(StoreError(error, at: address.display))
    } catch {
        return .failure(error)
    }
}
