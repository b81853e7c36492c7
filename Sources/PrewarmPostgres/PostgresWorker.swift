internal import Dispatch
internal import PrewarmEngine
internal import PrewarmSQL

/// A thread with a session. Waiting for the database blocks it, but no thread of the cooperative pool.
final class PostgresWorker: SQLWriter {
    private let queue: DispatchQueue
    /// Only used on the queue.
    nonisolated(unsafe) private let session: PostgresSession

    init(_ settings: SessionSettings, label: String) {
        queue = DispatchQueue(label: "prewarm.postgres.\(label)")
        session = PostgresSession(settings)
    }

    func start(_ job: @escaping @Sendable (PostgresSession) -> Void) {
        queue.async { [self] in job(session) }
    }

    /// Runs a job on the calling thread, after all earlier jobs.
    func runNow<Result>(_ job: (PostgresSession) throws -> Result) rethrows -> Result {
        try queue.sync { try job(session) }
    }

    func mayTryAlone(after error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return true }
        return !error.isTransient && !error.endsConnection
    }

    func closeConnection() {
        queue.sync { session.close() }
    }
}
