import Foundation
import GRDBSQLite
import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

/// A damaged value in the store does not affect other values. prewarm reports it and reads it from git again.
@Suite("An unreadable value in the store")
struct QuarantineTests {
    private static let manifests = [
        "a.yaml": preset("a"), "b.yaml": preset("b"),
        "t.yaml": "apiVersion: prewarm/v1\nkind: Template\nmetadata: {name: go}\nspec: {activeVersion: \"1\"}\n",
    ]

    private static func preset(_ name: String, instances: Int = 2) -> String {
        "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: \(name)}\nspec: {template: go, instances: \(instances)}\n"
    }

    /// Statements that damage one or all values of each kind.
    static let damages = [
        "UPDATE presets SET value = x'ff' WHERE id = (SELECT id FROM preset_keys WHERE name = 'a')",
        "UPDATE presets SET value = x''", "UPDATE blobs SET bytes = x'ff00'", "UPDATE templates SET value = x'ff'",
        "UPDATE guards SET value = x'ff'", "INSERT OR REPLACE INTO guards VALUES ('presets', x'ff')",
        "UPDATE conditions SET value = x'ff'", "INSERT INTO diagnostics VALUES ('presets', 7, x'ff')",
        "UPDATE specs SET value = x'ff'", "UPDATE workspaces SET metadata = x'ff'",
        "UPDATE sources SET applied = 'nonsense'", "UPDATE revisions SET revision = 'nonsense'",
        "UPDATE workspaces SET state = 99 WHERE id = (SELECT max(id) FROM workspaces)",
    ]

    @Test("An unreadable value does not stop a start, and the next revision is applied", arguments: damages)
    func goesOn(damage: String) async throws {
        let world = try World()
        let git = FileGit()
        git.commit(Self.manifests)
        try await world.engine(git: git, store: try world.open()).sync()
        try world.execute(damage)
        // A new engine and store act like a restarted process.
        let engine = world.engine(git: git, store: try world.open())
        try await engine.sync()
        _ = try await engine.assess("presets")
        git.commit(Self.manifests.merging(["b.yaml": Self.preset("b", instances: 3)]) { $1 })
        for _ in 0..<3 { try await engine.sync() }
        #expect(try await engine.counts("b")?.eligible == 3)
        #expect(try await engine.counts("a")?.eligible == 2)
        let report = try await engine.reconcile("presets")
        #expect(report.isQuiet)
        let left = try await engine.assess("presets").diagnostics
        #expect(left.isEmpty, "\(left)")
    }

    /// Returns a world with an unreadable preset that no process has detected yet.
    private static func damaged() async throws -> (World, FileGit, Engine) {
        let world = try World()
        let git = FileGit()
        git.commit(manifests)
        let engine = world.engine(git: git, store: try world.open())
        try await engine.sync()
        try world.execute(damages[0])
        return (world, git, engine)
    }

    @Test("An unreadable preset is reported, and it is repaired without another commit")
    func mended() async throws {
        let (world, _, engine) = try await Self.damaged()
        #expect(try await engine.assess("presets").diagnostics.map(\.message).contains { $0.contains("preset a") })
        try await engine.sync()
        #expect(try await engine.assess("presets").diagnostics.isEmpty)
        #expect(try await engine.counts("a")?.eligible == 2)
        #expect(world.with(\.instances).count == 4, "no workspace was created or deleted because of it")
    }

    @Test("An unreadable preset that is removed from git leaves no workspace behind")
    func gone() async throws {
        let (world, git, engine) = try await Self.damaged()
        _ = try await engine.assess("presets")
        git.commit(Self.manifests.filter { $0.key != "a.yaml" })
        for _ in 0..<3 { try await engine.sync() }
        #expect(world.with(\.instances).count == 2)
        #expect(try await engine.assess("presets").presets.map(\.key.name) == ["b"])
    }
}

extension World {
    fileprivate struct SQLFailure: Error {}

    /// Executes a statement on the store's file without the store.
    fileprivate func execute(_ sql: String) throws {
        var database: OpaquePointer?
        defer { sqlite3_close(database) }
        guard sqlite3_open(path, &database) == SQLITE_OK, sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else {
            throw SQLFailure()
        }
    }
}
