import PrewarmCore
import PrewarmEngine
import Testing

/// The order in which due operations start if slots are scarce.
@Suite("Due operations")
struct StartingTests {
    /// Returns the preset of each call, in the order of the calls.
    private static func calls(_ world: World, _ engine: Engine) async throws -> [String] {
        var calls: [String] = []
        for call in world.with(\.calls) {
            let words = call.split(separator: " ").map(String.init)
            let workspace = try await engine.store.read { try $0.workspace(words[1]) }
            calls.append("\(words[0]) \(workspace?.preset.name ?? "?")")
        }
        return calls
    }

    private static func engine(_ world: World, policy: Policy = Policy()) throws -> Engine {
        world.with { $0.concurrency = 1 }
        return world.engine(store: try world.open(), policy: policy)
    }

    @Test("Operations for a waiting user start before refills")
    func waitingClaim() async throws {
        let world = try World()
        let engine = try Self.engine(world)
        world.commit("a 12 1\nb 0 1 cold")
        _ = try await engine.reconcile("presets")
        _ = try await engine.claim("b", owner: "ada")
        try await engine.sync()
        #expect(try await Self.calls(world, engine).first == "create b")
    }

    @Test("Operations of a higher priority start first, also if the priority changes while they wait")
    func priority() async throws {
        let world = try World()
        let engine = try Self.engine(world)
        world.commit("a 12 1")
        _ = try await engine.reconcile("presets")
        world.commit("a 12 1\nb 1 1 priority=100\nc 1 1")
        _ = try await engine.reconcile("presets")
        world.commit("a 12 1\nb 1 1 priority=100\nc 1 1 priority=-1")
        try await engine.sync()
        let calls = try await Self.calls(world, engine)
        #expect(calls.first == "create b")
        #expect(calls.last == "create c")
    }

    @Test("Operations of presets with the same priority take turns")
    func turns() async throws {
        let world = try World()
        let engine = try Self.engine(world)
        world.commit("a 6 1")
        _ = try await engine.reconcile("presets")
        // Ids that were made in the same millisecond have no order.
        world.with { $0.now = $0.now + .seconds(1) }
        world.commit("a 6 1\nb 3 1")
        try await engine.sync()
        let calls = try await Self.calls(world, engine)
        #expect(
            calls == ["a", "b", "a", "b", "a", "b", "a", "a", "a"].map { "create \($0)" })
    }

    @Test("Deletes that make room under a limit start before creates, other deletes after them")
    func deletions() async throws {
        for (limit, first) in [(6, "delete b"), (nil, "create c")] {
            let world = try World()
            let engine = try Self.engine(world, policy: Policy(limits: Policy.Limits(instances: limit)))
            world.commit("b 3 1")
            try await engine.sync()
            world.with { $0.calls = [] }
            world.commit("b 1 1\nc 9 1")
            try await engine.sync()
            #expect(try await Self.calls(world, engine).first == first)
        }
    }

    @Test("One slot stays free for waiting users")
    func reserve() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.with { $0.endlessVersions = ["1"] }
        world.commit("a 9 1\nb 0 2 cold")
        _ = try await engine.reconcile("presets")
        let runner = OperationRunner(engine)
        let sync = Task { try await runner.run() }
        try await eventually("the third operation runs") { world.with(\.calls).count == 3 }
        _ = try await engine.claim("b", owner: "ada")
        let other = OperationRunner(engine)
        _ = try await other.run()
        #expect(try await Self.calls(world, engine) == ["create a", "create a", "create a", "create b"])
        sync.cancel()
        _ = await sync.result
    }

    @Test("The delete of a released workspace starts even if its preset is suspended")
    func released() async throws {
        for scope in [Suspension.Scope.all, .source("presets"), .preset(PresetKey(source: "presets", name: "a"))] {
            let world = try World()
            let engine = world.engine(store: try world.open())
            world.commit("a 2 1")
            try await engine.sync()
            let claimed = try await engine.claim("a", owner: "ada")
            try await engine.suspend(scope, reason: nil, by: "bob", until: nil)
            world.commit("a 5 1")
            _ = try await engine.release(claimed.id.rawValue)
            try await engine.sync()
            #expect(!world.with(\.instances).contains(claimed.id.rawValue))
            #expect(world.with(\.instances).count == 1, "no other operation runs")
        }
    }
}
