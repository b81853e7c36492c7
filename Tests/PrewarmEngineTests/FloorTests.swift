import ClockSupport
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import Testing

/// Claims while workspaces are replaced, and the effects of limits.
@Suite("A pool that replaces workspaces")
struct FloorTests {
    @Test("Expired workspaces are claimed last, and only if the strategy keeps a floor")
    func expired() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1 ttl=3600 one-by-one\nb 2 1 ttl=3600 recreate")
        try await engine.sync()
        world.with { $0.now = $0.now + .seconds(4000) }
        #expect(try await engine.counts("a")?.eligible == 0)
        #expect(try await engine.counts("a")?.claimable == 2)
        #expect(try await engine.counts("b")?.claimable == 0)
        _ = try await engine.claim("a", owner: "ada")
        await #expect(throws: ClaimError.self) { try await engine.claim("b", owner: "ada") }
        try await engine.sync()
        let counts = try #require(try await engine.counts("a"))
        #expect(counts.eligible == 2 && counts.expired == 0 && counts.claimable == 2)
    }

    @Test("Build times are measured, and workspaces are replaced before the end of the ttl")
    func renewed() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.with { $0.startsSlowly = true }
        world.commit("a 1 1 ttl=3600 one-by-one")
        try await engine.sync()
        world.with {
            $0.startsSlowly = false
            $0.now = $0.now + .seconds(600)
        }
        try await engine.sync()
        let key = PresetKey(source: "presets", name: "a")
        #expect(try await engine.store.read { try $0.buildTimes(of: [key]) } == [key: .seconds(600)])
        #expect(try await engine.store.read { try $0.buildTimes(source: "presets") } == [key: .seconds(600)])
        let old = world.with(\.instances)
        // The replacement starts two build times before the end.
        world.with { $0.now = $0.now + .seconds(2399) }
        try await engine.sync()
        #expect(world.with(\.instances) == old)
        world.with { $0.now = $0.now + .seconds(1) }
        try await engine.sync()
        #expect(world.with(\.instances).count == 1)
        #expect(world.with(\.instances).isDisjoint(with: old))
    }

    @Test("With Recreate, outdated workspaces are claimable while the new version waits, but not while it rolls out")
    func recreate() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 8 1 recreate")
        try await engine.sync()
        world.commit("a 8 2 recreate")
        try await engine.sync()
        let status = try #require(try await engine.assess("presets").statuses.first)
        #expect(status[.deletionsHeld] != nil)
        #expect(status.pool.counts.claimable == 8, "the held preset keeps its version")
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await engine.suspend(.all, reason: nil, by: "ada", until: nil)
        _ = try await engine.reconcile("presets")
        #expect(try await engine.counts("a")?.outdated == 8)
        #expect(try await engine.counts("a")?.claimable == 8)
        _ = try await engine.claim("a", owner: "ada")
        #expect(try await engine.resume(.all, by: "ada"))
        _ = try await engine.reconcile("presets")
        #expect(try await engine.counts("a")?.claimable == 0)
        await #expect(throws: ClaimError.self) { try await engine.claim("a", owner: "ada") }
    }

    @Test("At a limit, a kept failed workspace gives way to desired workspaces, also of other sources")
    func keptFailure() async throws {
        let world = try World()
        let store = try world.open()
        let policy = Policy(limits: Policy.Limits(instances: 4))
        let (first, second) = (FileGit(), FileGit())
        let engine = Engine(
            store: store,
            sources: [
                Engine.Source(name: "first", url: "memory", git: first),
                Engine.Source(name: "second", url: "memory", git: second),
            ],
            provisioners: ["local": MemoryProvisioner(world: world)], defaultProvisioner: "local", policy: policy,
            parser: ManifestParsing(version: 1, sizeLimit: 1000) { ManifestParser.parse($0) },
            clock: world.clock, random: randomBits,
            holder: "first", isDead: { _ in false })
        func text(_ name: String, _ rest: String) -> [String: String] {
            [
                "\(name).yaml": "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: \(name)}\n"
                    + "spec: {template: go, \(rest)}\n"
            ]
        }
        world.with { $0.brokenVersions = ["9"] }
        first.commit(text("a", "version: \"9\", instances: 1, keepFailed: 1, failureLimit: 1"))
        second.commit(text("b", "version: \"1\", instances: 4"))
        try await engine.sync()
        for _ in 0..<3 {
            world.with { $0.now = $0.now + .seconds(16) }
            try await engine.sync()
        }
        #expect(try await engine.assess("first").plan.pools.first?.counts.failed == 0)
        let full = try #require(try await engine.assess("second").statuses.first)
        #expect(full.pool.counts.eligible == 4 && full.isHealthy)
    }

    @Test("A pool that a limit keeps below its desired number is not healthy")
    func shortByLimit() async throws {
        for limits in [
            Policy.Limits(instancesPerPreset: 2), Policy.Limits(instancesPerSource: 2), Policy.Limits(instances: 2),
        ] {
            let world = try World()
            let engine = world.engine(store: try world.open(), policy: Policy(limits: limits))
            world.commit("a 3 1")
            try await engine.sync()
            #expect(try await engine.assess("presets").statuses.first?.isHealthy == false)
            world.commit("a 2 1")
            try await engine.sync()
            #expect(try await engine.assess("presets").statuses.first?.isHealthy == true)
        }
    }
}
