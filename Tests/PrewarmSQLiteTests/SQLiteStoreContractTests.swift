import Foundation
import PrewarmEngine
import PrewarmSQLite
import Testing

/// A file in a directory of its own, which goes with the fixture.
final class SQLiteFixture: StoreFixture {
    let directory: String
    private let readsBeside: Bool
    var path: String { directory + "/store.db" }

    init(readsBeside: Bool = true) throws {
        self.readsBeside = readsBeside
        directory = NSTemporaryDirectory() + "/prewarm-sqlite-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    func open() throws -> any Store {
        try SQLiteStore.open(path: path, readsBeside: readsBeside)
    }
}

struct SQLiteStoreContractTests {
    @Test("SQLite keeps the contract of stores", arguments: StoreContract.cases, [true, false])
    func contract(_ contract: StoreContract.Case, readsBeside: Bool) async throws {
        let fixture = try SQLiteFixture(readsBeside: readsBeside)
        try await contract.run(fixture)
        withExtendedLifetime(fixture) {}
    }

    @Test(arguments: [true, false])
    func whoClosesAStoreLeavesOneFile(readsBeside: Bool) async throws {
        let fixture = try SQLiteFixture(readsBeside: readsBeside)
        do {
            let store = try fixture.open()
            try await store.write { try $0.save(SourceRecord(name: "presets", url: "https://example.org")) }
            #expect(try await store.read { try $0.sources().map(\.name) } == ["presets"])
        }
        func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: fixture.directory) }
        // The queue of a connection may hold it for a moment longer.
        for _ in 0..<1000 where try files().count > 1 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try files() == ["store.db"])
    }
}
