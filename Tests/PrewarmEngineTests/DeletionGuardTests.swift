import PrewarmCore
import PrewarmEngine
import Testing

@Suite("What a revision takes away")
struct DeletionGuardTests {
    @Test("is held where it is more than half, until somebody approves it")
    func heldUntilApproved() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1\nb 4 1")
        try await engine.sync()
        world.commit("a 1 1\nb 5 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 15, "creates go on, deletions are held")
        let status = try #require(try await engine.assess("presets").statuses.first)
        #expect(status[.deletionsHeld]?.reason == "GuardExceeded" && !status.isHealthy)
        let approved = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        #expect(approved.map(\.deletions.count) == [9])
        try await engine.sync()
        #expect(world.with(\.instances).count == 6)
        #expect(try await engine.assess("presets").statuses.allSatisfy(\.isHealthy))
    }

    @Test("is held, too, where it is done in small steps")
    func smallSteps() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 12 1")
        try await engine.sync()
        for instances in stride(from: 10, through: 0, by: -2) {
            world.commit("a \(instances) 1")
            try await engine.sync()
            world.with { $0.now = $0.now + .seconds(60) }
        }
        #expect(world.with(\.instances).count == 6, "three steps are half of it")
        world.with { $0.now = $0.now + .seconds(7200) }
        world.commit("a 4 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 4, "after an hour they don't count any more")
    }

    @Test("is held where it is renamed in two steps")
    func renamedInTwo() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 6 1\nb 6 1")
        try await engine.sync()
        world.commit("a 6 1\nb 6 1\nc 6 1\nd 6 1\ne 8 1")
        try await engine.sync()
        world.commit("c 6 1\nd 6 1\ne 8 1")
        #expect(try await engine.preview("presets").plan.held.count == 12)
        try await engine.sync()
        #expect(world.with(\.instances).count == 32, "12 of the 12 that there were before")
        world.commit("a 6 1\nb 6 1\nc 6 1\nd 6 1\ne 8 1")
        try await engine.sync()
        world.commit("a 6 1\nb 6 1\nc 6 1\nd 6 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 24, "8 of 20: what came may go again")
        world.with { $0.now = $0.now + .seconds(3601) }
        world.commit("a 6 1\nc 6 1\nd 6 1")
        try await engine.sync()
        world.commit("c 6 1\nd 6 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 12, "after an hour all of them count: 6 of 24, and 12 of 24")
    }

    @Test("stays held by the next revision, however much was made since")
    func nextRevision() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 4 1\nb 4 1\nc 4 1")
        try await engine.sync()
        world.commit("c 4 1\nd 20 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 32, "8 of 12 are held, 20 are made")
        world.commit("c 4 1\nd 20 1 ttl=86400")
        try await engine.sync()
        #expect(world.with(\.instances).count == 32, "8 of 32 would be few, but they were 8 of 12")
        let status = try #require(try await engine.assess("presets").statuses.first)
        #expect(status[.deletionsHeld]?.message.contains("8 of 12 unclaimed") == true)
        world.commit("b 4 1\nc 4 1\nd 20 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 28, "4 of 12 may go")
        world.commit("c 4 1\nd 20 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 28, "and the second 4 within the hour may not")
    }

    @Test("needs another approval where the revision or the set is another")
    func approvalBinds() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1\nb 10 1")
        try await engine.sync()
        world.commit("a 1 1\nb 1 1")
        try await engine.sync()
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        world.commit("a 0 1\nb 0 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 20)
        await #expect(throws: ApprovalError.self) { try await engine.approve("ffffffff", by: "ada") }
    }

    @Test("is held where nothing would be left, however little there was")
    func emptied() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1")
        try await engine.sync()
        world.commit("")
        try await engine.sync()
        #expect(world.with(\.instances).count == 2)
        await #expect(throws: ClaimError.self) { try await engine.claim("a", owner: "ada") }
        world.commit("a 2 1")
        try await engine.sync()
        #expect(try await engine.counts("a")?.claimable == 2, "the next revision puts it right")
    }

    @Test("is not what a new version replaces, unless all of it goes at once")
    func newVersions() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1\nb 11 1 recreate")
        try await engine.sync()
        world.commit("a 10 2\nb 11 2 recreate")
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 10)
        #expect(try await engine.counts("b")?.outdated == 11, "held")
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await engine.sync()
        #expect(try await engine.counts("b")?.eligible == 11)
    }

    @Test("waits for an approval by `Confirm`, and for ever by `Retain`")
    func deletionPolicies() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1 confirm\nb 1 1 retain\nc 20 1")
        try await engine.sync()
        world.commit("a 1 1 confirm deprecated\nb 1 1 retain deprecated\nc 20 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 22)
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await engine.sync()
        #expect(world.with(\.instances).count == 21)
        #expect(try await engine.counts("b")?.actual == 1)
    }

    @Test("is held where a new version comes with it, or after it")
    func loweredWithANewVersion() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 20 1\nb 4 1")
        try await engine.sync()
        world.commit("a 1 2\nb 4 1")
        try await engine.sync()
        #expect(try await engine.counts("a")?.outdated == 20)
        world.commit("a 20 1\nb 4 1")
        try await engine.sync()
        world.commit("a 1 1\nb 4 1")
        try await engine.sync()
        world.commit("a 1 3\nb 4 1")
        try await engine.sync()
        #expect(try await engine.counts("a")?.outdated == 20, "what was held stays so")
        world.commit("a 19 3\nb 4 1")
        try await engine.sync()
        let counts = try await engine.counts("a")
        #expect(counts?.eligible == 19 && counts?.outdated == 0, "a little less of another version is a rollout")
    }

    @Test("is held by `Confirm` and `Retain`, too, where the preset stays", arguments: ["confirm", "retain"])
    func loweredWithAPolicy(policy: String) async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 20 1 \(policy)\nb 4 1\nc 20 1 \(policy) recreate\nd 20 1")
        try await engine.sync()
        world.commit("a 0 1 \(policy)\nb 4 1\nc 20 2 \(policy) recreate")
        try await engine.sync()
        #expect(world.with(\.instances).count == 64, "60 of 64")
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await engine.sync()
        #expect(world.with(\.instances).count == 24)
    }

    @Test("stays held where something else holds it for a while", arguments: [true, false])
    func heldBySomethingElse(isHeldBefore: Bool) async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1\nb 5 1")
        try await engine.sync()
        let scope = Suspension.Scope.preset(PresetKey(source: "presets", name: "a"))
        if !isHeldBefore { try await engine.suspend(scope, reason: nil, by: "ada", until: nil) }
        world.commit("b 50 1")
        try await engine.sync()
        if isHeldBefore { try await engine.suspend(scope, reason: nil, by: "ada", until: nil) }
        try await engine.sync()
        world.with { $0.now = $0.now + .seconds(7200) }
        #expect(try await engine.resume(scope, by: "ada"))
        try await engine.sync()
        #expect(world.with(\.instances).count == 60, "10 of the 15 that there were")
        world.commit("a 10 1\nb 50 1")
        try await engine.sync()
        world.commit("b 50 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 50, "what was mended is no matter any more: 10 of 60")
    }

    @Test("stays held where a freeze comes first")
    func frozen() async throws {
        let world = try World()
        var policy = Policy()
        let end = Timestamp(seconds: 1_780_000_000 + 7200)
        let engine = world.engine(store: try world.open(), policy: policy)
        world.commit("a 10 1\nb 5 1")
        try await engine.sync()
        let minute = try CronExpression("* * * * *")
        policy.freezes["presets"] = [
            Freeze(cron: minute, duration: .seconds(60), timezone: "UTC", allowed: [.create])
        ]
        let frozen = world.engine(store: try world.open(), policy: policy)
        world.commit("b 50 1")
        try await frozen.sync()
        #expect(world.with(\.instances).count == 60)
        world.with { $0.now = end }
        try await frozen.sync()
        try await engine.sync()
        #expect(world.with(\.instances).count == 60, "10 of the 15 that there were")
    }

    @Test("is held where another preset was acted on first")
    func onePresetFirst() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1\nb 5 1")
        try await engine.sync()
        world.commit("b 50 1")
        _ = try await engine.turn("presets", preset: "b")
        _ = try await OperationRunner(engine).run()
        #expect(world.with(\.instances).count == 60)
        try await engine.sync()
        #expect(world.with(\.instances).count == 60, "10 of the 15 that there were")
    }

    @Test("is held among what there was, not among what another commit of the hour made of it")
    func raisedBefore() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1\nb 10 1\nc 1 1")
        try await engine.sync()
        world.commit("a 10 1\nb 10 1\nc 60 1")
        try await engine.sync()
        world.with { $0.now = $0.now + .seconds(300) }
        world.commit("c 60 1")
        #expect(try await engine.preview("presets").plan.held.count == 20)
        try await engine.sync()
        #expect(world.with(\.instances).count == 80)
    }

    @Test("is told among as many as there are, though some were claimed and made again meanwhile")
    func refilledMeanwhile() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 30 1\nb 30 1\nk 40 1")
        try await engine.sync()
        world.commit("k 40 1")
        try await engine.sync()
        for _ in 0..<30 { _ = try await engine.claim("k", owner: "ada") }
        _ = try await engine.turn("presets", pull: false)
        try await engine.sync()
        world.commit("b 20 1\nk 40 1")
        try await engine.sync()
        #expect(try await engine.assess("presets").plan.held.isEmpty, "40 of 100 may go")
        #expect(world.with(\.instances).count == 90)
    }
}
