import ClockSupport
import PrewarmCore
import PrewarmEngine
import Synchronization
import Testing

/// A store of several machines, whose clock the test sets.
private struct SharedStore: Store {
    let store: any Store
    let world: World

    func read<Result: Sendable>(_ body: @escaping @Sendable (any StoreReader) throws -> Result) async throws -> Result {
        try await store.read(body)
    }

    func write<Result: Sendable>(
        _ urgency: WriteUrgency, _ body: @escaping @Sendable (any StoreWriter) throws -> Result
    ) async throws -> Result {
        try await store.write(urgency, body)
    }

    func checkWritable() async throws { try await store.checkWritable() }
    func findDamage(isThorough: Bool) async throws -> [String] { [] }
    var damage: [String] { [] }
    func sharedTime() -> Timestamp? { world.with(\.now) }
}

@Suite("A database whose clock jumps, for example after a failover")
struct ClockJumpTests {
    let world: World
    let store: any Store
    /// The monotonic clock of the replica.
    let clock = ManualClock()

    init() throws {
        world = try World()
        store = SharedStore(store: try world.open(), world: world)
        world.commit("a 2 1")
    }

    private func engine(_ holder: String) -> Engine {
        let world = world
        return world.engine(
            store: store, holder: holder, clock: RealClock(now: { world.with(\.now) }, pausing: clock))
    }

    @Test(
        "No operation of a replica that runs is taken over, and that of a dead one is after its renewals stay out",
        arguments: [-3600, 3600])
    func operations(jump: Int64) async throws {
        let (first, second) = (engine("first"), engine("second"))
        _ = try await first.reconcile("presets")
        let id = try await store.write { store in
            var record = try #require(try store.operations(OperationFilter(states: [.pending])).first)
            record.operation.state = .running
            record.operation.attempt = 1
            record.lease = Lease(holder: "first", fence: 1, until: first.now() + .seconds(60))
            try store.update(record)
            return record.operation.id
        }
        func isRunning() async throws -> Bool {
            try await OperationRunner(second).recover()
            return try await store.read { try $0.operation(id)?.operation.state == .running }
        }
        #expect(try await isRunning())
        world.with { $0.now = $0.now + .seconds(jump) }
        #expect(try await isRunning(), "its lease looks expired")
        for _ in 0..<4 {
            // The holder renews its lease with the new time.
            clock.advance(by: .seconds(15))
            world.with { $0.now = $0.now + .seconds(15) }
            try await store.write { store in
                var record = try #require(try store.operation(id))
                record.lease = Lease(holder: "first", fence: 1, until: first.now() + .seconds(60))
                try store.update(record)
            }
            #expect(try await isRunning())
        }
        // The clock jumps once more, and the holder has died.
        world.with { $0.now = $0.now + .seconds(jump) }
        #expect(try await isRunning())
        clock.advance(by: .seconds(31))
        #expect(try await !isRunning())
    }

    @Test("The claims that wait at another replica stay", arguments: [-3600, 3600])
    func tickets(jump: Int64) async throws {
        let (first, second) = (engine("first"), engine("second"))
        _ = try await first.reconcile("presets")
        let key = PresetKey(source: "presets", name: "a")
        var attempt = try await first.beginClaim(of: [key], by: "ada")
        attempt.hasWaited = true
        try await first.join(attempt, of: [key], by: "ada")
        try await second.endAbandonedWaits()
        world.with { $0.now = $0.now + .seconds(jump) }
        try await second.endAbandonedWaits()
        #expect(try await second.place(of: attempt.id)?.position == 1)
        clock.advance(by: .seconds(5))
        try await first.beatForTickets([attempt.id])
        try await second.endAbandonedWaits()
        #expect(try await second.place(of: attempt.id)?.position == 1)
        // The replica has died.
        clock.advance(by: .seconds(31))
        world.with { $0.now = $0.now + .seconds(31) }
        try await second.endAbandonedWaits()
        let id = attempt.id
        let ticket = try await store.read { try $0.ticket(id) }
        #expect(ticket == nil)
    }

    @Test("A place in the queue of a replica that died is kept for 30 seconds, for another request with the same key")
    func place() async throws {
        let (first, second) = (engine("first"), engine("second"))
        _ = try await first.reconcile("presets")
        let key = PresetKey(source: "presets", name: "a")
        var attempt = try await first.beginClaim(of: [key], by: "ada")
        attempt.hasWaited = true
        try await first.join(attempt, of: [key], by: "ada")
        try await second.endAbandonedWaits()
        clock.advance(by: .seconds(25))
        world.with { $0.now = $0.now + .seconds(25) }
        try await second.endAbandonedWaits()
        var again = try await second.beginClaim(of: [key], by: "ada", continuing: attempt.id)
        again.hasWaited = true
        try await second.join(again, of: [key], by: "ada")
        #expect(again.id == attempt.id && again.askedAt == attempt.askedAt)
        #expect(try await second.place(of: attempt.id)?.position == 1)
        let id = attempt.id
        let holder = try await store.read { try $0.ticket(id)?.holder }
        #expect(holder == "second")
    }
}
