internal import GRDB
internal import Synchronization

/// Runs write jobs and commits several of them in one transaction. Each commit waits for the disk, so one commit for a
/// hundred waiting jobs takes about as long as one for a single job.
///
/// Each job has its own savepoint. If a job throws, only its own changes are undone. A job ends after its commit is on
/// the disk.
final class CommitQueue: Sendable {
    struct Job: Sendable {
        /// The work of the job. It is called again if its changes were undone together with those of other jobs.
        let run: @Sendable (Database) throws -> Void
        /// The end of the job, which is called once with the error. The error is nil if the job was committed.
        let end: @Sendable ((any Error)?) -> Void
        /// Returns the counter of the store after the last run. Nil if the run did not increase it.
        var counter: @Sendable () -> Int64? = { nil }
    }

    private struct State {
        var waiting: [Job] = []
        var isDraining = false

        /// Returns true if jobs are waiting. Otherwise, the next job that is added starts the queue again.
        mutating func goesOn() -> Bool {
            isDraining = !waiting.isEmpty
            return isDraining
        }
    }

    /// The maximum number of jobs in one transaction. It bounds the time for which other processes wait for the lock.
    private static let most = 64

    private let writer: DatabaseQueue
    private let state = Mutex(State())
    /// Receives the counter of the store after each commit that increased it, before the jobs of the commit end.
    private let committed: @Sendable (Int64) -> Void

    init(_ writer: DatabaseQueue, committed: @escaping @Sendable (Int64) -> Void = { _ in }) {
        self.writer = writer
        self.committed = committed
    }

    func add(_ job: Job) {
        let isFirst = state.withLock { state in
            state.waiting.append(job)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        guard isFirst else { return }
        writer.asyncWriteWithoutTransaction { [self] database in
            while let jobs = next() { commit(jobs, database) }
        }
    }

    /// Waits for the running jobs and closes the connection. Jobs that are added afterwards fail.
    func close() {
        try? writer.close()
    }

    private func next() -> [Job]? {
        state.withLock { state in
            guard state.goesOn() else { return nil }
            let jobs = Array(state.waiting.prefix(Self.most))
            state.waiting.removeFirst(jobs.count)
            return jobs
        }
    }

    private func commit(_ job: Job, _ database: Database) {
        do {
            try database.transaction(.immediate) { try job.run(database) }
            if let counter = job.counter() { committed(counter) }
            job.end(nil)
        } catch {
            job.end(error)
        }
    }

    private func commit(_ jobs: [Job], _ database: Database) {
        if jobs.count == 1 { return commit(jobs[0], database) }
        var errors: [(any Error)?] = []
        var hasBegun = false
        do {
            try database.transaction(.immediate) {
                hasBegun = true
                for job in jobs { errors.append(try error(of: job, database)) }
            }
        } catch {
            guard hasBegun else { return jobs.forEach { $0.end(error) } }
            // The whole transaction is undone. Running the jobs one by one gives each job its own error.
            return jobs.forEach { commit($0, database) }
        }
        let counters = zip(jobs, errors).compactMap { job, error in error == nil ? job.counter() : nil }
        if let counter = counters.max() { committed(counter) }
        for (job, error) in zip(jobs, errors) { job.end(error) }
    }

    /// Runs a job in a savepoint and returns its error. Nil if the job succeeded.
    /// - Throws: The error, if SQLite has undone the whole transaction, for example because the disk is full
    ///   (https://www.sqlite.org/lang_transaction.html, 3).
    private func error(of job: Job, _ database: Database) throws -> (any Error)? {
        do {
            try database.inSavepoint {
                try job.run(database)
                return .commit
            }
            return nil
        } catch {
            guard database.isInsideTransaction else { throw error }
            return error
        }
    }
}
