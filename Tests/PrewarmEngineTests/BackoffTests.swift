import PrewarmCore
import PrewarmEngine
import Testing

@Suite("A preset whose builds fail")
struct BackoffTests {
    private static func creates(_ world: World) -> Int {
        world.with { state in state.calls.count { $0.hasPrefix("create") } }
    }

    private static func pass(_ seconds: Int, in world: World) { world.with { $0.now = $0.now + .seconds(seconds) } }

    @Test("starts none of its pending builds after one failed, and then one try at a time")
    func oneTryAtATime() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 24 1 limit=2")
        world.with { $0.brokenVersions = ["1"] }
        try await engine.sync()
        #expect(Self.creates(world) == 3, "as many as ran side by side")
        #expect(try await engine.assess("presets").failures.values.map(\.count) == [1])
        #expect(try await engine.counts("a")?.starting == 0, "what waited is canceled")
        for _ in 0..<5 {
            Self.pass(301, in: world)
            try await engine.sync()
        }
        #expect(Self.creates(world) == 4, "one try more reaches the limit of two")
        #expect(try await engine.assess("presets").statuses.first?[.stalled] != nil)
    }

    @Test("that is stalled tries again once an hour, stays stalled meanwhile, and heals")
    func heals() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1 limit=1")
        world.with { $0.brokenVersions = ["1"] }
        try await engine.sync()
        let first = Self.creates(world)
        for hour in 1...2 {
            Self.pass(3599, in: world)
            try await engine.sync()
            #expect(Self.creates(world) == first + hour - 1)
            Self.pass(1, in: world)
            try await engine.sync()
            #expect(Self.creates(world) == first + hour)
            #expect(try await engine.assess("presets").statuses.first?[.stalled] != nil)
        }
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.count { $0.reason == "Stalled" } == 1)
        world.with { $0.brokenVersions = [] }
        Self.pass(3600, in: world)
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 2)
        #expect(try await engine.assess("presets").failures.isEmpty)
    }

    @Test("delays no other preset, and leaves the builds of a newer version alone")
    func others() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 5 1 limit=1\nb 5 2")
        world.with { $0.brokenVersions = ["1"] }
        try await engine.sync()
        #expect(try await engine.counts("b")?.eligible == 5)
        world.commit("a 5 3 limit=1\nb 5 2")
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 5)
    }

    @Test("is tried again by a higher limit of failures, and all are by a retry of all")
    func retryAll() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1 limit=1\nb 1 1 limit=1")
        world.with { $0.brokenVersions = ["1"] }
        try await engine.sync()
        #expect(Self.creates(world) == 2)
        world.commit("a 1 1 limit=2\nb 1 1 limit=1")
        try await engine.sync()
        #expect(Self.creates(world) == 3)
        world.with { $0.brokenVersions = [] }
        #expect(try await engine.retryAll(by: "ada") == "2 presets, 0 operations")
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 1)
        #expect(try await engine.counts("b")?.eligible == 1)
    }

    @Test("costs each of many presets one failure while an outage lasts half a minute")
    func outage() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit((0..<40).map { "p\($0) 3 1" }.joined(separator: "\n"))
        world.with { $0.brokenVersions = ["1"] }
        for _ in 0..<40 {
            try await engine.sync()
            Self.pass(1, in: world)
        }
        let failures = try await engine.assess("presets").failures.values.map(\.count)
        #expect(failures.allSatisfy { $0 < 3 }, "\(failures)")
        world.with { $0.brokenVersions = [] }
        Self.pass(300, in: world)
        try await engine.sync()
        #expect(try await engine.assess("presets").statuses.allSatisfy { $0[.ready]?.status == .yes })
    }

    @Test("says in an export what a plan needs to know of its failures")
    func exported() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 9 1 limit=3")
        world.with { $0.brokenVersions = ["1"] }
        try await engine.sync()
        Self.pass(301, in: world)
        try await engine.sync()
        let failed = try await engine.exported().operations.filter { $0.state == .failed }
        #expect(failed.count == 4, "three that ran side by side, and one")
    }
}
