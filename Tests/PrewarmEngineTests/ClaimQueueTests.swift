import ClockSupport
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import Testing

@Suite("The queue of waiting claims")
struct ClaimQueueTests {
    private let key = PresetKey(source: "presets", name: "a")

    private func engine(_ world: World, holder: String = "first") async throws -> Engine {
        world.engine(store: try world.open(), holder: holder)
    }

    /// Returns an engine whose pool `a` was filled and is empty again, because these owners claimed its workspaces.
    private func emptied(_ world: World, _ pool: String, by owners: [Owner]) async throws -> Engine {
        let engine = try await engine(world)
        world.commit(pool)
        try await engine.sync()
        for owner in owners { _ = try await engine.claim("a", owner: owner) }
        return engine
    }

    private func attempt(
        _ engine: Engine, _ world: World, _ owner: Owner, priority: Int = Ticket.standardPriority
    ) async throws -> ClaimAttempt {
        world.with { $0.now = $0.now + .seconds(1) }
        var attempt = try await engine.beginClaim(of: [key], by: owner)
        attempt.priority = priority
        attempt.hasWaited = true
        try await engine.join(attempt, of: [key], by: owner)
        return attempt
    }

    /// Releases all claims of the preset and fills the pool again.
    private func refill(_ engine: Engine) async throws {
        for workspace in try await engine.store.read({ try $0.workspaces(WorkspaceFilter(states: [.claimed])) }) {
            _ = try await engine.release(workspace.id.rawValue)
        }
        try await engine.sync()
    }

    @Test("A new claim does not pass a claim that waits")
    func noPassing() async throws {
        let world = try World()
        let engine = try await emptied(world, "a 1 1", by: ["first"])
        let waiting = try await attempt(engine, world, "ada")
        try await refill(engine)
        await #expect(throws: ClaimError.self) { try await engine.claim("a", owner: "late") }
        let granted = try await engine.claim("a", owner: "ada", attempt: waiting)
        #expect(granted.owner == "ada")
        #expect(try await engine.place(of: waiting.id) == nil, "a granted claim does not wait any more")
        try await refill(engine)
        #expect(try await engine.claim("a", owner: "late").owner == "late")
    }

    @Test("A higher priority comes first, and a new claim of a higher priority may pass")
    func priorities() async throws {
        let world = try World()
        let engine = try await emptied(world, "a 1 1", by: ["first"])
        let low = try await attempt(engine, world, "low", priority: 10)
        let high = try await attempt(engine, world, "high", priority: 90)
        #expect(try await engine.place(of: low.id)?.position == 2)
        #expect(try await engine.place(of: high.id)?.position == 1)
        try await refill(engine)
        await #expect(throws: ClaimError.self) { try await engine.claim("a", owner: "low", attempt: low) }
        #expect(try await engine.claim("a", owner: "high", attempt: high).owner == "high")
    }

    @Test("As many waiting claims may take a workspace as are ready, so a slow claim delays no other")
    func several() async throws {
        let world = try World()
        let engine = try await emptied(world, "a 2 1", by: ["first", "second"])
        _ = try await attempt(engine, world, "slow")
        let quick = try await attempt(engine, world, "quick")
        let last = try await attempt(engine, world, "last")
        try await refill(engine)
        #expect(try await engine.claim("a", owner: "quick", attempt: quick).owner == "quick")
        await #expect(throws: ClaimError.self) { try await engine.claim("a", owner: "last", attempt: last) }
    }

    @Test("A claim of a process that has ended waits no longer")
    func deadProcess() async throws {
        let world = try World()
        let engine = try await emptied(world, "a 1 1", by: ["first"])
        let other = try await self.engine(world, holder: "second")
        let waiting = try await attempt(other, world, "ada")
        try await refill(engine)
        await #expect(throws: ClaimError.self) { try await engine.claim("a", owner: "late") }
        world.with { $0.deadHolders = ["second"] }
        #expect(try await engine.place(of: waiting.id) == nil)
        #expect(try await engine.claim("a", owner: "late").owner == "late")
    }

    @Test("A claim of a process of another machine waits until nothing was heard of it for 15 seconds")
    func silentProcess() async throws {
        let world = try World()
        let engine = try await emptied(world, "a 1 1", by: ["first"])
        let other = try await self.engine(world, holder: "second")
        let waiting = try await attempt(other, world, "ada")
        world.with { $0.now = $0.now + .seconds(14) }
        #expect(try await engine.place(of: waiting.id)?.position == 1)
        world.with { $0.now = $0.now + .seconds(2) }
        #expect(try await engine.place(of: waiting.id) == nil)
        try await other.beatForTickets([waiting.id])
        #expect(try await engine.place(of: waiting.id)?.position == 1, "it is heard of again")
    }

    @Test("A claim whose process was not heard of for a day ends as a missed one, and no other claim does")
    func lostProcess() async throws {
        let world = try World()
        let engine = try await engine(world)
        world.commit("a 0 1 cold")
        try await engine.sync()
        let lost = try await attempt(self.engine(world, holder: "second"), world, "ada")
        let lostAt = world.with(\.now)
        let own = try await attempt(engine, world, "bob")
        world.with { $0.now = $0.now + .seconds(86_390) }
        try await engine.beatForTickets([own.id])
        #expect(try await engine.store.read { try $0.ticket(lost.id) } != nil)
        world.with { $0.now = $0.now + .seconds(20) }
        try await engine.beatForTickets([own.id])
        try await engine.store.read { store in
            #expect(try store.ticket(lost.id) == nil)
            let record = try #require(try store.claim(lost.id))
            #expect(record.result == .missed && record.owner == "ada")
            #expect(record.endedAt == lostAt + .seconds(15), "it ended when its process was lost")
            #expect(try store.heartbeat(of: "second") == nil)
            #expect(try store.ticket(own.id) != nil && store.claim(own.id) == nil)
        }
    }

    @Test("A place is kept for 30 seconds after its request, and the claim is then a missed one", arguments: [29, 31])
    func absence(seconds: Int64) async throws {
        let world = try World()
        let engine = try await engine(world)
        world.commit("a 0 1")
        try await engine.sync()
        let waiting = try await attempt(engine, world, "ada")
        try await engine.leave(waiting.id, keepingFor: Ticket.absence)
        world.with { $0.now = $0.now + .seconds(seconds) }
        let next = try await engine.beginClaim(of: [key], by: "ada", continuing: waiting.id)
        try await engine.beatForTickets([])
        let record = try await engine.store.read { try $0.claim(waiting.id) }
        if seconds < 30 {
            #expect(next.id == waiting.id && next.askedAt == waiting.askedAt)
            #expect(record == nil, "a claim that waits has no result yet")
        } else {
            #expect(record?.result == .missed && record?.owner == "ada")
        }
    }

    @Test("A claim that no request continues keeps a workspace from others for 5 seconds, and its place for longer")
    func away() async throws {
        let world = try World()
        let engine = try await emptied(world, "a 1 1", by: ["first"])
        let waiting = try await attempt(engine, world, "ada")
        try await engine.leave(waiting.id, keepingFor: Ticket.absence)
        try await refill(engine)
        world.with { $0.now = $0.now + .seconds(4) }
        await #expect(throws: ClaimError.self) { try await engine.claim("a", owner: "late") }
        world.with { $0.now = $0.now + .seconds(2) }
        let again = try await engine.beginClaim(of: [key], by: "ada", continuing: waiting.id)
        #expect(again.id == waiting.id)
        #expect(try await engine.claim("a", owner: "late").owner == "late")
        try await refill(engine)
        #expect(try await engine.claim("a", owner: "ada", attempt: again).owner == "ada", "it asks itself again")
    }

    @Test("A reader sees a waiting claim only in the queues of presets that it may see")
    func masked() async throws {
        let world = try World()
        let engine = try await engine(world)
        world.commit("a 0 1\nb 0 1\nc 0 1")
        try await engine.sync()
        let keys = ["a", "b", "c"].map { PresetKey(source: "presets", name: $0) }
        var attempt = try await engine.beginClaim(of: keys, by: "ada")
        attempt.hasWaited = true
        try await engine.join(attempt, of: keys, by: "ada")
        for (names, shown) in [("b", "b"), ("bc", "bc"), ("abc", "abc"), ("x", "")] {
            let reader = Reader(names: names)
            let place = try await engine.place(of: attempt.id, for: reader)
            let document = place.flatMap { ClaimDocument($0, for: reader) }
            #expect((document == nil) == shown.isEmpty)
            let others = document?.presets ?? []
            #expect(document?.preset == shown.first.map(String.init))
            #expect(others == (shown.count < 2 ? [] : shown.map { "presets/\($0)" }))
        }
    }

    private struct Reader: Audience {
        let names: String
        var seesAllPresets: Bool { false }
        func sees(_ preset: PresetKey) -> Bool { names.contains(preset.name) }
        func view(of preset: PresetKey, owner: Owner?) -> WorkspaceView { sees(preset) ? .whole : .hidden }
        func readsLogs(of preset: PresetKey?) -> Bool { false }
    }

    @Test("Another owner cannot continue a claim that waits")
    func foreign() async throws {
        let world = try World()
        let engine = try await engine(world)
        world.commit("a 0 1")
        try await engine.sync()
        let waiting = try await attempt(engine, world, "ada")
        #expect(try await engine.beginClaim(of: [key], by: "eve", continuing: waiting.id).id != waiting.id)
    }

    @Test("A clock that is set back ends no wait and keeps no place for longer")
    func clock() async throws {
        let world = try World()
        let engine = try await engine(world)
        world.commit("a 0 1")
        try await engine.sync()
        let waiting = try await attempt(engine, world, "ada")
        let absent = try await attempt(engine, world, "bob")
        try await engine.leave(absent.id, keepingFor: Ticket.absence)
        world.with { $0.now = $0.now - .seconds(7200) }
        #expect(try await engine.place(of: waiting.id)?.position == 1)
        #expect(try await engine.place(of: absent.id) == nil, "its end is further away than it can be")
    }

    /// Waits for a claim's turn on a clock whose pauses take no time.
    private func wait(
        in room: WaitingRoom, _ attempt: ClaimAttempt, _ engine: Engine, _ clock: ManualClock, _ time: Duration
    ) async throws -> WaitingRoom.Turn {
        try await clock.withoutPauses { [key] in
            try await room.turn(of: attempt.id, in: [key], engine, until: clock.instant() + time)
        }
    }

    @Test("Waiting claims write nothing while nothing changes")
    func silence() async throws {
        let world = try World()
        let store = InterleavedStore(try world.open())
        let clock = ManualClock()
        let engine = world.engine(store: store, clock: clock)
        world.commit("a 0 1")
        try await engine.sync()
        let waiting = try await attempt(engine, world, "ada")
        let room = WaitingRoom()
        await room.enter(waiting.id)
        _ = try await wait(in: room, waiting, engine, clock, .milliseconds(200))
        let writes = store.writes
        let turn = try await wait(in: room, waiting, engine, clock, .seconds(2))
        #expect(turn == .timedOut && store.writes - writes <= 1, "at most one heartbeat")
    }

    @Test("Two requests with the same idempotency key leave no claim behind that waits")
    func sameKey() async throws {
        let world = try World()
        let engine = try await emptied(world, "a 1 1", by: ["first"])
        let one = try await attempt(engine, world, "ada")
        let two = try await attempt(engine, world, "ada")
        try await refill(engine)
        let granted = try await engine.claim("a", owner: "ada", idempotencyKey: .local("k"), attempt: one)
        #expect(try await engine.claim("a", owner: "ada", idempotencyKey: .local("k"), attempt: two).id == granted.id)
        #expect(try await engine.store.read { try $0.ticketCounts() }.isEmpty)
        try await refill(engine)
        #expect(try await engine.claim("a", owner: "bob").owner == "bob", "nothing waits before it")
    }

    @Test("A claim that no request holds any more ends with the next heartbeat")
    func forgotten() async throws {
        let world = try World()
        let engine = try await engine(world)
        world.commit("a 0 1")
        try await engine.sync()
        let (held, forgotten) = (try await attempt(engine, world, "ada"), try await attempt(engine, world, "bob"))
        try await engine.beatForTickets([held.id])
        #expect(try await engine.place(of: held.id)?.length == 1)
        #expect(try await engine.store.read { try $0.claim(forgotten.id) }?.result == .missed)
    }

    @Test("The wait of a claim whose owner ended it is over at once")
    func ended() async throws {
        let world = try World()
        let engine = try await engine(world)
        world.commit("a 0 1")
        try await engine.sync()
        let waiting = try await attempt(engine, world, "ada")
        let room = WaitingRoom()
        await room.enter(waiting.id)
        _ = try await engine.cancelWait(waiting.id)
        let turn = try await room.turn(of: waiting.id, in: [key], engine, until: engine.clock.instant() + .seconds(60))
        #expect(turn == .ended)
    }

    @Test("An expired workspace is not counted for the claims that wait")
    func expired() async throws {
        let world = try World()
        let engine = try await emptied(world, "a 2 1 ttl=100 recreate", by: ["first", "second"])
        _ = try await attempt(engine, world, "ada")
        try await refill(engine)
        world.with { $0.now = $0.now + .seconds(101) }
        let room = WaitingRoom()
        let late = try await attempt(engine, world, "late")
        await room.enter(late.id)
        let clock = ManualClock()
        let waiting = world.engine(store: try world.open(), clock: RealClock(now: engine.now, pausing: clock))
        let turn = try await wait(in: room, late, waiting, clock, .milliseconds(500))
        #expect(turn == .timedOut, "no workspace is left for it")
    }
}
