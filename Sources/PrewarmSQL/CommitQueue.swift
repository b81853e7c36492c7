internal import Synchronization

/// A connection that writes. It belongs to the thread of its ``SQLWriter``.
package protocol SQLWriteConnection {
    /// Runs a body in a transaction that is the only writer from its first statement on. If the body throws, the
    /// transaction is undone. The body runs again if the database ended the transaction because of a conflict.
    func writeTransaction(_ body: () throws -> Void) throws
    /// Runs a body inside a transaction. If the body throws, only its own changes are undone.
    func savepoint(_ body: () throws -> Void) throws
    /// False if the database has undone the transaction.
    var isInTransaction: Bool { get }
}

/// The thread of a connection that writes.
package protocol SQLWriter: Sendable {
    associatedtype Connection: SQLWriteConnection

    /// Runs a job on the thread, after all earlier jobs.
    func start(_ job: @escaping @Sendable (Connection) -> Void)
    /// Returns true if an error ended a transaction that certainly changed nothing, and a smaller transaction may succeed.
    func mayTryAlone(after error: any Error) -> Bool
    /// Waits for the running jobs and closes the connection.
    func closeConnection()
}

/// Runs write jobs and commits several of them in one transaction. Each commit waits for the disk, so one commit for a
/// hundred waiting jobs takes about as long as one for a single job.
///
/// Each job has its own savepoint. If a job throws, only its own changes are undone. A job ends after its commit is on
/// the disk.
package final class CommitQueue<Writer: SQLWriter>: Sendable {
    package struct Job: Sendable {
        /// The work of the job. It is called again if its changes were undone together with those of other jobs.
        let run: @Sendable (Writer.Connection) throws -> Void
        /// The end of the job, which is called once with the error. The error is nil if the job was committed.
        let end: @Sendable ((any Error)?) -> Void
        /// Returns the counter of the store after the last run. Nil if the run did not increase it.
        let counter: @Sendable () -> Int64?
        /// Returns the error of a job that has waited too long for its turn. Such a job does not run.
        let refusal: @Sendable () -> (any Error)?

        package init(
            run: @escaping @Sendable (Writer.Connection) throws -> Void,
            end: @escaping @Sendable ((any Error)?) -> Void, counter: @escaping @Sendable () -> Int64? = { nil },
            refusal: @escaping @Sendable () -> (any Error)? = { nil }
        ) {
            self.run = run
            self.end = end
            self.counter = counter
            self.refusal = refusal
        }
    }

    private struct State {
        var waiting: [Job] = []
        var isDraining = false

        /// Returns true if jobs are waiting. Otherwise, the next job that is added starts the queue again.
        mutating func keepsDraining() -> Bool {
            isDraining = !waiting.isEmpty
            return isDraining
        }
    }

    /// The maximum number of jobs in one transaction. It bounds the time for which other processes wait for the lock.
    private static var most: Int { 64 }

    private let writer: Writer
    private let state = Mutex(State())
    /// Receives the counter of the store after each commit that increased it, before the jobs of the commit end.
    private let committed: @Sendable (Int64) -> Void

    package init(_ writer: Writer, committed: @escaping @Sendable (Int64) -> Void = { _ in }) {
        self.writer = writer
        self.committed = committed
    }

    package func add(_ job: Job) {
        let isFirst = state.withLock { state in
            state.waiting.append(job)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        guard isFirst else { return }
        writer.start { [self] connection in
            while let jobs = next() { commit(jobs, connection) }
        }
    }

    /// Waits for the running jobs and closes the connection. Jobs that are added afterwards fail.
    package func close() {
        writer.closeConnection()
    }

    private func next() -> [Job]? {
        state.withLock { state in
            guard state.keepsDraining() else { return nil }
            let jobs = Array(state.waiting.prefix(Self.most))
            state.waiting.removeFirst(jobs.count)
            return jobs
        }
    }

    /// Ends the jobs that have waited too long, and returns the others.
    private func admitted(_ jobs: [Job]) -> [Job] {
        jobs.filter { job in
            guard let refusal = job.refusal() else { return true }
            job.end(refusal)
            return false
        }
    }

    private func commitAlone(_ job: Job, _ connection: Writer.Connection) {
        do {
            try connection.writeTransaction { try job.run(connection) }
            if let counter = job.counter() { committed(counter) }
            job.end(nil)
        } catch {
            job.end(error)
        }
    }

    private func commit(_ jobs: [Job], _ connection: Writer.Connection) {
        let jobs = admitted(jobs)
        if jobs.count <= 1 { return jobs.forEach { commitAlone($0, connection) } }
        var errors: [(any Error)?] = []
        var hasBegun = false
        do {
            try connection.writeTransaction {
                hasBegun = true
                errors = []
                for job in jobs { errors.append(try error(of: job, connection)) }
            }
        } catch {
            guard hasBegun, writer.mayTryAlone(after: error) else { return jobs.forEach { $0.end(error) } }
            // The whole transaction is undone. Running the jobs one by one gives each job its own error.
            for job in jobs { admitted([job]).forEach { commitAlone($0, connection) } }
            return
        }
        let counters = zip(jobs, errors).compactMap { job, error in error == nil ? job.counter() : nil }
        if let counter = counters.max() { committed(counter) }
        for (job, error) in zip(jobs, errors) { job.end(error) }
    }

    /// Runs a job in a savepoint and returns its error. Nil if the job succeeded.
    /// - Throws: The error, if the database has undone the whole transaction, for example because the disk is full
    ///   (https://www.sqlite.org/lang_transaction.html, 3).
    private func error(of job: Job, _ connection: Writer.Connection) throws -> (any Error)? {
        do {
            try connection.savepoint { try job.run(connection) }
            return nil
        } catch {
            guard connection.isInTransaction else { throw error }
            return error
        }
    }
}
