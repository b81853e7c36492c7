import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Ways around the deletion guard")
struct EvadedGuardTests {
    @Test("What an observed source let pass is judged when the mode ends, also if the remote cannot be read")
    func observedAndUnreachable() async throws {
        let world = try World()
        let store = try world.open()
        world.commit("a 20 1\nb 4 1")
        try await world.engine(store: store).sync()
        var policy = Policy()
        policy.observedSources = ["presets"]
        world.commit("a 1 1\nb 4 1")
        try await world.engine(store: store, policy: policy).sync()
        #expect(world.with(\.instances).count == 24)
        world.with { $0.failure = GitFailure(.unreachable, "no route") }
        let engine = world.engine(store: store)
        _ = try? await engine.reconcile("presets")
        _ = try await OperationRunner(engine).run()
        #expect(world.with(\.instances).count == 24)
    }

    @Test("A rollout that becomes Recreate midway is held")
    func recreateMidway() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 20 1\nb 1 1")
        try await engine.sync()
        world.with { $0.startsSlowly = true }
        world.commit("a 20 2\nb 1 1")
        _ = try await engine.reconcile("presets")
        _ = try await OperationRunner(engine).run()
        let before = try await engine.counts("a")
        world.commit("a 20 2 recreate\nb 1 1")
        _ = try await engine.reconcile("presets")
        let counts = try await engine.counts("a")
        #expect((counts?.deleting ?? 0) <= 10, "\(String(describing: before)) \(String(describing: counts))")
    }

    @Test("A loss of a preset that the same commit suspends counts until it is resumed")
    func suspendedInTheSameCommit() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 6 1\nb 6 1\nc 6 1\nd 6 1")
        try await engine.sync()
        world.commit("a 0 1 suspended\nb 0 1 suspended\nc 6 1\nd 6 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 24)
        world.with { $0.now = $0.now + .seconds(3700) }
        world.commit("a 0 1 suspended\nb 0 1 suspended\nc 0 1\nd 6 1")
        try await engine.sync()
        world.commit("a 0 1\nb 0 1\nc 0 1\nd 6 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 12)
    }

    @Test("A loss that is taken back before it is carried out no longer counts")
    func takenBack() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.with { $0.now = Timestamp(seconds: 1_779_926_400 + 9 * 3600) }
        world.commit("a 10 1 window=8-17:10\nb 8 1")
        try await engine.sync()
        for _ in 0..<2 {
            world.commit("a 5 1 window=8-17:10\nb 8 1")
            try await engine.sync()
            world.commit("a 10 1 window=8-17:10\nb 8 1")
            try await engine.sync()
            world.with { $0.now = $0.now + .seconds(3601) }
        }
        world.commit("a 10 1 window=8-17:10\nb 2 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 12, "6 of 18")
    }

    @Test("A loss that a schedule and a freeze postpone counts until an hour after the later one")
    func frozenAndLater() async throws {
        let world = try World()
        let store = try world.open()
        let engine = world.engine(store: store)
        let midnight = Timestamp(seconds: 1_779_926_400)
        world.with { $0.now = midnight + .seconds(9 * 3600) }
        func text(_ a: Int, _ b: Int, _ c: Int) -> String {
            "a \(a) 1 window=8-17:6\nb \(b) 1 window=8-17:6\nc \(c) 1 window=8-17:6\nd 6 1"
        }
        world.commit(text(6, 6, 6))
        try await engine.sync()
        var policy = Policy()
        policy.freezes["presets"] = [
            Freeze(cron: try CronExpression("0 9 * * *"), duration: .seconds(3600), timezone: "UTC", allowed: [.create])
        ]
        let frozen = world.engine(store: store, policy: policy)
        world.with { $0.now = midnight + .seconds(9 * 3600 + 1800) }
        world.commit(text(0, 0, 6))
        try await frozen.sync()
        world.with { $0.now = midnight + .seconds(10 * 3600 + 60) }
        try await frozen.sync()
        world.with { $0.now = midnight + .seconds(12 * 3600) }
        world.commit(text(0, 0, 0))
        try await frozen.sync()
        #expect(world.with(\.instances).count == 24)
        world.with { $0.now = midnight + .seconds(18 * 3600) }
        try await frozen.sync()
        #expect(world.with(\.instances).count == 12, "18 of 24 at 18:00")
    }

    @Test("A held deprecation keeps refusing claims if the manifest is then removed")
    func deprecatedThenGone() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1\nb 2 1")
        try await engine.sync()
        world.commit("a 10 1 deprecated\nb 2 1")
        try await engine.sync()
        world.commit("b 2 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 12)
        await #expect(throws: ClaimError.self) { try await engine.claim("a", owner: "ada") }
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await engine.sync()
        #expect(world.with(\.instances).count == 2)
    }

    @Test("A preview shows an approved change as deletions")
    func previewApproved() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1\nb 2 1")
        try await engine.sync()
        world.commit("a 1 1\nb 2 1")
        try await engine.sync()
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        let plan = try await engine.preview("presets").plan
        #expect(plan.held.isEmpty && plan.actions.count == 9)
        let digest = plan.digest(revision: try await engine.preview("presets").revision)
        _ = try await engine.reconcile("presets", expected: digest)
    }

    @Test("A number that nothing is built for does not make the base larger")
    func inflatedBase() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 20 1\nz 1 1")
        try await engine.sync()
        world.commit("a 20 1\nz 10000 1 suspended")
        try await engine.sync()
        world.with { $0.now = $0.now + .seconds(3601) }
        world.commit("z 10000 1 suspended")
        try await engine.sync()
        #expect(world.with(\.instances).count == 21)
    }

    @Test("A reconciliation of one preset does not let the losses of others be forgotten")
    func onlyOnePreset() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 6 1\nb 6 1\nc 6 1\nd 6 1")
        try await engine.sync()
        world.commit("a 0 1\nb 0 1\nc 6 1\nd 6 1")
        _ = try await engine.reconcile("presets", preset: "d")
        world.with { $0.now = $0.now + .seconds(3601) }
        world.commit("a 0 1\nb 0 1\nc 0 1\nd 6 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 12)
    }
}
