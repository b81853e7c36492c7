import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

@Suite("A source that was removed from the configuration")
struct RemovedSourceTests {
    @Test("A removed source keeps its claimable workspaces until its last revision is approved")
    func heldUntilApproved() async throws {
        let world = try World()
        let store = try world.open()
        let first = world.engine(store: store)
        world.commit("a 3 1\nb 2 1 retain")
        try await first.sync()
        let renamed = world.engine(store: store, source: "renamed")
        try await renamed.sync()
        #expect(world.with(\.instances).count == 10, "the new name has its own pools, and the old one keeps its pools")
        let removed = try #require(try await renamed.removedSources().first)
        #expect(removed.name == "presets" && removed.unclaimed == 5)
        let claimed = try await renamed.claim("presets/a", owner: "ada")

        let approved = try await renamed.approve(world.with(\.head) ?? "", source: "presets", by: "eve")
        #expect(approved.map(\.deletions.count) == [2], "claimed and retained workspaces stay")
        try await renamed.sync()
        #expect(world.with(\.instances).count == 8)
        #expect(world.with { $0.instances.contains(claimed.id.rawValue) })
        #expect(try await renamed.removedSources().map(\.unclaimed) == [2])
    }

    @Test("A removed source is deleted together with its last workspace")
    func forgotten() async throws {
        let world = try World()
        let store = try world.open()
        world.commit("a 3 1")
        try await world.engine(store: store).sync()
        let renamed = world.engine(store: store, source: "renamed")
        let claimed = try await renamed.claim("a", owner: "ada")
        await #expect(throws: ApprovalError.self, "no plan shows a removed source") {
            try await renamed.approve(world.with(\.head) ?? "", by: "eve")
        }
        _ = try await renamed.approve(world.with(\.head) ?? "", source: "presets", by: "eve")
        try await renamed.sync()
        #expect(try await renamed.removedSources().map(\.unclaimed) == [0])
        _ = try await renamed.release(claimed.id.rawValue)
        try await renamed.sync()
        try await renamed.sync()
        #expect(try await renamed.removedSources().isEmpty)
        #expect(world.with(\.instances).count == 3, "only the workspaces of the new name are left")
        #expect(try await store.read { try $0.sources() }.map(\.name) == ["renamed"])
    }

    @Test("A source that is configured again continues its pools, with and without an approval")
    func comesBack() async throws {
        let world = try World()
        let store = try world.open()
        let engine = world.engine(store: store)
        world.commit("a 3 1")
        try await engine.sync()
        let before = world.with(\.instances)
        try await world.engine(store: store, source: "other").sync()
        try await engine.sync()
        #expect(world.with(\.instances).isSuperset(of: before))
        let other = world.engine(store: store, source: "other")
        _ = try await other.approve(world.with(\.head) ?? "", source: "presets", by: "eve")
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 3)
        #expect(try await engine.assess("presets").presets.map(\.retirement) == [nil])
    }

    @Test("Another path of the same commit is read at once")
    func otherFolder() async throws {
        let world = try World()
        let store = try world.open()
        world.commit("a 1 1")
        try await world.engine(store: store, scope: "one").sync()
        let again = try await world.engine(store: store, scope: "one").reconcile("presets")
        #expect(again.isQuiet)
        #expect(try await !world.engine(store: store, scope: "two").reconcile("presets").isQuiet)
    }
}
