import ClockSupport
import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

@Suite("The time limits of a sync")
struct SyncLimitTests {
    private let clock = ManualClock()
    private let world: World
    private let store: any Store
    private let engine: Engine

    init() throws {
        world = try World()
        store = try world.open()
        engine = world.engine(store: store, clock: clock)
        world.commit("a 1 1")
    }

    @Test("A sync ends at its limit, and the operations that run are returned to the queue")
    func unfinished() async throws {
        world.with { _ = $0.endlessVersions.insert("1") }
        let sync = Task { [engine, clock] in try await engine.sync(waitsUntil: clock.instant() + .seconds(300)) }
        try await eventually("the create runs") { world.with { !$0.calls.isEmpty } }
        clock.advance(by: .seconds(300))
        let report = try await sync.value
        #expect(report.unfinished.map(\.pool.preset.name) == ["a"])
        let operations = try await store.read { try $0.operations(OperationFilter()) }
        #expect(operations.map(\.operation.state) == [.pending])
    }

    @Test("A sync waits for another process that reconciles the source, and fails after 30 seconds")
    func leased() async throws {
        let until = clock.now() + .seconds(120)
        try await store.write { try $0.save(Lease(holder: "other", fence: 7, until: until), ofSource: "presets") }
        let sync = Task { [engine] in try await engine.sync() }
        try await eventually("the sync waits") { clock.sleeperCount == 1 }
        clock.advance(by: .seconds(29))
        try await eventually("the sync still waits") { clock.sleeperCount == 1 }
        clock.advance(by: .seconds(1))
        await #expect(throws: ReconcileError.self) { try await sync.value }
    }
}
