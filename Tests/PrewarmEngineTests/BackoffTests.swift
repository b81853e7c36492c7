import PrewarmCore
import PrewarmEngine
import Testing

@Suite("A preset whose builds fail")
struct BackoffTests {
    private static func creates(_ world: World) -> Int {
        world.with { state in state.calls.count { $0.hasPrefix("create") } }
    }

    private static func pass(_ seconds: Int, in world: World) { world.with { $0.now = $0.now + .seconds(seconds) } }

    @Test("After a failed build no pending build starts, and then one is tried at a time")
    func oneTryAtATime() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 24 1 limit=2")
        world.with { $0.brokenVersions = ["1"] }
        try await engine.sync()
        #expect(Self.creates(world) == 3, "three builds ran side by side")
        #expect(try await engine.assess("presets").failures.values.map(\.count) == [1])
        #expect(try await engine.counts("a")?.starting == 0, "the pending builds are canceled")
        for _ in 0..<5 {
            Self.pass(301, in: world)
            try await engine.sync()
        }
        #expect(Self.creates(world) == 4, "one more try reaches the limit of two")
        #expect(try await engine.assess("presets").statuses.first?[.stalled] != nil)
    }

    @Test("A stalled preset tries one build an hour, stays stalled meanwhile and recovers")
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

    @Test("A failing preset delays no other preset and no build of a newer version")
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

    @Test("A stalled preset is tried again with a higher failure limit, and all are with `retry --all`")
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

    @Test("A short outage costs each of many presets at most two failures")
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

    @Test("An export contains the failed builds that a plan needs")
    func exported() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 9 1 limit=3")
        world.with { $0.brokenVersions = ["1"] }
        try await engine.sync()
        Self.pass(301, in: world)
        try await engine.sync()
        let failed = try await engine.exported().operations.filter { $0.state == .failed }
        #expect(failed.count == 4, "three builds ran side by side, and then one")
    }
}
