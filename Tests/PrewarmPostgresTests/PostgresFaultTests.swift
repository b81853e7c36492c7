import Glibc
import PostgresSupport
import PrewarmEngine
import Synchronization
import Testing

@testable import PrewarmPostgres
@testable import StoreContract

private struct Missing: Error {}

/// A number that several threads change.
private final class Number: Sendable {
    private let state = Mutex(0)

    var value: Int { state.withLock { $0 } }

    /// Adds one and returns the sum.
    @discardableResult
    func increase() -> Int {
        state.withLock { number in
            number += 1
            return number
        }
    }
}

/// A port on which the kernel accepts connections, and no program answers.
private struct SilentServer {
    let port: Int
    private let socket: Int32

    init() throws {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(descriptor, address, size) == 0, listen(descriptor, 16) == 0 else { return Int32(-1) }
                return getsockname(descriptor, address, &size)
            }
        }
        guard code == 0 else { throw Missing() }
        socket = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    func close() { Glibc.close(socket) }
}

@Suite(
    "Faults of a PostgreSQL server", .serialized, .enabled(if: PostgresServer.isWanted, "PostgreSQL is not installed"))
struct PostgresFaultTests {
    private func store(_ server: PostgresServer, _ limits: PostgresLimits = PostgresLimits()) async throws -> (
        PostgresStore, String
    ) {
        let url = try await server.store()
        let address = try #require(PostgresAddress(url))
        return (try PostgresStore.open(address, readsBeside: true, limits: limits), url)
    }

    @Test("Each write is saved exactly once while the server crashes and starts again")
    func restarts() async throws {
        let server = PostgresServer("faults")
        var limits = PostgresLimits()
        limits.request = .seconds(120)
        let (store, _) = try await store(server, limits)
        try await store.write { try $0.save(SourceRecord(name: "main", url: "u")) }
        let end = Number()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var saved = 0
                    while end.value == 0 {
                        try await store.write { writer in
                            guard var source = try writer.source("main") else { throw Missing() }
                            source.files += 1
                            try writer.save(source)
                        }
                        saved += 1
                        let files = try await store.read { try $0.source("main")?.files ?? 0 }
                        #expect(files >= saved)
                    }
                    return saved
                }
            }
            for mode in ["immediate", "fast", "immediate"] {
                try await Task.sleep(for: .milliseconds(300))
                try await server.control("restart", "--mode=\(mode)")
            }
            try await Task.sleep(for: .milliseconds(300))
            end.increase()
            let saved = try await group.reduce(0, +)
            #expect(saved > 0)
            #expect(try await store.read { try $0.source("main")?.files } == saved)
        }
        store.close()
    }

    @Test("A server that is silent does not keep prewarm from the next one of the URL")
    func silentServer() async throws {
        let silent = try SilentServer()
        defer { silent.close() }
        let url =
            try await PostgresServer.shared.store()
            .replacing("prewarm@", with: "prewarm@127.0.0.1:\(silent.port),") + "&connect_timeout=2"
        let address = try #require(PostgresAddress(url))
        #expect(try address.serverCount() == 2)
        let store = try PostgresStore.open(address, readsBeside: true)
        #expect(try await store.read { try $0.sources() }.isEmpty)
        store.close()
    }

    @Test("A writer that stops in its transaction does not hold the other writers")
    func stoppedWriter() async throws {
        var limits = PostgresLimits()
        limits.idle = .seconds(1)
        let (stopped, url) = try await store(.shared, limits)
        let other = try PostgresStore.open(try #require(PostgresAddress(url)))
        let (begun, announce) = AsyncStream<Void>.makeStream()
        let gate = Gate()
        let runs = Number()
        async let late: Void = stopped.write { writer in
            try writer.save(SourceRecord(name: "late", url: "u"))
            let isFirst = runs.increase() == 1
            // The thread is stopped with the lock, as a process is by SIGSTOP.
            if isFirst {
                announce.yield()
                gate.wait()
            }
        }
        for await _ in begun { break }
        try await other.write { try $0.save(SourceRecord(name: "first", url: "u")) }
        #expect(try await other.read { try $0.sources().map(\.name) } == ["first"])
        gate.open()
        // The server has undone the first run, so the write runs again.
        try await late
        #expect(try await other.read { try $0.sources().map(\.name) } == ["first", "late"])
        #expect(runs.value == 2)
    }

    @Test("A write waits for another transaction only up to its limit")
    func lockLimit() async throws {
        var limits = PostgresLimits()
        limits.lock = .milliseconds(200)
        let (store, url) = try await store(.shared, limits)
        let other = try PostgresStore.open(try #require(PostgresAddress(url)))
        let (begun, announce) = AsyncStream<Void>.makeStream()
        let gate = Gate()
        async let holder: Void = other.write { _ in
            announce.yield()
            gate.wait()
        }
        for await _ in begun { break }
        let error = await #expect(throws: StoreError.self) {
            try await store.write { try $0.save(SourceRecord(name: "main", url: "u")) }
        }
        #expect(error?.reason == .busy)
        gate.open()
        try await holder
    }

    @Test("A server that cannot be reached fails the request with the address and without the password")
    func unreachable() async throws {
        let address = try #require(PostgresAddress("postgres://ada:correct-horse@%2Fnowhere/prewarm"))
        let error = #expect(throws: StoreError.self) { try PostgresStore.open(address) }
        #expect(error?.reason == .unavailable)
        #expect(error?.message.contains("cannot connect to postgres://%2Fnowhere/prewarm") == true)
        #expect(error.map { "\($0.message) \($0.hint ?? "")".contains("horse") } == false)
        let invalid = try #require(PostgresAddress("postgres://ada:correct%zzhorse@db/prewarm"))
        let refused = #expect(throws: StoreError.self) { try PostgresStore.open(invalid) }
        #expect(refused.map { "\($0.message) \($0.hint ?? "")".contains("horse") } == false)
    }

    @Test("Requests end in time while the server is down, and succeed when it is back")
    func down() async throws {
        let server = PostgresServer("down")
        var limits = PostgresLimits()
        limits.request = .seconds(2)
        let (store, _) = try await store(server, limits)
        try await server.control("stop", "--mode=fast")
        await withTaskGroup { group in
            for _ in 0..<200 {
                group.addTask {
                    await #expect(throws: StoreError.self) { try await store.checkWritable() }
                    await #expect(throws: StoreError.self) { try await store.read { try $0.sources() } }
                }
            }
        }
        try await server.control("start")
        try await store.checkWritable()
        #expect(try await store.read { try $0.sources() }.isEmpty)
    }

    @Test("A read-only server refuses writes with a hint, and allows reads")
    func readOnly() async throws {
        var limits = PostgresLimits()
        limits.request = .seconds(1)
        let (first, url) = try await store(.shared)
        first.close()
        let address = try #require(PostgresAddress(url + "%20-cdefault_transaction_read_only%3Don"))
        let store = try PostgresStore.open(address, readsBeside: false, limits: limits)
        #expect(try await store.read { try $0.sources() }.isEmpty)
        let error = await #expect(throws: StoreError.self) { try await store.checkWritable() }
        #expect(error?.message.contains("read-only standby") == true)
    }
}

@Suite("Tables of a PostgreSQL store", .enabled(if: PostgresServer.isWanted, "PostgreSQL is not installed"))
struct PostgresMigrationTests {
    @Test("Several processes can create the tables at the same time")
    func openedByMany() async throws {
        let address = try #require(PostgresAddress(try await PostgresServer.shared.store()))
        try await withThrowingTaskGroup { group in
            for number in 0..<6 {
                group.addTask {
                    let store = try PostgresStore.open(address)
                    try await store.write { try $0.save(SourceRecord(name: "s\(number)", url: "u")) }
                    store.close()
                }
            }
            try await group.waitForAll()
        }
        let store = try PostgresStore.open(address)
        #expect(try await store.read { try $0.sources().count } == 6)
    }

    @Test("Tables of a newer version, and tables of another program, are not changed")
    func notOurs() async throws {
        let fixture = try await PostgresFixture()
        let schema = try #require(fixture.url.split(separator: "D").last)
        _ = try await fixture.open()
        try await PostgresServer.shared.psql("UPDATE \(schema).prewarm_schema SET version = 99")
        let newer = await #expect(throws: StoreError.self) { try await fixture.open() }
        #expect(newer?.reason == .newerVersion)

        let other = try await PostgresFixture()
        let name = try #require(other.url.split(separator: "D").last)
        try await PostgresServer.shared.psql("CREATE TABLE \(name).operations (id int)")
        let foreign = await #expect(throws: StoreError.self) { try await other.open() }
        #expect(foreign?.message.contains("tables of another program") == true)
        #expect(
            try await PostgresServer.shared.psql("SELECT count(*) FROM pg_tables WHERE schemaname = '\(name)'") == "2")
    }

    @Test("Texts are sorted by their bytes and may contain the character NUL")
    func texts() async throws {
        let store = try await PostgresFixture().open()
        try await store.write { writer in
            for name in ["b", "B", "é", "a-b", "ab", "a\u{0}b"] { try writer.save(SourceRecord(name: name, url: "u")) }
        }
        let names = try await store.read { try $0.sources().map(\.name) }
        #expect(names == ["B", "a-b", "ab", "a\u{FFFD}b", "b", "é"])
    }
}
