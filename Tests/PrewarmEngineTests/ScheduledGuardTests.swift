import PrewarmCore
import PrewarmEngine
import Testing

/// The window is 08:00 to 17:59. The clock of the world begins at 20:26.
@Suite("The deletion guard with schedules")
struct ScheduledGuardTests {
    private let world: World
    private let engine: Engine

    init() throws {
        world = try World()
        engine = world.engine(store: try world.open())
    }

    /// - Parameter day: The number of days after the world began.
    private func sync(_ text: String? = nil, day: Int64 = 1, hour: Int64) async throws {
        let midnight = Timestamp(seconds: 1_779_926_400)
        world.with { $0.now = midnight + .seconds(day * 86_400 + hour * 3600) }
        if let text { world.commit(text) }
        try await engine.sync()
    }

    private var count: Int { world.with(\.instances).count }

    @Test("Lowered numbers are held when the window ends, and an approval counts for later nights")
    func hiddenByAWindow() async throws {
        try await sync("a 20 1 window=8-17:20\nb 4 1", hour: 9)
        try await sync("a 2 1 window=8-17:20\nb 4 1", hour: 10)
        #expect(count == 24)
        try await sync(hour: 18)
        #expect(count == 24, "18 of 24 are held")
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await sync(hour: 19)
        #expect(count == 6)
        try await sync(day: 2, hour: 9)
        #expect(count == 24)
        try await sync(day: 2, hour: 18)
        #expect(count == 6, "the schedule causes this, not the revision")
    }

    @Test("A hold lasts through a window with a higher number")
    func heldThroughAWindow() async throws {
        try await sync("a 20 1 window=8-17:20\nb 4 1", hour: 6)
        try await sync("a 2 1 window=8-17:20\nb 4 1", hour: 7)
        #expect(count == 24)
        try await sync(hour: 9)
        try await sync(hour: 18)
        #expect(count == 24)
    }

    @Test("Deletions of a new window are held when the window begins")
    func broughtAWindow() async throws {
        try await sync("a 20 1\nb 4 1", hour: 6)
        try await sync("a 20 1 window=8-17:0\nb 4 1", hour: 7)
        try await sync(hour: 9)
        #expect(count == 24, "20 of 24 are held")
        try await sync("a 20 1\nb 4 1", hour: 10)
        try await sync(hour: 11)
        #expect(try await engine.assess("presets").plan.held.isEmpty)
    }

    @Test("Deletions of the schedule do not count as those of a revision")
    func besideASchedule() async throws {
        try await sync("a 10 1 window=8-17:20\nk 10 1", hour: 9)
        try await sync("a 10 1 window=8-17:14", hour: 10)
        #expect(count == 30, "16 of 30 are held")
        try await sync(hour: 18)
        #expect(count == 20, "the schedule of a takes its 10 away, and the 10 of k are held")
        let held = try await engine.assess("presets").plan.held
        #expect(Set(held.map(\.action.preset.name)) == ["a", "k"])
    }

    @Test("A slightly lower number does not hold the steps of the schedule")
    func aLittleLess() async throws {
        try await sync("a 5 1 window=8-17:20\nb 4 1", hour: 9)
        try await sync("a 4 1 window=8-17:20\nb 4 1", hour: 10)
        try await sync(hour: 18)
        #expect(count == 8, "the schedule removes 15, the revision removes 1")
    }

    @Test("A window that was shortened at night is held when it ends too early")
    func cutAtNight() async throws {
        try await sync("a 2 1 window=8-17:20\nb 4 1", hour: 9)
        try await sync(hour: 22)
        #expect(count == 6)
        try await sync("a 2 1 window=8-8:20\nb 4 1", hour: 23)
        try await sync(day: 2, hour: 8)
        #expect(count == 24)
        try await sync(day: 2, hour: 10)
        #expect(count == 24, "18 of 24 are held during the earlier window")
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await sync(day: 2, hour: 11)
        #expect(count == 6)
        try await sync(day: 3, hour: 8)
        try await sync(day: 3, hour: 10)
        #expect(count == 6, "the schedule causes this, not the revision")
    }

    @Test("A loss that the schedule postpones counts until an hour after it")
    func countsLater() async throws {
        try await sync("a 8 1 window=8-17:12\nb 8 1", hour: 9)
        try await sync("a 3 1 window=8-17:12\nb 8 1", hour: 10)
        #expect(count == 20, "the loss of 5 begins at 18:00")
        try await sync("a 3 1 window=8-17:12\nb 2 1", hour: 18)
        #expect(count == 11, "5 + 6 of 16 are held")
        try await sync("a 3 1 window=8-17:12\nb 3 1", hour: 20)
        #expect(count == 6, "two hours later, 5 of 11 are few")
    }

    @Test("The nightly steps of a schedule are not held")
    func nights() async throws {
        try await sync("a 2 1 window=8-17:20\nb 4 1", hour: 9)
        try await sync("a 3 1 window=8-17:20\nb 4 1", hour: 10)
        try await sync(hour: 18)
        #expect(count == 7)
    }
}
