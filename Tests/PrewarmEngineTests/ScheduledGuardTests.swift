import PrewarmCore
import PrewarmEngine
import Testing

/// 08:00 to 17:59 are the day; the world begins at 20:26.
@Suite("What a revision takes away at another time than now")
struct ScheduledGuardTests {
    private let world: World
    private let engine: Engine

    init() throws {
        world = try World()
        engine = world.engine(store: try world.open())
    }

    /// - Parameter day: after the world began.
    private func sync(_ text: String? = nil, day: Int64 = 1, hour: Int64) async throws {
        let midnight = Timestamp(seconds: 1_779_926_400)
        world.with { $0.now = midnight + .seconds(day * 86_400 + hour * 3600) }
        if let text { world.commit(text) }
        try await engine.sync()
    }

    private var count: Int { world.with(\.instances).count }

    @Test("is held when the window ends that hid it, and not asked for again the next night")
    func hiddenByAWindow() async throws {
        try await sync("a 20 1 window=8-17:20\nb 4 1", hour: 9)
        try await sync("a 2 1 window=8-17:20\nb 4 1", hour: 10)
        #expect(count == 24)
        try await sync(hour: 18)
        #expect(count == 24, "18 of 24")
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await sync(hour: 19)
        #expect(count == 6)
        try await sync(day: 2, hour: 9)
        #expect(count == 24)
        try await sync(day: 2, hour: 18)
        #expect(count == 6, "the schedule's doing")
    }

    @Test("stays held, whichever window comes in between")
    func heldThroughAWindow() async throws {
        try await sync("a 20 1 window=8-17:20\nb 4 1", hour: 6)
        try await sync("a 2 1 window=8-17:20\nb 4 1", hour: 7)
        #expect(count == 24)
        try await sync(hour: 9)
        try await sync(hour: 18)
        #expect(count == 24)
    }

    @Test("is held when a window begins that it brought")
    func broughtAWindow() async throws {
        try await sync("a 20 1\nb 4 1", hour: 6)
        try await sync("a 20 1 window=8-17:0\nb 4 1", hour: 7)
        try await sync(hour: 9)
        #expect(count == 24, "20 of 24")
        try await sync("a 20 1\nb 4 1", hour: 10)
        try await sync(hour: 11)
        #expect(try await engine.assess("presets").plan.held.isEmpty)
    }

    @Test("is told apart from what the schedule takes anyway")
    func besideASchedule() async throws {
        try await sync("a 10 1 window=8-17:20\nk 10 1", hour: 9)
        try await sync("a 10 1 window=8-17:14", hour: 10)
        #expect(count == 30, "16 of 30")
        try await sync(hour: 18)
        #expect(try await engine.assess("presets").plan.held.count == 10, "10 of k")
        #expect(count == 20)
    }

    @Test("is told apart from a schedule's own step, where it lowers that a little")
    func aLittleLess() async throws {
        try await sync("a 5 1 window=8-17:20\nb 4 1", hour: 9)
        try await sync("a 4 1 window=8-17:20\nb 4 1", hour: 10)
        try await sync(hour: 18)
        #expect(count == 8, "15 go by the schedule, 1 by the revision")
    }

    @Test("is held when a window ends too early, though it was cut at night")
    func cutAtNight() async throws {
        try await sync("a 2 1 window=8-17:20\nb 4 1", hour: 9)
        try await sync(hour: 22)
        #expect(count == 6)
        try await sync("a 2 1 window=8-8:20\nb 4 1", hour: 23)
        try await sync(day: 2, hour: 8)
        #expect(count == 24)
        try await sync(day: 2, hour: 10)
        #expect(count == 24, "18 of 24, in what was the window before")
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await sync(day: 2, hour: 11)
        #expect(count == 6)
        try await sync(day: 3, hour: 8)
        try await sync(day: 3, hour: 10)
        #expect(count == 6, "the schedule's doing")
    }

    @Test("is forgotten after a week in which nothing waited for it")
    func forgotten() async throws {
        try await sync("a 2 1 window=8-17:20\nb 4 1", hour: 9)
        try await sync("a 2 1 window=7-17:20\nb 4 1", hour: 10)
        let record = { [engine] in try await engine.store.read { try $0.guardRecord(ofSource: "presets") } }
        #expect(try await record().lowerings.count == 1)
        try await sync(day: 10, hour: 9)
        #expect(try await record().lowerings.isEmpty)
    }

    @Test("is not what a schedule takes each night")
    func nights() async throws {
        try await sync("a 2 1 window=8-17:20\nb 4 1", hour: 9)
        try await sync("a 3 1 window=8-17:20\nb 4 1", hour: 10)
        try await sync(hour: 18)
        #expect(count == 7)
    }
}
