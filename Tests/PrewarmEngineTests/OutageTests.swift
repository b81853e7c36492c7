import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Outages of a provisioner")
struct OutageTests {
    private static func creates(_ world: World) -> Int { world.with { $0.calls.count { $0.hasPrefix("create") } } }

    private static func pass(_ seconds: Int, in world: World) {
        world.with { $0.now = $0.now + .seconds(seconds) }
    }

    private static func ready(_ engine: Engine) async throws -> Int {
        try await engine.assess("presets").plan.pools.reduce(0) { $0 + $1.counts.eligible }
    }

    @Test(
        "An hour's outage under 200 presets stalls nothing and ends without a human",
        arguments: [
            Outcome.failed("connection refused"),
            .refused(ProviderError(.outage, "the API is down", retryAfter: .seconds(60))),
        ])
    func anHour(outcome: Outcome) async throws {
        let world = try World()
        var engine = world.engine(store: try world.open())
        let presets = (100..<300).map { "p\($0) 2 1" }.joined(separator: "\n")
        world.commit(presets)
        try await engine.sync()
        let coldFill = Self.creates(world)
        #expect(coldFill == 400)
        for number in 100..<300 { for _ in 0..<2 { _ = try await engine.claim("p\(number)", owner: "ada") } }
        world.with { $0.outcome = outcome }
        try await engine.sync()
        let opened = Self.creates(world) - coldFill
        #expect(opened <= 5 + 2 * 4, "creates that ran before the breaker opened")
        #expect(try await engine.store.read { try $0.openBreakers().map(\.provisioner) } == ["local"])
        var probes = 0
        for step in 0..<240 {
            Self.pass(15, in: world)
            // Half an hour later prewarm starts again: the state of the breaker is in the store.
            if step == 120 { engine = world.engine(store: try world.open(), holder: "second") }
            let before = Self.creates(world)
            try await engine.sync()
            #expect(Self.creates(world) - before <= 1, "at most one probe at a time")
            probes += Self.creates(world) - before
        }
        #expect((11...16).contains(probes), "\(probes) probes in an hour")
        let during = try await engine.assess("presets")
        #expect(during.failures.isEmpty, "failures that led to the outage are taken back")
        #expect(during.statuses.allSatisfy { $0[.stalled] == nil && $0[.backingOff] == nil })
        #expect(during.statuses.allSatisfy { $0[.provisionerUnavailable] != nil && !$0.isHealthy })
        world.with { $0.outcome = nil }
        let recovery = Self.creates(world)
        var steps = 0
        while try await Self.ready(engine) < 400, steps < 30 {
            Self.pass(15, in: world)
            try await engine.sync()
            steps += 1
        }
        #expect(try await Self.ready(engine) == 400, "full again without a human")
        #expect(steps <= 21, "one pause of 5 minutes until the next probe")
        #expect(Double(Self.creates(world) - recovery) <= 1.2 * Double(coldFill))
        let after = try await engine.assess("presets")
        #expect(after.failures.isEmpty)
        #expect(after.statuses.allSatisfy { $0[.stalled] == nil && $0[.provisionerUnavailable] == nil })
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.count { $0.reason == EventReason.provisionerUnavailable.rawValue } == 1)
        #expect(events.count { $0.reason == EventReason.provisionerAvailable.rawValue } == 1)
        #expect(events.allSatisfy { $0.reason != EventReason.stalled.rawValue })
    }

    @Test("Deletes go on while the provisioner is unavailable, and `retry --provisioner` tries a create at once")
    func deletes() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1")
        try await engine.sync()
        let claimed = try await engine.claim("a", owner: "ada")
        world.with { $0.outcome = .refused(ProviderError(.outage, "down")) }
        try await engine.sync()
        world.with { $0.outcome = nil }
        _ = try await engine.release(claimed.id.rawValue)
        try await engine.sync()
        #expect(try await engine.store.read { try $0.workspace(claimed.id.rawValue)?.state } == .deleted)
        #expect(try await engine.counts("a")?.eligible == 1, "creates still wait")
        #expect(try await Overview(engine, for: LocalAudience()).isHealthy == false)
        #expect(try await engine.retry(provisioner: "local", by: "ada") == "provisioner local: 0 presets, 1 operation")
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 2)
        #expect(try await Overview(engine, for: LocalAudience()).isHealthy)
        await #expect(throws: RetryError.self) { try await engine.retry(provisioner: "other", by: "ada") }
    }

    @Test("A definition that the provisioner calls invalid is stalled at once")
    func invalid() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1")
        world.with { $0.outcome = .refused(ProviderError(.invalid, "no such image")) }
        try await engine.sync()
        #expect(try await engine.assess("presets").statuses.first?[.stalled] != nil)
        #expect(Self.creates(world) == 1)
    }

    @Test("A probe whose definition is invalid stalls its preset at once, and the next probe is of another preset")
    func invalidProbe() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1\nb 1 1")
        world.with { $0.outcome = .refused(ProviderError(.outage, "down")) }
        try await engine.sync()
        world.with { $0.outcome = .refused(ProviderError(.invalid, "no such image")) }
        Self.pass(31, in: world)
        let before = Self.creates(world)
        try await engine.sync()
        #expect(Self.creates(world) == before + 1, "the invalid definition is not tried again at once")
        let statuses = try await engine.assess("presets").statuses
        let stalled = statuses.filter { $0[.stalled] != nil }.map(\.preset.key.name)
        #expect(stalled.count == 1)
        #expect(statuses.allSatisfy { $0[.provisionerUnavailable] != nil }, "the answer says nothing about that")
        world.with { $0.outcome = nil }
        Self.pass(29, in: world)
        try await engine.sync()
        #expect(Self.creates(world) == before + 1, "the pause is kept")
        Self.pass(2, in: world)
        try await engine.sync()
        #expect(try await engine.store.read { try $0.openBreakers() }.isEmpty)
        let other = stalled == ["a"] ? "b" : "a"
        #expect(try await engine.counts(other)?.eligible == 1)
        let after = try await engine.assess("presets").statuses
        #expect(after.filter { $0[.stalled] != nil }.map(\.preset.key.name) == stalled)
    }

    @Test("A probe that prewarm ends itself says nothing about the provider")
    func abandonedProbe() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1\nb 1 1")
        world.with { $0.outcome = .refused(ProviderError(.outage, "down")) }
        try await engine.sync()
        world.with {
            $0.outcome = nil
            $0.endlessVersions = ["1"]
        }
        Self.pass(31, in: world)
        let sync = Task { try await engine.sync() }
        let before = Self.creates(world)
        try await eventually("a probe runs") { Self.creates(world) > before }
        let probed = try #require(try await engine.store.read { try $0.breaker(of: "local") }.lastProbed?.name)
        // The definition changes, so the probe is no longer wanted.
        world.commit(probed == "a" ? "a 0 1\nb 1 1" : "a 1 1\nb 0 1")
        let planner = world.engine(store: try world.open(), holder: "second")
        _ = try await planner.reconcile("presets")
        _ = await sync.result
        let breaker = try await engine.store.read { try $0.breaker(of: "local") }
        #expect(breaker.phase == .open && breaker.failedProbes == 0 && breaker.cause == "down")
    }

    @Test(
        "Errors of other classes never count to the failure limit",
        arguments: [ProviderError.Kind.capacity, .quota, .transient])
    func otherClasses(kind: ProviderError.Kind) async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1 limit=1")
        world.with { $0.outcome = .refused(ProviderError(kind, "not now", retryAfter: .seconds(120))) }
        for _ in 0..<5 {
            try await engine.sync()
            Self.pass(121, in: world)
        }
        #expect(Self.creates(world) == 5, "a pause of 2 minutes is kept")
        #expect(try await engine.assess("presets").failures.isEmpty)
        world.with { $0.outcome = nil }
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 1)
    }

    @Test("A clock that is set back by hours delays no probe")
    func clock() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1")
        world.with { $0.outcome = .refused(ProviderError(.outage, "down")) }
        try await engine.sync()
        world.with { $0.outcome = nil }
        Self.pass(-7200, in: world)
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 1)
    }
}
