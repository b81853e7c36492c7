import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Health checks of ready workspaces")
struct HealthTests {
    private static func pass(_ seconds: Int, in world: World) {
        world.with { $0.now = $0.now + .seconds(seconds) }
    }

    private static func workspaces(_ engine: Engine, _ states: WorkspaceState...) async throws -> [Workspace] {
        try await engine.store.read { try $0.workspaces(WorkspaceFilter(states: states)) }
    }

    private static func world(_ preset: String, failures: Int = 2, inspects: Bool = false) throws -> World {
        let world = try World()
        world.with { $0.canInspect = inspects }
        world.commit("template - health=10:\(failures)\n\(preset)")
        return world
    }

    @Test(
        "After the first failed check a workspace cannot be claimed, and after the second it is replaced, create first")
    func oneRots() async throws {
        let world = try Self.world("a 3 1 one-by-one")
        let engine = world.engine(store: try world.open())
        try await engine.sync()
        Self.pass(10, in: world)
        let victim = try #require(try await Self.workspaces(engine, .ready).first?.id)
        world.with { $0.words[victim.rawValue] = "stopped" }
        _ = try await engine.resync()
        #expect(try await Self.workspaces(engine, .suspect).map(\.id) == [victim])
        try await engine.sync()
        let counts = try #require(try await engine.counts("a"))
        #expect((counts.claimable, counts.eligible, counts.unhealthy, counts.starting) == (2, 2, 1, 0))
        _ = try await engine.resync()
        #expect(try await Self.workspaces(engine, .suspect).count == 1, "the next list is not due yet")
        Self.pass(10, in: world)
        _ = try await engine.resync()
        #expect(try await Self.workspaces(engine, .unhealthy).map(\.id) == [victim])
        world.with { $0.calls = [] }
        try await engine.sync()
        #expect(world.with { $0.calls.map { $0.prefix(6) } } == ["create", "delete"])
        #expect(try await engine.counts("a")?.eligible == 3)
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.contains { $0.reason == EventReason.failed.rawValue && $0.kind == .warning })
        #expect(events.contains { $0.reason == EventReason.unhealthy.rawValue })
    }

    @Test("A workspace whose next check is good is claimable again, and nothing is replaced", arguments: [1, 2])
    func recovers(misses: Int) async throws {
        let world = try Self.world("a 3 1", failures: 3)
        let engine = world.engine(store: try world.open())
        try await engine.sync()
        let before = try await Self.workspaces(engine, .ready).map(\.id)
        let victim = try #require(before.first)
        world.with { $0.listedWords[victim.rawValue] = "unhealthy" }
        for _ in 0..<misses {
            Self.pass(10, in: world)
            _ = try await engine.resync()
            try await engine.sync()
        }
        world.with { $0.listedWords = [:] }
        Self.pass(10, in: world)
        _ = try await engine.resync()
        try await engine.sync()
        #expect(try await Self.workspaces(engine, .ready).map(\.id) == before)
        #expect(try await engine.counts("a")?.claimable == 3)
    }

    @Test("If the provisioner can inspect, an inspection decides about a suspect", arguments: [true, false])
    func inspected(isBroken: Bool) async throws {
        let world = try Self.world("a 3 1 one-by-one", inspects: true)
        let engine = world.engine(store: try world.open())
        try await engine.sync()
        Self.pass(10, in: world)
        let victim = try #require(try await Self.workspaces(engine, .ready).first?.id)
        world.with { state in
            if isBroken {
                state.words[victim.rawValue] = "stopped"
            } else {
                state.listedWords[victim.rawValue] = "stopped"
            }
        }
        _ = try await engine.resync()
        #expect(try await Self.workspaces(engine, .suspect).map(\.id) == [victim])
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 3)
        #expect(try await Self.workspaces(engine, .ready).contains { $0.id == victim } != isBroken)
    }

    @Test("A checker that condemns everything once deletes nothing, and claims go on")
    func liesOnce() async throws {
        let world = try Self.world("a 10 1")
        let engine = world.engine(store: try world.open())
        try await engine.sync()
        Self.pass(10, in: world)
        let before = try await Self.workspaces(engine, .ready).map(\.id)
        world.with { state in for id in before { state.listedWords[id.rawValue] = "unhealthy" } }
        let report = try #require(try await engine.resync().first)
        #expect(report.suspicion != nil)
        try await engine.sync()
        #expect(try await Self.workspaces(engine, .ready).map(\.id) == before)
        #expect(before.contains(try await engine.claim("a", owner: "ada").id))
        world.with { $0.listedWords = [:] }
        Self.pass(10, in: world)
        _ = try await engine.resync()
        try await engine.sync()
        #expect(world.with { $0.calls.count { $0.hasPrefix("delete") } } == 0)
    }

    @Test(
        "Workspaces that most of a list reports as broken are claimed last, and are replaced when the next list agrees")
    func mostRot() async throws {
        let world = try Self.world("a 4 1")
        let engine = world.engine(store: try world.open())
        try await engine.sync()
        Self.pass(10, in: world)
        let all = try await Self.workspaces(engine, .ready).map(\.id)
        let good = try #require(all.last)
        world.with { state in for id in all.dropLast() { state.words[id.rawValue] = "stopped" } }
        _ = try await engine.resync()
        #expect(try await Self.workspaces(engine, .ready).count == 4)
        #expect(try await engine.claim("a", owner: "ada").id == good, "the others come last")
        Self.pass(10, in: world)
        _ = try await engine.resync()
        #expect(try await Self.workspaces(engine, .unhealthy).count == 3)
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 4)
        #expect(try await Self.workspaces(engine, .unhealthy).isEmpty)
    }

    @Test("If a limit on workspaces leaves no room, unhealthy ones are deleted first")
    func limit() async throws {
        let world = try Self.world("a 4 1 one-by-one")
        var policy = Policy()
        policy.limits.instancesPerPreset = 4
        let engine = world.engine(store: try world.open(), policy: policy)
        try await engine.sync()
        let victim = try #require(try await Self.workspaces(engine, .ready).first?.id)
        world.with { $0.words[victim.rawValue] = "stopped" }
        for _ in 0..<2 {
            Self.pass(10, in: world)
            _ = try await engine.resync()
        }
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 4)
    }

    @Test("While 20 % of the workspaces rot at random within an hour, under 0.1 % of claims get a dead one")
    func rotting() async throws {
        let world = try Self.world("a 60 1")
        let engine = world.engine(store: try world.open(), seed: 7)
        try await engine.sync()
        var random = SplitMix64(seed: 3)
        var (rotten, dead, chances) = (0, 0, 0.0)
        let seconds = 1800
        for second in 1...seconds {
            Self.pass(1, in: world)
            let ready = try await Self.workspaces(engine, .ready).map(\.id.rawValue)
            // Each ready workspace stops with a probability of 20 % in an hour.
            for id in ready where random.next() % 18_000 == 0 {
                rotten += 1
                world.with { $0.words[id] = "stopped" }
            }
            // The chance that a claim in this second gets a dead workspace. A count of dead claims would need many more
            // claims to be as exact.
            chances += Double(world.with { state in ready.count { state.words[$0] != nil } }) / Double(ready.count)
            let claimed = try await engine.claim("a", owner: "ada").id.rawValue
            if world.with({ $0.words[claimed] != nil }) { dead += 1 }
            world.with { $0.words[claimed] = nil }
            guard second % 10 == 0 else { continue }
            _ = try await engine.resync()
            try await engine.sync()
        }
        #expect(rotten > 3, "workspaces did rot")
        #expect(chances / Double(seconds) < 0.001, "\(dead) of \(seconds) claims got a dead workspace")
        #expect(dead * 200 < seconds, "\(dead) of \(seconds) claims got a dead workspace")
    }

    @Test("A claimed workspace that stops is never touched, and its preset has a condition until it is well again")
    func claimed() async throws {
        let world = try Self.world("a 3 1")
        let engine = world.engine(store: try world.open())
        try await engine.sync()
        let claimed = try await engine.claim("a", owner: "ada")
        try await engine.sync()
        world.with { $0.words[claimed.id.rawValue] = "stopped" }
        for _ in 0..<3 {
            Self.pass(10, in: world)
            _ = try await engine.resync()
            try await engine.sync()
        }
        #expect(try await engine.store.read { try $0.workspace(claimed.id.rawValue)?.state } == .claimed)
        let condition = try await engine.store.read { try $0.conditions(source: "presets").values.first }
        #expect(condition?.contains { $0.kind == .claimUnhealthy } == true)
        #expect(try await Overview(engine, for: LocalAudience()).isHealthy == false)
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.count { $0.reason == EventReason.failed.rawValue && $0.owner != nil } == 1)
        world.with { $0.words = [:] }
        Self.pass(10, in: world)
        _ = try await engine.resync()
        try await engine.sync()
        #expect(try await engine.assess("presets").statuses.allSatisfy(\.isHealthy))
    }

    @Test("A claim prefers a workspace that was checked within the freshness")
    func freshness() async throws {
        let world = try Self.world("a 1 1")
        let engine = world.engine(store: try world.open())
        try await engine.sync()
        _ = try await engine.resync(force: true)
        let old = try #require(try await Self.workspaces(engine, .ready).first?.id)
        Self.pass(400, in: world)
        world.with { $0.failsToList = true }
        world.commit("template - health=10:2\na 2 1")
        try await engine.sync()
        let first = try await engine.claim("a", owner: "ada").id
        #expect(first != old, "the older one was not checked for 400 s")
    }

    @Test("`replace` replaces ready workspaces by the rollout strategy", arguments: [true, false])
    func replace(isPreset: Bool) async throws {
        let world = try Self.world("a 3 1 one-by-one")
        let engine = world.engine(store: try world.open())
        try await engine.sync()
        let before = try await Self.workspaces(engine, .ready)
        let key = try #require(before.first?.preset)
        if isPreset {
            #expect(try await engine.replace(preset: key, by: "ada") == 3)
        } else {
            _ = try await engine.replace(workspace: before[1].name, by: "ada")
        }
        world.with { $0.calls = [] }
        try await engine.sync()
        let calls = world.with { $0.calls.map { String($0.prefix(6)) } }
        let rounds = isPreset ? 3 : 1
        #expect(calls.sorted() == Array(repeating: "create", count: rounds) + Array(repeating: "delete", count: rounds))
        // The next create runs beside a delete, so their order varies. A delete never comes before its create.
        #expect(calls.indices.allSatisfy { end in calls[...end].count { $0 == "delete" } * 2 <= end + 1 })
        let after = try await Self.workspaces(engine, .ready).map(\.id)
        #expect(after.count == 3)
        let kept = isPreset ? [] : [before[0].id, before[2].id]
        #expect(Set(after).intersection(before.map(\.id)) == Set(kept))
        let claimed = try await engine.claim("a", owner: "ada")
        await #expect(throws: ReplaceError.self) {
            _ = try await engine.replace(workspace: claimed.id.rawValue, by: "ada")
        }
    }
}
