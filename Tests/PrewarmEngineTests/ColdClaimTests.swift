import PrewarmCore
import PrewarmEngine
import Testing

@Suite("A claim on an empty pool")
struct ColdClaimTests {
    @Test("A claim on an empty pool creates a workspace for its owner if the manifest says so")
    func made() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 0 1 cold\nb 0 1")
        try await engine.sync()
        let cold = try await engine.claim("a", owner: "ada", idempotencyKey: .local("k"))
        #expect(cold.isCold && cold.owner == "ada")
        #expect(try await engine.claim("a", owner: "ada", idempotencyKey: .local("k")).id == cold.id)
        try await engine.sync()
        let made = try #require(try await engine.store.read { try $0.workspace(cold.id.rawValue) })
        #expect(made.state == .claimed && made.readyAt != nil && made.endpoint != nil)
        #expect(world.with(\.instances) == [cold.id.rawValue])
        await #expect(throws: ClaimError.self) { try await engine.claim("b", owner: "ada") }
    }

    @Test("A failed build for a claim counts as a failure and leaves nothing behind")
    func failed() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 0 1 cold")
        world.with { $0.brokenVersions = ["1"] }
        try await engine.sync()
        let cold = try await engine.claim("a", owner: "ada", idempotencyKey: .local("k"))
        try await engine.sync()
        #expect(try await engine.store.read { try $0.workspace(cold.id.rawValue) }?.state == .deleted)
        #expect(world.with(\.instances).isEmpty)
        let again = try await engine.claim("a", owner: "ada", idempotencyKey: .local("k"))
        #expect(again.id != cold.id && again.isCold, "the key can be used for another try")
    }

    @Test("A claim on an empty pool is refused above a limit and while the preset is suspended")
    func refused() async throws {
        let world = try World()
        let engine = world.engine(
            store: try world.open(), policy: Policy(limits: Policy.Limits(instancesPerPreset: 1)))
        world.commit("a 0 1 cold")
        try await engine.sync()
        _ = try await engine.claim("a", owner: "ada")
        await #expect(throws: ClaimError.self) { try await engine.claim("a", owner: "bob") }
    }

    @Test("A claim that is released before its workspace is started creates nothing")
    func released() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 0 1 cold")
        try await engine.sync()
        let cold = try await engine.claim("a", owner: "ada")
        _ = try await engine.release(cold.id.rawValue)
        try await engine.sync()
        #expect(world.with(\.instances).isEmpty)
        #expect(world.with(\.calls).allSatisfy { !$0.hasPrefix("create") })
    }

    @Test("A repeated claim with the same key returns the same workspace, even if its preset was removed")
    func keyOutlivesPreset() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1\nb 1 1")
        try await engine.sync()
        let claimed = try await engine.claim("a", owner: "ada", idempotencyKey: .local("once"))
        world.commit("b 1 1")
        try await engine.sync()
        #expect(try await engine.claim("a", owner: "ada", idempotencyKey: .local("once")).id == claimed.id)
        await #expect(throws: ClaimError.self) {
            try await engine.claim("a", owner: "eve", idempotencyKey: .local("once"))
        }
        await #expect(throws: ClaimError.self) {
            try await engine.claim("b", owner: "ada", idempotencyKey: .local("once"))
        }
        _ = try await engine.release(claimed.id.rawValue)
        try await engine.sync()
        #expect(try await engine.store.read { try $0.presets(named: "a") }.isEmpty)
        let again = try await engine.claim("presets/a", owner: "ada", idempotencyKey: .local("once"))
        #expect(again.id == claimed.id && again.state == .deleted)
    }
}
