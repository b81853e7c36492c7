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

    @Test(
        "The PostgreSQL store works behind PgBouncer in transaction mode",
        arguments: StoreContract.transactionCases + StoreContract.claimCases + StoreContract.queueCases)
    func pooled(_ contract: StoreContract.Case) async throws {
        try await contract.run(PostgresFixture(isPooled: true))
    }
}
