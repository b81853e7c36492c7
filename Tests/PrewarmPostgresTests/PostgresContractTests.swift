import PostgresSupport
import PrewarmEngine
import PrewarmPostgres
import Testing

@testable import StoreContract

/// A schema of the server for tests.
struct PostgresFixture: StoreFixture {
    let url: String
    let readsBeside: Bool

    init(readsBeside: Bool = true, isPooled: Bool = false) async throws {
        let server = PostgresServer.shared
        url = isPooled ? try await server.pooledStore() : try await server.store()
        self.readsBeside = readsBeside
    }

    var address: PostgresAddress {
        get throws { try #require(PostgresAddress(url)) }
    }

    func open() async throws -> any Store {
        try PostgresStore.open(address, readsBeside: readsBeside)
    }
}

/// The cases run one after the other, because each needs several connections.
@Suite("PostgreSQL store", .serialized, .enabled(if: PostgresServer.isWanted, "PostgreSQL is not installed"))
struct PostgresContractTests {
    @Test(
        "The PostgreSQL store fulfills the contract of stores, with several connections and with one",
        arguments: StoreContract.cases, [true, false])
    func contract(_ contract: StoreContract.Case, readsBeside: Bool) async throws {
        try await contract.run(PostgresFixture(readsBeside: readsBeside))
    }

    @Test("The PostgreSQL store answers random calls as the memory store does", arguments: StoreModel.seeds(3))
    func model(seed: UInt64) async throws {
        try await StoreModel.compare(PostgresFixture().open(), seed: seed)
    }

    @Test(
        "The PostgreSQL store works behind PgBouncer in transaction mode",
        arguments: StoreContract.transactionCases + StoreContract.claimCases + StoreContract.queueCases)
    func pooled(_ contract: StoreContract.Case) async throws {
        try await contract.run(PostgresFixture(isPooled: true))
    }
}

@Suite("Concurrent writes to PostgreSQL", .enabled(if: PostgresServer.isWanted, "PostgreSQL is not installed"))
struct PostgresCommitTests {
    private struct Refused: Error {}

    @Test("An error undoes only its own write, also if other writes are committed with it")
    func together() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.open()
        let (begun, announce) = AsyncStream<Void>.makeStream()
        let gate = Gate()
        // The first write waits, so that the others are committed together.
        async let first: Void = store.write { _ in
            announce.yield()
            gate.wait(seconds: 4)
        }
        for await _ in begun { break }
        let writes = Task {
            await withTaskGroup(of: Bool.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let result: Void? = try? await store.write { writer in
                            try writer.save(SourceRecord(name: "s\(number)", url: "u"))
                            // The second error is one of the database, which ends the transaction of PostgreSQL.
                            if number % 5 == 0 { throw Refused() }
                            if number % 5 == 1 { try writer.insert([.sample("w"), .sample("w")]) }
                        }
                        return result != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
        }
        try await Task.sleep(for: .milliseconds(200))
        gate.open()
        try await first
        #expect(await writes.value == 30)
        #expect(try await store.read { try $0.sources().count } == 30)
        #expect(try await store.read { try $0.workspaces(WorkspaceFilter()) }.isEmpty)
    }
}
