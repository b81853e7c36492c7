import Foundation
import PrewarmEngine
import PrewarmSQLite
import Testing

/// A file in a directory of its own, which goes with the fixture.
final class SQLiteFixture: StoreFixture {
    let directory: String
    var path: String { directory + "/store.db" }

    init() throws {
        directory = NSTemporaryDirectory() + "/prewarm-sqlite-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    func open() throws -> any Store {
        try SQLiteStore.open(path: path)
    }
}

struct SQLiteStoreContractTests {
    @Test("SQLite keeps the contract of stores", arguments: StoreContract.cases)
    func contract(_ contract: StoreContract.Case) async throws {
        let fixture = try SQLiteFixture()
        try await contract.run(fixture)
        withExtendedLifetime(fixture) {}
    }
}
