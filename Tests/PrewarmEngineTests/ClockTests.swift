import ClockSupport
import PrewarmAPI
import PrewarmCore
import Testing

@testable import PrewarmEngine

@Suite("A clock that is set back by two hours")
struct ClockTests {
    private let world: World
    private let store: any Store

    init() throws {
        world = try World()
        store = try world.open()
    }

    private func putBack() { world.with { $0.now = $0.now - .seconds(7200) } }

    @Test("A clock that is set back does not delay a build that waits after a failure")
    func failure() async throws {
        world.commit("a 1 1")
        world.with { _ = $0.brokenVersions.insert("1") }
        let engine = world.engine(store: store)
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 0)
        world.with { $0.brokenVersions = [] }
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 0, "it waits")
        putBack()
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 1)
    }

    @Test("A clock that is set back does not delay an operation that is retried")
    func operation() async throws {
        world.commit("a 1 1")
        world.with { $0.isBusy = true }
        let engine = world.engine(store: store)
        try await engine.sync()
        world.with { $0.isBusy = false }
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 0, "it waits")
        putBack()
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 1)
    }

    @Test("A clock that is set back does not delay a resync, which still finds lost workspaces")
    func listing() async throws {
        world.commit("a 3 1")
        let engine = world.engine(store: store)
        try await engine.sync(refreshes: true)
        let lost = try #require(world.with(\.instances).min())
        world.with { _ = $0.instances.remove(lost) }
        #expect(try await engine.resync().isEmpty, "the last list is recent")
        putBack()
        let reports = try await engine.resync()
        #expect((reports.flatMap(\.lost) + reports.flatMap(\.inspected)).map(\.id.rawValue) == [lost])
    }

    @Test("A clock that is set back does not delay taking over a source or an operation from a lost holder")
    func leases() async throws {
        world.commit("a 1 1")
        let until = world.with(\.now) + .seconds(120)
        try await store.write { try $0.save(Lease(holder: "other", fence: 7, until: until), ofSource: "presets") }
        let engine = world.engine(store: store)
        await #expect(throws: ReconcileError.self) { try await engine.reconcile("presets") }
        putBack()
        _ = try await engine.reconcile("presets")
        var record = try #require(try await store.read { try $0.operations(OperationFilter()) }.first)
        record.operation.state = .running
        record.lease = Lease(holder: "other", fence: 1, until: world.with(\.now) + .seconds(60))
        let running = record
        try await store.write { try $0.update(running) }
        try await engine.sync()
        #expect(world.with(\.calls).isEmpty, "another process runs the operation")
        putBack()
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 1)
    }

    @Test(
        "A daemon whose clock is set back pulls at its interval, and shows the time of the next pull by the new clock")
    func pacing() async throws {
        let clock = ManualClock()
        let engine = world.engine(
            store: store, clock: RealClock(now: { self.world.with(\.now) }, pausing: clock))
        world.commit("a 1 1")
        let daemon = Daemon(engine, grace: .zero, logger: .silent)
        let running = Task { try await daemon.run() }
        defer { running.cancel() }
        func isApplied(_ instances: Int) async throws -> Bool {
            clock.advance(by: .milliseconds(500))
            return try await store.read { try $0.presets(named: "a") }.first?.instances == instances
        }
        try await eventually("the first commit is applied") { try await isApplied(1) }
        putBack()
        world.commit("a 2 1")
        let start = clock.instant()
        try await eventually("the second commit is applied") { try await isApplied(2) }
        #expect(clock.instant() - start < .seconds(3600))
        try await eventually("the next pull is shown within the interval of one minute") {
            let next = try await daemon.sourceLoops()["presets"]?.nextPullAt
            return next.map { $0 <= world.with(\.now) + .seconds(67) } == true
        }
    }

    @Test("A clock that is set back does not extend the guard's window, and no loss is forgotten")
    func guarding() {
        var record = GuardRecord()
        let now = world.with(\.now)
        let (ahead, tonight) = (now + .seconds(7200), now + .seconds(36_000))
        record.losses = [
            .init(preset: "a", count: 3, admittedAt: ahead, at: ahead),
            .init(preset: "b", count: 1, admittedAt: now - .seconds(60), at: tonight),
            .init(preset: "c", count: 2, admittedAt: ahead, at: nil),
        ]
        record.setTimes(to: now, blocked: ["c"])
        #expect(record.losses.map(\.at) == [now, tonight, nil])
        record.setTimes(to: now, blocked: [])
        #expect(record.losses.map(\.at) == [now, tonight, now])
    }

    @Test("A clock that is set back does not shorten a suspension with an end")
    func people() async throws {
        world.commit("a 2 1")
        let engine = world.engine(store: store)
        let until = world.with(\.now) + .seconds(600)
        try await engine.suspend(.all, reason: nil, by: "eve", until: until)
        putBack()
        try await engine.sync()
        #expect(world.with(\.instances).isEmpty)
        world.with { $0.now = until }
        try await engine.sync()
        #expect(world.with(\.instances).count == 2)
    }

    @Test("A clock that is set forward takes no operation from the process that runs it")
    func forward() async throws {
        world.commit("a 1 1")
        world.with { _ = $0.endlessVersions.insert("1") }
        let engine = world.engine(store: store)
        let sync = Task { try await engine.sync() }
        try await eventually("a provisioner is called") { world.with { !$0.calls.isEmpty } }
        world.with { $0.now = $0.now + .seconds(7200) }
        try await OperationRunner(engine).recover()
        let running = try await store.read { try $0.operations(OperationFilter(states: [.running])) }
        #expect(running.count == 1 && running.first?.operation.attempt == 1)
        sync.cancel()
        _ = await sync.result
    }
}
