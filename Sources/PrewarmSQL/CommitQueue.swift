package import PrewarmEngine
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
///
/// Jobs for which users wait come first, also before jobs that waited longer. They join the transaction that runs, which
/// then takes only a few other jobs. So a claim does not wait for a long row of refills, and no refill waits for ever.
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
        let urgency: WriteUrgency

        package init(
            _ urgency: WriteUrgency = .usual,
            run: @escaping @Sendable (Writer.Connection) throws -> Void,
            end: @escaping @Sendable ((any Error)?) -> Void, counter: @escaping @Sendable () -> Int64? = { nil },
            refusal: @escaping @Sendable () -> (any Error)? = { nil }
        ) {
            self.urgency = urgency
            self.run = run
            self.end = end
            self.counter = counter
            self.refusal = refusal
        }
    }

    private struct State {
        /// The jobs for which users wait, and the others; both in the order of their arrival.
        var urgent = JobLine()
        var usual = JobLine()
        var isDraining = false

        mutating func append(_ job: Job) {
            switch job.urgency {
            case .ofUser: urgent.append(job)
            case .usual: usual.append(job)
            }
        }

        /// Returns true if jobs are waiting. Otherwise, the next job that is added starts the queue again.
        mutating func keepsDraining() -> Bool {
            isDraining = !urgent.isEmpty || !usual.isEmpty
            return isDraining
        }

        /// Returns the next job for a transaction; nil if it has to be committed now.
        /// - Parameter batch: the numbers of jobs that the transaction has run.
        mutating func next(after batch: Batch) -> Job? {
            guard batch.urgent + batch.usual < CommitQueue.most else { return nil }
            if let job = urgent.popFirst() { return job }
            guard batch.urgent == 0 || batch.usual < CommitQueue.mostBesideUrgent else { return nil }
            return usual.popFirst()
        }
    }

    /// The numbers of jobs in one transaction.
    private struct Batch {
        var urgent = 0
        var usual = 0

        mutating func count(_ job: Job) {
            switch job.urgency {
            case .ofUser: urgent += 1
            case .usual: usual += 1
            }
        }
    }

    /// Jobs in the order of their arrival.
    private struct JobLine {
        private var jobs: [Job?] = []
        /// The index of the first job.
        private var first = 0

        var isEmpty: Bool { first == jobs.count }

        mutating func append(_ job: Job) { jobs.append(job) }

        mutating func popFirst() -> Job? {
            guard first < jobs.count, let job = jobs[first] else { return nil }
            jobs[first] = nil
            first += 1
            // Moving the rest to the front costs little if it is rare.
            if first == jobs.count || first > 1024 {
                jobs.removeFirst(first)
                first = 0
            }
            return job
        }
    }

    /// The maximum number of jobs in one transaction. It bounds the time for which other processes wait for the lock.
    private static var most: Int { 64 }
    /// The number of other jobs in a transaction with jobs for which users wait.
    private static var mostBesideUrgent: Int { 8 }

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
            state.append(job)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        guard isFirst else { return }
        writer.start { [self] connection in
            while state.withLock({ $0.keepsDraining() }) { commit(connection) }
        }
    }

    /// Waits for the running jobs and closes the connection. Jobs that are added afterwards fail.
    package func close() {
        writer.closeConnection()
    }

    /// Returns the next job for a transaction; nil if it has to be committed now. Jobs that have waited too long end.
    private func next(after batch: Batch) -> Job? {
        while let job = state.withLock({ $0.next(after: batch) }) {
            guard let refusal = job.refusal() else { return job }
            job.end(refusal)
        }
        return nil
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

    /// Commits the waiting jobs, as many as one transaction may have.
    private func commit(_ connection: Writer.Connection) {
        var batch = Batch()
        guard let first = next(after: batch) else { return }
        batch.count(first)
        guard let second = next(after: batch) else { return commitAlone(first, connection) }
        batch.count(second)
        commit([first, second], batch, connection)
    }

    /// Commits jobs together with others that are waiting or come meanwhile.
    private func commit(_ known: [Job], _ knownBatch: Batch, _ connection: Writer.Connection) {
        var (jobs, batch) = (known, knownBatch)
        var errors: [(any Error)?] = []
        var hasBegun = false
        do {
            try connection.writeTransaction {
                hasBegun = true
                errors = []
                // The transaction runs again after a conflict, with the same jobs first.
                for job in jobs { errors.append(try error(of: job, connection)) }
                while let job = next(after: batch) {
                    batch.count(job)
                    jobs.append(job)
                    errors.append(try error(of: job, connection))
                }
            }
        } catch {
            guard hasBegun, writer.mayTryAlone(after: error) else { return jobs.forEach { $0.end(error) } }
            // The whole transaction is undone. Running the jobs one by one gives each job its own error.
            for job in jobs {
                if let refusal = job.refusal() { job.end(refusal) } else { commitAlone(job, connection) }
            }
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
