import Foundation
import GRDB
import PrewarmEngine
import PrewarmSQL
import Synchronization
import Testing

@testable import PrewarmSQLite

@Suite("Concurrent writes")
struct CommitQueueTests {
    /// Adds the jobs while the connection is busy, so that they are committed together.
    private func run(
        _ jobs: [@Sendable (Database) throws -> Void], on database: TestDatabase
    ) async -> [(any Error)?] {
        let queue = CommitQueue(database.queue)
        let gate = DispatchSemaphore(value: 0)
        database.queue.asyncWriteWithoutTransaction { _ in gate.wait() }
        let results = Results(of: jobs.count)
        return await withCheckedContinuation { continuation in
            for (index, job) in jobs.enumerated() {
                queue.add(
                    CommitQueue<DatabaseQueue>.Job(run: job) { error in
                        if let all = results.add(error, at: index) { continuation.resume(returning: all) }
                    })
            }
            gate.signal()
        }
    }

    private static func insert(_ number: Int, failing: Bool = false) -> @Sendable (Database) throws -> Void {
        { database in
            try database.execute(sql: "INSERT INTO numbers VALUES (?)", arguments: [number])
            if failing { throw TestFailure() }
        }
    }

    @Test("Concurrent writes are committed together, and an error undoes only its own write")
    func together() async throws {
        let database = try TestDatabase()
        let errors = await run((0..<50).map { Self.insert($0, failing: $0 % 5 == 0) }, on: database)
        #expect(errors.map { $0 is TestFailure } == (0..<50).map { $0 % 5 == 0 })
        #expect(try database.numbers() == (0..<50).filter { $0 % 5 != 0 })
        #expect(database.commits.count == 1)
    }

    @Test("If the database refuses a write, only that write is undone")
    func refused() async throws {
        let database = try TestDatabase()
        let errors = await run([1, 2, 1, 3, 2].map { Self.insert($0) }, on: database)
        #expect(errors.count { $0 is DatabaseError } == 2)
        #expect(try database.numbers() == [1, 2, 3])
    }

    @Test("If a full disk undoes the whole batch, each write is tried alone")
    func full() async throws {
        let database = try TestDatabase()
        try await database.queue.write { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(pages + 4)")
        }
        let large: @Sendable (Database) throws -> Void = { database in
            try database.execute(sql: "INSERT INTO texts VALUES (zeroblob(100000))")
        }
        let errors = await run(
            [Self.insert(1), Self.insert(2), large, Self.insert(3)], on: database)
        #expect(errors.map { ($0 as? DatabaseError)?.resultCode } == [nil, nil, .SQLITE_FULL, nil])
        #expect(try database.numbers() == [1, 2, 3])
    }

    /// Adds jobs while the connection is busy, and returns the order in which they ran.
    /// - Parameter joining: The name of the job that adds a write of a user, which is called `late`; nil if none does.
    private func order(
        of jobs: [(name: String, urgency: WriteUrgency)], joining: String? = nil, on database: TestDatabase
    ) async -> [String] {
        let queue = CommitQueue(database.queue)
        let gate = DispatchSemaphore(value: 0)
        database.queue.asyncWriteWithoutTransaction { _ in gate.wait() }
        let results = Results(of: jobs.count)
        await withCheckedContinuation { continuation in
            for (index, job) in jobs.enumerated() {
                queue.add(
                    CommitQueue<DatabaseQueue>.Job(job.urgency) { connection in
                        try connection.execute(sql: "INSERT INTO names (name) VALUES (?)", arguments: [job.name])
                        guard job.name == joining else { return }
                        queue.add(
                            CommitQueue<DatabaseQueue>.Job(.ofUser) { connection in
                                try connection.execute(sql: "INSERT INTO names (name) VALUES ('late')")
                            } end: { _ in
                            })
                    } end: { error in
                        if results.add(error, at: index) != nil { continuation.resume() }
                    })
            }
            gate.signal()
        }
        return (try? database.names()) ?? []
    }

    @Test("Writes of users come first, and take few others into their transaction")
    func urgent() async throws {
        let database = try TestDatabase()
        let usual = (0..<30).map { (name: "\($0)", urgency: WriteUrgency.usual) }
        let order = await order(of: usual + [("u", .ofUser), ("v", .ofUser)], on: database)
        #expect(order == ["u", "v"] + usual.map(\.name))
        #expect(database.commits.count == 2, "two writes of users with 8 others, then the other 22")
    }

    @Test("A write of a user joins the transaction that runs, before writes that waited longer")
    func joining() async throws {
        let database = try TestDatabase()
        let usual = (0..<12).map { (name: "\($0)", urgency: WriteUrgency.usual) }
        let order = await order(of: usual, joining: "3", on: database)
        #expect(order == ["0", "1", "2", "3", "late"] + usual.dropFirst(4).map(\.name))
        #expect(database.commits.count == 2, "with a write of a user, a transaction has at most 8 others")
    }

    @Test("Writes continue after a batch, for any number of writes")
    func many() async throws {
        let database = try TestDatabase()
        let errors = await run((0..<500).map { Self.insert($0) }, on: database)
        #expect(errors.allSatisfy { $0 == nil })
        #expect(try database.numbers() == Array(0..<500))
        #expect(database.commits.count < 20)
    }
}

private struct TestFailure: Error {}

/// The results of the jobs.
private final class Results: Sendable {
    private let state: Mutex<[Int: (any Error)?]> = Mutex([:])
    private let count: Int

    init(of count: Int) {
        self.count = count
    }

    /// Records the result of a job.
    /// - Returns: All results, if this was the last job; otherwise nil.
    func add(_ error: (any Error)?, at index: Int) -> [(any Error)?]? {
        state.withLock { results in
            results[index] = .some(error)
            guard results.count == count else { return nil }
            return (0..<count).map { results[$0] ?? nil }
        }
    }
}

private final class TestDatabase: Sendable {
    let queue: DatabaseQueue
    let commits = Commits()
    private let path = FileManager.default.temporaryDirectory.appending(path: "prewarm-\(UUID().uuidString).db").path

    init() throws {
        queue = try DatabaseQueue(path: path)
        try queue.write { database in
            try database.execute(
                sql: "CREATE TABLE numbers (number INTEGER PRIMARY KEY); CREATE TABLE texts (text BLOB);"
                    + "CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT)")
        }
        queue.add(transactionObserver: commits, extent: .databaseLifetime)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func names() throws -> [String] {
        try queue.read { try String.fetchAll($0, sql: "SELECT name FROM names ORDER BY id") }
    }

    func numbers() throws -> [Int] {
        try queue.read { try Int.fetchAll($0, sql: "SELECT number FROM numbers ORDER BY number") }
    }
}

private final class Commits: TransactionObserver, Sendable {
    private let state = Mutex(0)

    var count: Int { state.withLock { $0 } }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ db: Database) { state.withLock { $0 += 1 } }
    func databaseDidRollback(_ db: Database) {}
}
