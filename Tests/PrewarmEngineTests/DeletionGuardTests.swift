import GRDBSQLite
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

    @Test("is let go for good by an approval, whatever else is committed meanwhile")
    func approvalOutlivesOthers() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1\nb 2 1")
        try await engine.sync()
        world.commit("a 1 1\nb 2 1")
        try await engine.sync()
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        world.commit("a 1 1\nb 3 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 4)
        world.commit("a 9 1\nb 3 1")
        try await engine.sync()
        world.commit("a 1 1\nb 3 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 12, "one approval is of one time")
    }

    @Test("is approved a part at a time, each of which counts")
    func approvedTwice() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1\nb 3 1 confirm\nc 1 1")
        try await engine.sync()
        let scope = Suspension.Scope.preset(PresetKey(source: "presets", name: "b"))
        world.commit("c 1 1")
        try await engine.sync()
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await engine.suspend(scope, reason: nil, by: "ada", until: nil)
        world.commit("c 1 1\nd 10 1")
        try await engine.sync()
        world.commit("c 1 1")
        try await engine.sync()
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        #expect(try await engine.resume(scope, by: "ada"))
        try await engine.sync()
        #expect(world.with(\.instances).count == 1)
    }

    @Test("goes as it was approved, though more became ready since")
    func readyMeanwhile() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1")
        try await engine.sync()
        world.with { $0.startsSlowly = true }
        world.commit("a 12 1")
        try await engine.sync()
        world.commit("a 1 1\nb 1 1")
        _ = try await engine.turn("presets")
        #expect(try await engine.approve(world.with(\.head) ?? "", by: "ada").map(\.deletions.count) == [11])
        world.with {
            $0.startsSlowly = false
            $0.now = $0.now + .seconds(60)
        }
        _ = try await OperationRunner(engine).run()
        #expect(try await engine.counts("a")?.eligible == 12)
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 1)
        #expect(try await engine.assess("presets").plan.held.isEmpty)
    }

    @Test("can be approved while a freeze keeps it, and goes when that ends")
    func approvedInAFreeze() async throws {
        let world = try World()
        let store = try world.open()
        let engine = world.engine(store: store)
        world.commit("a 10 1\nb 2 1")
        try await engine.sync()
        var policy = Policy()
        policy.freezes["presets"] = [
            Freeze(cron: try CronExpression("* * * * *"), duration: .seconds(60), timezone: "UTC", allowed: [.create])
        ]
        let frozen = world.engine(store: store, policy: policy)
        world.commit("a 1 1\nb 2 1")
        try await frozen.sync()
        #expect(try await frozen.approve(world.with(\.head) ?? "", by: "ada").map(\.deletions.count) == [9])
        try await frozen.sync()
        #expect(world.with(\.instances).count == 12)
        try await engine.sync()
        #expect(world.with(\.instances).count == 3)
    }

    @Test("goes on where the policy allows it")
    func allowedByThePolicy() async throws {
        let world = try World()
        let store = try world.open()
        world.commit("a 10 1\nb 2 1")
        try await world.engine(store: store).sync()
        world.commit("a 1 1\nb 2 1")
        try await world.engine(store: store).sync()
        #expect(world.with(\.instances).count == 12)
        var policy = Policy()
        policy.deletionGuard.percent = 100
        try await world.engine(store: store, policy: policy).sync()
        #expect(world.with(\.instances).count == 3)
    }

    @Test("stays held however long it takes, and whatever else is committed", arguments: [true, false])
    func heldForLong(isExpired: Bool) async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 4 1\nb 4 1\nc 4 1\nd 1 1")
        try await engine.sync()
        world.commit("b 4 1\nc 4 1\nd 1 1")
        try await engine.sync()
        world.commit("c 4 1\nd 1 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 9, "4 went, and 4 more would be 8 of 13")
        if isExpired { world.with { $0.now = $0.now + .seconds(7200) } }
        world.commit("c 4 1\nd 2 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 10)
        world.commit("c 3 1\nd 2 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == (isExpired ? 9 : 10), "1 of 10 is no matter after an hour")
    }

    @Test("is held where what it takes would soon expire", arguments: [5, 55, 65])
    func soonExpired(age: Int64) async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 20 1 ttl=60\nb 4 1")
        try await engine.sync()
        world.with { $0.now = $0.now + .seconds(age) }
        world.commit("a 2 1 ttl=60\nb 4 1")
        _ = try await engine.turn("presets")
        let plan = try await engine.assess("presets").plan
        #expect(plan.held.count { $0.hold.isOfGuard } == 18)
    }

    @Test("is held where a shorter ttl comes with it, and when it expires")
    func shorterTTL() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 20 1 ttl=86400\nb 4 1")
        try await engine.sync()
        world.with { $0.now = $0.now + .seconds(600) }
        world.commit("a 2 1 ttl=60\nb 4 1")
        try await engine.sync()
        #expect(try await engine.assess("presets").plan.held.count == 18)
        world.with { $0.now = $0.now + .seconds(86400) }
        try await engine.sync()
        #expect(try await engine.assess("presets").plan.held.count == 18)
    }

    @Test("is a share of what may be counted: not of what somebody wants to keep")
    func besideRetained() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("r 40 1 retain\na 12 1\nb 12 1\nc 12 1\nd 1 1")
        try await engine.sync()
        world.commit("r 40 1 retain deprecated\na 12 1\nb 12 1\nc 12 1\nd 1 1")
        try await engine.sync()
        world.commit("r 40 1 retain deprecated\nd 1 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 77, "36 of the 37 that can be claimed")
    }

    @Test("is remembered through any number of commits")
    func manyLowerings() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        for instances in [3, 4, 5, 6, 7, 8, 9, 10, 11, 40] {
            world.commit("a \(instances) 1 window=3-3:0\nb 1 1")
            try await engine.sync()
        }
        world.with { $0.now = $0.now + .seconds(3700) }
        world.commit("a 12 1 window=3-3:0\nb 1 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 41)
    }

    @Test("is held where all of a new version may be unavailable at once")
    func atOnce() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 20 1 atOnce\nb 1 1")
        try await engine.sync()
        world.commit("a 20 2 atOnce\nb 1 1")
        try await engine.sync()
        #expect(try await engine.counts("a")?.outdated == 20)
    }

    @Test("stays held where the record of the guard is lost")
    func lostRecord() async throws {
        let world = try World()
        let store = try world.open()
        let engine = world.engine(store: store)
        world.commit("a 20 1\nb 4 1")
        try await engine.sync()
        world.commit("a 2 1\nb 4 1")
        try await engine.sync()
        damageRecord(of: world)
        for _ in 0..<3 {
            world.commit("a 2 1\nb 4 1")
            try await engine.sync()
        }
        #expect(world.with(\.instances).count == 24)
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await engine.sync()
        #expect(world.with(\.instances).count == 6)
    }

    @Test("is held, however little of all it is, where the record of the guard is lost")
    func lostRecordOfLittle() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 6 1\nb 4 1")
        try await engine.sync()
        world.commit("a 0 1\nb 4 1")
        try await engine.sync()
        world.commit("a 0 1\nb 4 1\nc 30 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 40, "6 of 10 are held, 30 are made")
        damageRecord(of: world)
        world.commit("a 0 1\nb 4 1\nc 30 1 ttl=60")
        try await engine.sync()
        #expect(world.with(\.instances).count == 40)
        world.with { $0.now = $0.now + .seconds(61) }
        try await engine.sync()
        #expect(try await engine.counts("c")?.eligible == 30, "what expires is replaced meanwhile")
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await engine.sync()
        world.commit("a 0 1\nb 3 1\nc 30 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 33, "then little goes again without anybody's leave")
    }

    @Test("lets expired ones go where the record of the guard is lost, however many: nobody can claim them")
    func lostRecordAndExpiry() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 8 1 ttl=600\nb 1 1")
        try await engine.sync()
        damageRecord(of: world)
        world.commit("a 5 1 ttl=600\nb 1 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 9)
        for _ in 0..<4 {
            world.with { $0.now = $0.now + .seconds(700) }
            try await engine.sync()
            #expect(world.with(\.instances).count <= 9, "the pool does not grow by what is held")
        }
        #expect(try await engine.counts("a")?.eligible == 5)
    }

    private func damageRecord(of world: World) {
        var database: OpaquePointer?
        #expect(sqlite3_open(world.path, &database) == SQLITE_OK)
        #expect(sqlite3_exec(database, "UPDATE guards SET value = x'ff'", nil, nil, nil) == SQLITE_OK)
        sqlite3_close(database)
    }

    @Test("stays held as a share of what may be counted, whatever is made later")
    func besideRetainedLater() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 6 1\nb 4 1\nr 50 1 retain")
        try await engine.sync()
        world.commit("a 6 1\nb 4 1\nr 50 1 retain deprecated")
        try await engine.sync()
        world.commit("a 0 1\nb 4 1\nr 50 1 retain deprecated")
        try await engine.sync()
        world.with { $0.now = $0.now + .seconds(7200) }
        world.commit("a 0 1\nb 4 1\nr 50 1 retain deprecated\nc 20 1")
        try await engine.sync()
        world.with { $0.now = $0.now + .seconds(7200) }
        world.commit("a 0 1 ttl=86400\nb 4 1\nr 50 1 retain deprecated\nc 20 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 80, "6 of the 10 that there were")
    }

    @Test("of a suspended preset goes when its manifest is gone")
    func suspendedAndGone() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 4 1\nb 6 1")
        try await engine.sync()
        world.commit("a 4 1 suspended\nb 6 1")
        try await engine.sync()
        world.commit("b 6 1")
        try await engine.sync()
        #expect(world.with(\.instances).count == 6)
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
