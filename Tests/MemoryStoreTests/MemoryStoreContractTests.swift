import MemoryStore
import PrewarmEngine
import Testing

@testable import StoreContract

/// A state in memory, which each store of the fixture shares.
private struct MemoryFixture: StoreFixture {
    private let database = MemoryDatabase()

    func open() -> any Store { MemoryStore(database) }
}

@Suite("Memory store")
struct MemoryStoreContractTests {
    @Test("The memory store fulfills the contract of stores", arguments: StoreContract.cases)
    func contract(_ contract: StoreContract.Case) async throws {
        try await contract.run(MemoryFixture())
    }
}
