import Foundation
import Glibc
import PrewarmEngine
import PrewarmSQLite
import Testing

@testable import StoreContract

/// A store file in a new directory, which is deleted with the fixture.
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

@Suite("SQLite store")
struct SQLiteStoreContractTests {
    @Test(
        "The SQLite store fulfills the contract of stores, with several connections and with one",
        arguments: StoreContract.cases, [true, false])
    func contract(_ contract: StoreContract.Case, readsBeside: Bool) async throws {
        let fixture = try SQLiteFixture(readsBeside: readsBeside)
        try await contract.run(fixture)
        withExtendedLifetime(fixture) {}
    }

    @Test("The SQLite store answers random calls as the memory store does", arguments: StoreModel.seeds(8))
    func model(seed: UInt64) async throws {
        let fixture = try SQLiteFixture()
        try await StoreModel.compare(fixture.open(), seed: seed)
        withExtendedLifetime(fixture) {}
    }

    @Test("Each of many concurrent writes is saved once")
    func manyWrites() async throws {
        let fixture = try SQLiteFixture()
        let store = try SQLiteStore.open(path: fixture.path)
        try await withThrowingTaskGroup { group in
            for number in 0..<300 {
                group.addTask {
                    try await store.write { try $0.save(SourceRecord(name: "s\(number)", url: "u")) }
                    let isThere = try await store.read { try $0.source("s\(number)") != nil }
                    #expect(isThere)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.read { try $0.sources().count } == 300)
    }

    @Test(
        "Each of many concurrent reads ends, also if the store closes", arguments: [true, false])
    func manyReads(readsBeside: Bool) async throws {
        let fixture = try SQLiteFixture(readsBeside: readsBeside)
        let store = try SQLiteStore.open(path: "\(fixture.directory)/store.db", readsBeside: readsBeside)
        func reads(_ count: Int) async -> Int {
            await withTaskGroup { group in
                for number in 0..<count {
                    group.addTask {
                        let sum = try? await store.read { reader in
                            usleep(500)
                            return try reader.sources().count + number
                        }
                        return sum == number ? 1 : 0
                    }
                }
                return await group.reduce(0, +)
            }
        }
        #expect(await reads(200) == 200)
        async let some = reads(200)
        try await Task.sleep(for: .milliseconds(5))
        store.close()
        #expect(await some <= 200)
        await #expect(throws: StoreError.self) { try await store.read { try $0.sources() } }
        await #expect(throws: StoreError.self) { try await store.write { try $0.forget([.go]) } }
    }

    @Test("Reads fail without waiting if no connection can be opened")
    func readersThatCantBeOpened() async throws {
        let fixture = try SQLiteFixture()
        let store = try SQLiteStore.open(path: fixture.path)
        #expect(try await store.read { try $0.sources() }.isEmpty, "the first read uses the connection of the writer")
        try FileManager.default.moveItem(atPath: fixture.directory, toPath: fixture.directory + "-moved")
        defer { try? FileManager.default.removeItem(atPath: fixture.directory + "-moved") }
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask { await #expect(throws: StoreError.self) { try await store.read { try $0.sources() } } }
            }
        }
    }

    @Test("Several processes can create a store at the same time", arguments: 0..<12)
    func openedByMany(round: Int) async throws {
        let fixture = try SQLiteFixture(readsBeside: true)
        let path = "\(fixture.directory)/store.db"
        try await withThrowingTaskGroup { group in
            for number in 0..<6 {
                group.addTask {
                    let store = try SQLiteStore.open(path: path)
                    try await store.write { try $0.save(SourceRecord(name: "s\(number)", url: "u")) }
                    store.close()
                }
            }
            try await group.waitForAll()
        }
        let store = try SQLiteStore.open(path: path)
        #expect(try await store.read { try $0.sources().count } == 6)
    }

    @Test("A closed store leaves a single file and its identity", arguments: [true, false])
    func whoClosesAStoreLeavesOneFile(readsBeside: Bool) async throws {
        let fixture = try SQLiteFixture(readsBeside: readsBeside)
        let store = try SQLiteStore.open(path: "\(fixture.directory)/store.db", readsBeside: readsBeside)
        try await store.write { try $0.save(SourceRecord(name: "presets", url: "https://example.org")) }
        #expect(try await store.read { try $0.sources().map(\.name) } == ["presets"])
        store.close()
        let files = try FileManager.default.contentsOfDirectory(atPath: fixture.directory)
        #expect(files.sorted() == ["store.db", "store.db.identity"])
    }
}
