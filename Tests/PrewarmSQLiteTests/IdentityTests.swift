import Foundation
import GRDB
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmSQLite
@testable import StoreContract

@Suite("Recognition of copies of a store")
struct IdentityTests {
    private let fixture: SQLiteFixture

    init() throws {
        fixture = try SQLiteFixture()
    }

    private func open() throws -> SQLiteStore { try SQLiteStore.open(path: fixture.path, readsBeside: false) }

    private func hold(_ store: SQLiteStore) async throws -> StoreHold.Reason? {
        try await store.read { try $0.identity().hold?.reason }
    }

    private func filled() async throws -> SQLiteStore {
        let store = try open()
        try await store.write { store in
            try store.save([Preset.sample()])
            try store.insert([Workspace.sample("01a"), Workspace.sample("01b"), Workspace.sample("01c")])
        }
        return store
    }

    /// The ways to copy a store.
    enum Copy: CaseIterable {
        case files, filesOfARunningOne, backup

        func make(of path: String) throws -> String {
            let copy = "\(path).copy"
            switch self {
            case .files, .filesOfARunningOne:
                for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
                    try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
                }
            case .backup:
                try DatabaseQueue(path: path).backup(to: DatabaseQueue(path: copy))
            }
            return copy
        }
    }

    private func putBack(_ copy: String) throws {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: fixture.path + suffix)
            if FileManager.default.fileExists(atPath: copy + suffix) {
                try FileManager.default.copyItem(atPath: copy + suffix, toPath: fixture.path + suffix)
            }
        }
    }

    @Test("A store recognizes that it is an older copy of itself", arguments: Copy.allCases, 0..<4)
    func restored(copy: Copy, change: Int) async throws {
        var store = try await filled()
        if copy == .files { store.close() }
        let older = try copy.make(of: fixture.path)
        if copy == .files { store = try open() }
        try await store.write { store in
            switch change {
            case 0: #expect(try store.claim(.sample()) != nil)
            case 1: _ = try store.move([WorkspaceID("01a")], from: [.ready], to: .deleting)
            case 2: try store.insert([Operation.sample("02a", "01a", .delete)])
            default: try store.insert([Workspace.sample("01d")])
            }
        }
        store.close()
        try putBack(older)
        let restored = try open()
        #expect(try await hold(restored) == .restored)
        #expect(try await restored.read { try $0.events(EventFilter()).last?.reason } == "StoreRestored")
        restored.close()
        let again = try open()
        #expect(try await hold(again) == .restored, "the hold stays until it is approved")
        let counter = try await again.read { try $0.identity().counter }
        try await again.write { try $0.endHold(newest: nil) }
        again.close()
        let approved = try open()
        #expect(try await hold(approved) == nil)
        #expect(try await approved.read { try $0.identity().counter } > counter)
        approved.close()
        try putBack(older)
        #expect(try await hold(try open()) == .restored, "the same copy is recognized again")
    }

    @Test("A store recognizes itself after failed claims, after reads and after a kill")
    func same() async throws {
        let store = try await filled()
        await #expect(throws: CancellationError.self) {
            try await store.write { store in
                _ = try store.claim(.sample())
                throw CancellationError()
            }
        }
        _ = try await store.write { try $0.claim(.sample(preset: PresetKey(source: "x", name: "y"))) }
        let identity = try await store.read { try $0.identity().id }
        // Simulates a kill: another process opens the store while this one still has it open.
        #expect(try await hold(try open()) == nil)
        store.close()
        #expect(try await hold(try open()) == nil)
        #expect(try await open().read { try $0.identity().id } == identity)
    }

    @Test(
        "A store with workspaces is not sure of itself without its identity file, or with an invalid one",
        arguments: [nil, "", "nonsense", "a b c", "0123 x", "ID 99999999999999999999 0123456789abcdef\n"])
    func unconfirmed(text: String?) async throws {
        let store = try await filled()
        let identity = try await store.read { try $0.identity().id }
        try await store.write { try $0.setListed(provisioner: "local", at: .at(100)) }
        store.close()
        let path = fixture.path + ".identity"
        try FileManager.default.removeItem(atPath: path)
        try text?.replacing("ID", with: identity).write(toFile: path, atomically: true, encoding: .utf8)
        let doubtful = try open()
        #expect(try await hold(doubtful) == .unconfirmed)
        #expect(try await doubtful.read { try $0.restoredHold() }?.message.contains(path) == true)
        #expect(try await doubtful.read { try $0.listedAt(provisioner: "local") } == Listing.forgotten)
        #expect(try await doubtful.read { try $0.events(EventFilter()).last?.reason } == "StoreUnconfirmed")
        doubtful.close()
        let again = try open()
        #expect(try await hold(again) == .unconfirmed, "the hold stays until each provisioner was listed")
        #expect(try await again.read { try $0.events(EventFilter()) }.count { $0.reason == "StoreUnconfirmed" } == 1)
        try await again.write { try $0.endHold(newest: nil) }
        again.close()
        #expect(try await hold(try open()) == nil, "the file was written again")
    }

    @Test("A store gets its identity file when it is opened, before it has a workspace")
    func newStore() async throws {
        let store = try open()
        let path = fixture.path + ".identity"
        #expect(try await hold(store) == nil && FileManager.default.fileExists(atPath: path))
        store.close()
        try FileManager.default.removeItem(atPath: path)
        #expect(try await hold(try open()) == nil && FileManager.default.fileExists(atPath: path))
    }

    @Test("A store recognizes the identity file of another store, until it is approved")
    func fresh() async throws {
        let store = try await filled()
        let old = try await store.read { try $0.identity().id }
        store.close()
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: fixture.path + suffix) }
        for _ in 0..<2 {
            let fresh = try open()
            #expect(try await hold(fresh) == .fresh)
            let identity = try await fresh.read { try $0.identity() }
            #expect(identity.id != old && !identity.isForeign(old) && identity.isForeign("other"))
            fresh.close()
        }
        try await open().write { try $0.endHold(newest: nil) }
        #expect(try await hold(try open()) == nil)
    }

    @Test("A store recognizes that it is a copy from before it had its identity")
    func olderThanIdentities() async throws {
        let store = try await filled()
        store.close()
        try await DatabaseQueue(path: fixture.path).write { database in
            try database.execute(sql: "UPDATE store SET identity = 'aaaa', counter = 0")
        }
        #expect(try await hold(try open()) == .restored)
    }

    @Test(
        "A store recognizes that its files were removed or replaced while it is open", arguments: ["", "-wal"],
        [true, false])
    func replaced(suffix: String, isBack: Bool) async throws {
        let store = try SQLiteStore.open(path: fixture.path)
        try await store.write { store in
            try store.save([Preset.sample()])
            try store.insert([Workspace.sample("01a")])
        }
        #expect(try await store.read { try $0.identity().counter } == 1)
        let file = fixture.path + suffix
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        try FileManager.default.removeItem(atPath: file)
        if isBack { try bytes.write(to: URL(fileURLWithPath: file)) }
        for _ in 0..<2 {
            let error = await #expect(throws: StoreError.self) { try await store.write { try $0.claim(.sample()) } }
            #expect(error?.reason == .replaced && error?.message.contains(file) == true)
        }
        await #expect(throws: StoreError.self) { try await store.read { try $0.sources() } }
        await #expect(throws: StoreError.self) { try await store.checkWritable() }
    }

    @Test("A store recognizes that an older copy was written over it while it is open")
    func overwritten() async throws {
        let store = try await filled()
        let other = try DatabaseQueue(path: fixture.path)
        try await other.write { try $0.execute(sql: "UPDATE store SET counter = 0") }
        let error = await #expect(throws: StoreError.self) { try await store.write { try $0.claim(.sample()) } }
        #expect(error?.reason == .replaced)
        #expect(try await store.read { try $0.workspaces(WorkspaceFilter(states: [.claimed])) }.isEmpty)
    }

    @Test("A store finds out that it cannot write beside its file")
    func full() async throws {
        let store = try await filled()
        try await store.checkWritable()
        let blocker = "\(fixture.path).identity"
        try FileManager.default.removeItem(atPath: blocker)
        try FileManager.default.createDirectory(atPath: blocker + "/x", withIntermediateDirectories: true)
        let error = await #expect(throws: StoreError.self) { try await store.checkWritable() }
        #expect(error?.message.contains("cannot write beside the store, to \(blocker)") == true)
    }

    @Test("A thorough check finds damage that normal use does not find", arguments: [true, false])
    func damage(isThorough: Bool) async throws {
        let store = try await filled()
        #expect(try await store.findDamage(isThorough: isThorough).isEmpty && store.damage.isEmpty)
        store.close()
        try await DatabaseQueue(path: fixture.path).write { database in
            try database.execute(
                sql: """
                    PRAGMA writable_schema = ON;
                    UPDATE sqlite_schema SET sql = replace(sql, 'owner IS NOT NULL', 'owner IS NULL')
                    WHERE name = 'workspaces_of_owner';
                    UPDATE sqlite_schema SET sql = replace(sql, 'source TEXT NOT NULL, name', 'source TEXT, name')
                    WHERE name = 'preset_keys';
                    """)
        }
        let broken = try open()
        let found = try await broken.findDamage(isThorough: true)
        #expect(!found.isEmpty && broken.damage == found)
    }

    @Test("Many concurrent claims update the identity file with each commit")
    func cost() async throws {
        let store = try SQLiteStore.open(path: fixture.path)
        try await store.write { store in
            try store.save([Preset.sample()])
            try store.insert((0..<200).map { Workspace.sample("01\($0)") })
        }
        try await withThrowingTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    let claimed = try await store.write { try $0.claim(.sample(by: Owner(.text, "\(number)"))) }
                    #expect(claimed != nil)
                }
            }
            try await group.waitForAll()
        }
        let counter = try await store.read { try $0.identity().counter }
        #expect(counter == 201)
        let file = try #require(IdentityFile(besides: fixture.path).read())
        #expect(file.counter == counter)
    }
}
