import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Leases of claims")
struct LeaseTests {
    private static let line = "a 1 1 lease=100,300,20,10"

    /// Reviews the leases like a command without a daemon.
    @discardableResult
    private func review(_ engine: Engine) async throws -> LeaseReport {
        var watch = LeaseWatch(serves: false)
        return try await engine.reviewLeases(&watch)
    }

    private func pass(_ seconds: Int64, _ world: World) {
        world.with { $0.now = $0.now + .seconds(seconds) }
    }

    private func record(_ workspace: Workspace, _ engine: Engine) async throws -> Claim {
        try #require(try await engine.store.read { try $0.claim(of: workspace) })
    }

    private func reasons(_ engine: Engine) async throws -> [String] {
        try await engine.store.read { try $0.events(EventFilter()).map(\.reason) }
    }

    /// Returns a world, an engine and a claimed workspace of a preset.
    private func claimed(_ line: String = line, policy: Policy = Policy()) async throws -> (World, Engine, Workspace) {
        let world = try World()
        let engine = world.engine(store: try world.open(), policy: policy)
        world.commit(line)
        try await engine.sync()
        return (world, engine, try await engine.claim("a", owner: "ada"))
    }

    @Test("A lease without a renewal warns, ends after its grace, and deletes the workspace")
    func ends() async throws {
        let (world, engine, workspace) = try await claimed()
        #expect(try await record(workspace, engine).lease?.end == engine.now() + .seconds(100))
        pass(79, world)
        #expect(try await review(engine).next == .seconds(1))
        #expect(try await !reasons(engine).contains("Expiring"))
        pass(1, world)
        try await review(engine)
        #expect(try await reasons(engine).last == "Expiring")
        pass(29, world)
        #expect(try await review(engine).ended.isEmpty)
        pass(1, world)
        #expect(try await review(engine).ended.map(\.id) == [workspace.id])
        #expect(try await reasons(engine).last == "LeaseExpired")
        let ended = try await record(workspace, engine)
        #expect(ended.endReason == .expired && ended.endedAt == engine.now() && ended.endedBy == nil)
        let delete = try await engine.store.read { try $0.operations(OperationFilter(workspace: workspace.id)) }
        #expect(delete.contains { $0.operation.kind == .delete && $0.operation.reason == .leaseExpired })
        try await engine.sync()
        #expect(world.with(\.instances).isDisjoint(with: [workspace.id.rawValue]))
    }

    @Test("Requests about a claim whose lease ended say so")
    func gone() async throws {
        let (world, engine, workspace) = try await claimed()
        for seconds in [80, 30] as [Int64] {
            pass(seconds, world)
            try await review(engine)
        }
        let id = workspace.id.rawValue
        let requests: [@Sendable () async throws -> Void] = [
            { _ = try await engine.renew(id) }, { _ = try await engine.release(id) },
            { _ = try await engine.transfer(id, to: "bob") },
            { _ = try await engine.revoke(id, reason: "r", by: "op") },
            { _ = try await engine.hold(id, ClaimLease.Hold(until: .distantFuture, reason: "r", by: "op")) },
        ]
        for request in requests {
            do {
                try await request()
                Issue.record("the claim has ended")
            } catch let error as ClaimError {
                let problem = try #require(Problem(error as any Error))
                #expect(problem.status == 410 && problem.code == "ClaimEnded")
                #expect(problem.message.contains("its lease ended without a renewal at 20"), "\(problem.message)")
            }
        }
    }

    @Test("A renewal in the grace saves the workspace")
    func grace() async throws {
        let (world, engine, workspace) = try await claimed()
        pass(80, world)
        try await review(engine)
        pass(25, world)
        let renewed = try await engine.renew(workspace.id.rawValue)
        #expect(renewed.claim.lease?.phase == .active && renewed.clamp == nil)
        pass(60, world)
        try await review(engine)
        #expect(try await record(workspace, engine).isHeld)
        #expect(try await engine.renew(workspace.name, for: .seconds(1000)).clamp == .max)
    }

    @Test("With onExpiry: Report, the end is an event and the workspace stays")
    func reports() async throws {
        let (world, engine, workspace) = try await claimed(Self.line + ",report")
        for seconds in [80, 30, 3600] as [Int64] {
            pass(seconds, world)
            #expect(try await review(engine).ended.isEmpty)
        }
        #expect(try await reasons(engine).count { $0 == "LeaseExpired" } == 1)
        #expect(try await record(workspace, engine).isHeld)
        #expect(try await engine.store.read { try $0.nextLeaseLook() } == nil)
    }

    @Test("A suspension, observe mode and a freeze postpone the end", arguments: ["suspend", "observe", "freeze"])
    func postponed(_ way: String) async throws {
        var policy = Policy()
        if way == "freeze" {
            let cron = try CronExpression("* * * * *")
            policy.freezes["presets"] = [
                Freeze(cron: cron, duration: .seconds(60), timezone: "UTC", allowed: [.create])
            ]
        }
        let (world, engine, workspace) = try await claimed(policy: policy)
        if way == "observe" {
            world.commit(Self.line + " observe")
            try await engine.sync()
        }
        if way == "suspend" { try await engine.suspend(.all, reason: nil, by: "op", until: nil) }
        for seconds in [80, 30, 30, 30] as [Int64] {
            pass(seconds, world)
            #expect(try await review(engine).ended.isEmpty)
        }
        if way == "suspend" { _ = try await engine.resume(.all, by: "op") }
        let free = way == "suspend" ? engine : world.engine(store: engine.store)
        if way == "observe" {
            world.commit(Self.line)
            try await free.sync()
        }
        pass(30, world)
        #expect(try await review(free).ended.map(\.id) == [workspace.id])
    }

    @Test("When most leases would end at once, another round has to agree")
    func mass() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 12 1 lease=100,300,20,10")
        try await engine.sync()
        for _ in 0..<12 { _ = try await engine.claim("a", owner: "ada") }
        pass(80, world)
        try await review(engine)
        pass(30, world)
        #expect(try await review(engine).ended.isEmpty)
        #expect(try await reasons(engine).last == "ExpiriesSuspect")
        pass(29, world)
        #expect(try await review(engine).ended.isEmpty)
        let saved = try await engine.store.read { try $0.claims(ClaimFilter()) }
        _ = try await engine.renew(try #require(saved.first?.workspace).rawValue)
        pass(1, world)
        #expect(try await review(engine).ended.count == 11, "the renewed one stays")
    }

    @Test("Time in which the daemon was down does not count", arguments: [true, false])
    func down(_ returns: Bool) async throws {
        let (world, engine, workspace) = try await claimed()
        var watch = LeaseWatch(serves: true)
        _ = try await engine.reviewLeases(&watch)
        world.with { _ = $0.deadHolders.insert("first") }
        pass(5000, world)
        let next = world.engine(store: engine.store, holder: "second")
        var later = LeaseWatch(serves: returns)
        let report = try await next.reviewLeases(&later)
        #expect(report.removed == .seconds(5000) && report.ended.isEmpty)
        #expect(try await record(workspace, next).lease?.end == next.now() + .seconds(100))
        #expect(try await record(workspace, next).lease?.endsAt == next.now() + .seconds(300))
        if !returns {
            pass(600, world)
            #expect(try await review(next).ended.isEmpty, "a sync alone accepts no renewals of the daemon's users")
            #expect(try await record(workspace, next).lease?.end == next.now() + .seconds(100))
        }
    }

    @Test(
        "Two daemons on one store remove a jump of the clock, or time without a daemon, once", arguments: [true, false])
    func twoDaemons(_ jumps: Bool) async throws {
        let (world, engine, workspace) = try await claimed()
        let (first, second) = (engine, world.engine(store: try world.open(), holder: "second"))
        var watches = [LeaseWatch(serves: true), LeaseWatch(serves: true)]
        _ = try await first.reviewLeases(&watches[0])
        if jumps {
            _ = try await second.reviewLeases(&watches[1])
        } else {
            world.with { _ = $0.deadHolders.insert("first") }
        }
        world.with { state in
            state.now = state.now + .seconds(50)
            if !jumps { state.uptime += .seconds(50) }
        }
        let heir = jumps ? first : world.engine(store: engine.store, holder: "third")
        if !jumps { watches[0] = LeaseWatch(serves: true) }
        let removed = [
            try await heir.reviewLeases(&watches[0]).removed, try await second.reviewLeases(&watches[1]).removed,
        ]
        #expect(removed == [.seconds(50), .zero])
        #expect(try await record(workspace, engine).lease?.end == engine.now() + .seconds(100))
    }

    @Test("A clock that jumps ends nothing and gives at most one ttl", arguments: [7200, -7200, 90_000_000])
    func jumps(_ seconds: Int64) async throws {
        let (world, engine, workspace) = try await claimed()
        var watch = LeaseWatch(serves: true)
        _ = try await engine.reviewLeases(&watch)
        pass(seconds, world)
        for _ in 0..<3 { #expect(try await engine.reviewLeases(&watch).ended.isEmpty) }
        let lease = try #require(try await record(workspace, engine).lease)
        #expect(lease.phase == .active && lease.end <= engine.now() + .seconds(100))
        #expect(lease.end > engine.now() + .seconds(60))
        #expect(try await !reasons(engine).contains("Expiring"))
    }

    @Test("A clock that is set back and then forward ends nothing")
    func jumpsTwice() async throws {
        let (world, engine, workspace) = try await claimed()
        var watch = LeaseWatch(serves: true)
        for seconds in [0, -3000, 5000] as [Int64] {
            pass(seconds, world)
            #expect(try await engine.reviewLeases(&watch).ended.isEmpty)
        }
        #expect(try await record(workspace, engine).lease?.end == engine.now() + .seconds(100))
    }

    @Test("Time without a daemon does not count, also if the clock jumped before its end", arguments: [-600, 600])
    func downAfterJump(_ seconds: Int64) async throws {
        let (world, engine, _) = try await claimed("a 2 1 lease=100,300,20,10")
        var watch = LeaseWatch(serves: true)
        _ = try await engine.reviewLeases(&watch)
        pass(seconds, world)
        let late = try await engine.claim("a", owner: "bob")
        world.with { state in
            state.deadHolders.insert("first")
            state.now = state.now + .seconds(500)
            state.uptime += .seconds(500)
        }
        let next = world.engine(store: engine.store, holder: "second")
        var later = LeaseWatch(serves: true)
        for _ in 0..<3 { #expect(try await next.reviewLeases(&later).ended.isEmpty) }
        #expect(try await record(late, next).lease?.end == next.now() + .seconds(100))
    }

    @Test("Time in which the store accepts no writes does not count, and a jump in it is removed later")
    func readOnly() async throws {
        struct Full: Error {}
        let world = try World()
        let store = InterleavedStore(try world.open())
        let engine = world.engine(store: store)
        world.commit(Self.line)
        try await engine.sync()
        let workspace = try await engine.claim("a", owner: "ada")
        var watch = LeaseWatch(serves: true)
        _ = try await engine.reviewLeases(&watch)
        for jump in [0, 0, 0, 7200, 0, 0] as [Int64] {
            world.with { state in
                state.now = state.now + .seconds(10 + jump)
                state.uptime += .seconds(10)
            }
            store.beforeNextWrite { throw Full() }
            do {
                _ = try await engine.reviewLeases(&watch)
                Issue.record("the review writes")
            } catch is Full {}
        }
        #expect(try await engine.reviewLeases(&watch).removed == .seconds(7260))
        #expect(try await record(workspace, engine).lease?.end == engine.now() + .seconds(100))
    }

    @Test("A jump that a review cannot remove is removed by the next one")
    func jumpKept() async throws {
        struct Full: Error {}
        let world = try World()
        let store = InterleavedStore(try world.open())
        let engine = world.engine(store: store)
        world.commit(Self.line)
        try await engine.sync()
        _ = try await engine.claim("a", owner: "ada")
        var watch = LeaseWatch(serves: true)
        _ = try await engine.reviewLeases(&watch)
        func pass(jump: Int64) {
            world.with { state in
                state.now = state.now + .seconds(1 + jump)
                state.uptime += .seconds(1)
            }
        }
        pass(jump: 50)
        store.beforeNextWrite { throw Full() }
        do {
            _ = try await engine.reviewLeases(&watch)
            Issue.record("the review writes")
        } catch is Full {}
        pass(jump: 0)
        #expect(try await engine.reviewLeases(&watch).removed == .seconds(50))
    }

    @Test("Readings of the monotonic clock in unknown boots cannot be compared")
    func unknownBoot() {
        #expect(Uptime(boot: nil, elapsed: .seconds(2)).since(Uptime(boot: nil, elapsed: .seconds(1))) == nil)
        #expect(Uptime(boot: "a", elapsed: .seconds(2)).since(Uptime(boot: "a", elapsed: .seconds(1))) == .seconds(1))
    }

    @Test("A commit lengthens a running lease, never shortens it, and its removal ends the lease")
    func commits() async throws {
        let (world, engine, workspace) = try await claimed()
        let start = engine.now()
        world.commit("a 1 1 lease=200,900,20,10")
        try await engine.sync()
        #expect(try await record(workspace, engine).lease?.end == start + .seconds(200))
        world.commit("a 1 1 lease=50,60,1,0")
        try await engine.sync()
        #expect(try await record(workspace, engine).lease?.end == start + .seconds(200))
        #expect(try await record(workspace, engine).lease?.endsAt == start + .seconds(900))
        world.commit("a 1 1")
        try await engine.sync()
        #expect(try await record(workspace, engine).lease == nil)
        world.commit(Self.line)
        try await engine.sync()
        #expect(try await record(workspace, engine).lease == nil, "git does not end what is claimed")
        let presets = try await engine.store.read { try $0.presets(source: nil) }
        #expect(presets.first?.fingerprint == workspace.fingerprint, "a lease is no part of the fingerprint")
    }

    @Test("An operator holds, revokes and transfers a claim")
    func orders() async throws {
        let (world, engine, workspace) = try await claimed()
        let id = workspace.id.rawValue
        let until = engine.now() + .seconds(1000)
        let held = try await engine.hold(id, ClaimLease.Hold(until: until, reason: "incident", by: "op"))
        #expect(held.claim.lease?.end == until)
        pass(500, world)
        try await review(engine)
        #expect(try await engine.hold(id, nil).claim.lease?.hold == nil)
        let moved = try await engine.transfer(id, to: Owner(.token, "ci"))
        #expect(moved.workspace.owner == Owner(.token, "ci") && moved.claim.owner == Owner(.token, "ci"))
        #expect(try await engine.store.read { try $0.workspace(id) }?.owner == Owner(.token, "ci"))
        _ = try await engine.revoke(id, reason: "budget", by: "op")
        let ended = try await record(workspace, engine)
        #expect(ended.endReason == .revoked && ended.endedBy == "op" && ended.endMessage == "budget")
        #expect(try await reasons(engine).suffix(4) == ["LeaseHeld", "LeaseHeld", "Transferred", "Revoked"])
    }

    @Test("A claim of a preset without a lease ends only if it asked for a time")
    func requested() async throws {
        let (world, engine, workspace) = try await claimed("a 2 1")
        await #expect(throws: ClaimError.self) { try await engine.renew(workspace.id.rawValue) }
        var attempt = try await engine.beginClaim(of: [workspace.preset], by: "bob")
        attempt.requested = .seconds(60)
        let short = try await engine.claim("a", owner: "bob", attempt: attempt)
        for seconds in [55, 5] as [Int64] {
            pass(seconds, world)
            try await review(engine)
        }
        #expect(try await record(short, engine).endReason == .expired)
        #expect(try await record(workspace, engine).isHeld)
    }
}
