import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Holds of a source")
struct HoldTests {
    @Test("A pinned source stays at its commit until the pin ends")
    func pinned() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1")
        try await engine.sync()
        let good = world.with(\.head) ?? ""
        world.commit("a 3 1")
        try await engine.sync()
        #expect(try await engine.counts("a")?.desired == 3)
        let end = world.with(\.now) + .seconds(3600)
        _ = try await engine.pin("presets", at: good, reason: "a bad merge", by: "ada", until: end)
        try await engine.sync()
        world.commit("a 9 1")
        try await engine.sync()
        #expect(try await engine.counts("a")?.desired == 1)
        world.with { $0.now = end }
        try await engine.sync()
        #expect(try await engine.counts("a")?.desired == 9)
        #expect(try await engine.unpin("presets", by: "ada"))
        #expect(try await !engine.unpin("presets", by: "ada"))
    }

    @Test("A frozen source carries out only the allowed actions, and it serves claims")
    func frozen() async throws {
        let world = try World()
        var policy = Policy()
        let nine = try CronExpression("0 9 * * *")
        policy.freezes["presets"] = [
            Freeze(cron: nine, duration: .seconds(3600), timezone: "UTC", allowed: [.create])
        ]
        let engine = world.engine(store: try world.open(), policy: policy)
        world.with { $0.now = Timestamp(seconds: 1_780_000_000 / 86_400 * 86_400 + 8 * 3600) }
        world.commit("a 3 1")
        try await engine.sync()
        world.with { $0.now = $0.now + .seconds(3600 + 1800) }
        _ = try await engine.claim("a", owner: "ada")
        world.commit("a 2 2")
        try await engine.sync()
        let frozen = try #require(try await engine.assess("presets").statuses.first)
        #expect(frozen[.limited]?.reason == "Frozen")
        #expect(world.with(\.calls).allSatisfy { !$0.hasPrefix("delete") })
        world.with { $0.now = $0.now + .seconds(1800) }
        try await engine.sync()
        let thawed = try #require(try await engine.counts("a"))
        #expect(thawed.eligible == 2 && thawed.outdated == 0)
    }

    @Test("A preset in the mode observe is planned for, but nothing is carried out")
    func observed() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 3 1 observe\nb 1 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 1)
        let status = try #require(try await engine.assess("presets").statuses.first)
        #expect(status[.limited]?.reason == "Observed")
    }

    @Test("The newest revision does not wait for builds of an older one")
    func overtaken() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 4 1")
        world.with { $0.endlessVersions = ["1"] }
        async let older = engine.sync()
        // One of the four slots is kept for people's work.
        try await eventually("three builds run") { world.with(\.calls).count == 3 }
        world.commit("a 4 2")
        _ = try await engine.reconcile("presets")
        _ = try await older
        #expect(try await engine.counts("a")?.eligible == 4)
        let versions = try await engine.store.read { try $0.workspaces(WorkspaceFilter(states: [.ready])) }
        #expect(versions.map(\.spec.version) == ["2", "2", "2", "2"])
    }

    @Test("A bad new version costs three builds and then one an hour")
    func canary() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 8 1")
        try await engine.sync()
        world.with { $0.brokenVersions = ["2"] }
        world.commit("a 8 2")
        for tries in [3, 4] {
            for _ in 0..<6 {
                try await engine.sync()
                world.with { $0.now = $0.now + .seconds(600) }
            }
            #expect(world.with(\.calls).count { $0.hasPrefix("create") } == 8 + tries)
        }
        #expect(try await engine.counts("a")?.claimable ?? 0 >= 6, "the workspaces of the old version stay claimable")
        #expect(try await engine.assess("presets").statuses.first?[.stalled] != nil)
        world.commit("a 8 3")
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 8, "a newer version is built at once")
    }
}
