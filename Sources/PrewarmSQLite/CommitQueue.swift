internal import GRDB
internal import Synchronization

/// Commits together what comes while an earlier commit is under way: each waits for the disk, and a hundred that wait
/// once are done as soon as one.
///
/// Every job has a savepoint of its own: what it throws undoes it and nothing else, and nobody learns how a job ended
/// before it is on the disk.
final class CommitQueue: Sendable {
    struct Job: Sendable {
        /// May be called again, where what it did was undone with others.
        let run: @Sendable (Database) throws -> Void
        /// Called once; nil where it was committed.
        let end: @Sendable ((any Error)?) -> Void
        /// The counter of the store after the last run; nil if that did not count.
        var counter: @Sendable () -> Int64? = { nil }
    }

    private struct State {
        var waiting: [Job] = []
        var isDraining = false

        /// Whether there is more to do; where not, who comes next begins anew.
        mutating func goesOn() -> Bool {
            isDraining = !waiting.isEmpty
            return isDraining
        }
    }

    /// So that no other process waits for longer than it takes to do so many.
    private static let most = 64

    private let writer: DatabaseQueue
    private let state = Mutex(State())
    /// Called once for each commit that counted, before its jobs end, with the counter of the store.
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

    /// Waits for what is under way; what is added afterwards fails.
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
            // Nothing of it is left: one by one it shows whose fault it is.
            return jobs.forEach { commit($0, database) }
        }
        let counters = zip(jobs, errors).compactMap { job, error in error == nil ? job.counter() : nil }
        if let counter = counters.max() { committed(counter) }
        for (job, error) in zip(jobs, errors) { job.end(error) }
    }

    /// - Throws: where SQLite has undone the whole transaction, as it does where the disk is full
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
