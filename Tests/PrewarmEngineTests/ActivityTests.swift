import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Activity that provisioners report")
struct ActivityTests {
    /// Returns a world, an engine and a claimed workspace, whose lease of 100 s with 10 s of grace begins now.
    private func claimed(max: Int = 300) async throws -> (World, Engine, Workspace) {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("template - health=20:2\na 1 1 lease=100,\(max),20,10")
        try await engine.sync()
        let workspace = try await engine.claim("a", owner: "ada")
        try await engine.sync()
        return (world, engine, workspace)
    }

    private func pass(_ seconds: Int64, _ world: World, _ engine: Engine) async throws -> [Workspace] {
        world.with { state in
            state.now = state.now + .seconds(seconds)
            state.uptime += .seconds(seconds)
        }
        var watch = LeaseWatch(serves: false)
        return try await engine.reviewLeases(&watch).ended
    }

    private func end(_ workspace: Workspace, _ engine: Engine) async throws -> Timestamp? {
        try await engine.store.read { try $0.claim(of: workspace)?.lease?.end }
    }

    private func use(_ workspace: Workspace, _ world: World, after seconds: Int64 = 0) -> Timestamp {
        world.with { state in
            let time = state.now + .seconds(seconds)
            state.activeAt[workspace.id.rawValue] = time
            return time
        }
    }

    @Test("A sign of life in a list renews the lease, and an older one changes nothing")
    func renews() async throws {
        let (world, engine, workspace) = try await claimed()
        let start = engine.now()
        _ = try await pass(90, world, engine)
        let used = use(workspace, world, after: -30)
        _ = try await engine.resync(force: true)
        #expect(try await end(workspace, engine) == used + .seconds(100))
        _ = use(workspace, world, after: -80)
        _ = try await engine.resync(force: true)
        #expect(try await end(workspace, engine) == used + .seconds(100))
        world.with { $0.activeAt = [:] }
        for _ in 0..<8 {
            _ = try await pass(10, world, engine)
            _ = try await engine.resync()
        }
        #expect(try await engine.store.read { try $0.claim(of: workspace)?.isHeld } == true)
        #expect(try await pass(30, world, engine).map(\.id) == [workspace.id], "\(engine.now() - start)")
    }

    @Test("A sign of life in the future counts as now for up to a minute, and is ignored beyond", arguments: [60, 61])
    func future(_ seconds: Int64) async throws {
        let (world, engine, workspace) = try await claimed()
        _ = try await pass(50, world, engine)
        _ = use(workspace, world, after: seconds)
        let report = try await engine.resync(force: true).first
        let (now, end) = (engine.now(), try await end(workspace, engine))
        #expect(end == (seconds == 60 ? now + .seconds(100) : now + .seconds(50)))
        #expect(report?.unusableTimes == (seconds == 60 ? 0 : 1))
    }

    @Test("A sign of life that comes while a long list is made is not in the future")
    func longList() async throws {
        let (world, engine, workspace) = try await claimed()
        _ = try await pass(50, world, engine)
        let used = use(workspace, world, after: 85)
        world.with { $0.listTime = .seconds(90) }
        let report = try await engine.resync(force: true).first
        #expect(report?.unusableTimes == 0)
        #expect(try await end(workspace, engine) == used + .seconds(100))
    }

    @Test("A sign of life in an inspect of a claimed workspace renews its lease")
    func inspected() async throws {
        let (world, engine, workspace) = try await claimed()
        _ = try await pass(50, world, engine)
        let used = use(workspace, world)
        try await engine.store.write { store in
            try store.insert([
                Operation(
                    id: OperationID("01hzy3v7k8zzzzzzzzzzzzzzzz"), kind: .inspect, workspace: workspace.id,
                    preset: workspace.preset, provisioner: "local", reason: .lost, nextAttemptAt: used, createdAt: used)
            ])
        }
        _ = try await OperationRunner(engine).run()
        #expect(try await end(workspace, engine) == used + .seconds(100))
    }

    @Test("A lease ends only after its provisioner was asked behind the end")
    func unheard() async throws {
        let (world, engine, workspace) = try await claimed()
        _ = use(workspace, world)
        _ = try await engine.resync(force: true)
        _ = try await pass(80, world, engine)
        #expect(try await pass(30, world, engine).isEmpty, "the last list is older than the end")
        let used = use(workspace, world, after: -15)
        _ = try await engine.resync()
        #expect(try await end(workspace, engine) == used + .seconds(100), "the list was due at once")
    }

    @Test("A list from before the clock was set back says nothing about the end of a lease")
    func setBack() async throws {
        let (world, engine, workspace) = try await claimed()
        _ = use(workspace, world)
        _ = try await engine.resync(force: true)
        world.with { $0.failsToList = true }
        _ = try await engine.resync(force: true)
        var watch = LeaseWatch(serves: true)
        _ = try await engine.reviewLeases(&watch)
        world.with { $0.now = $0.now - .seconds(5000) }
        _ = try await engine.reviewLeases(&watch)
        for _ in 0..<12 {
            world.with { state in
                state.now = state.now + .seconds(20)
                state.uptime += .seconds(20)
            }
            #expect(try await engine.reviewLeases(&watch).ended.isEmpty)
        }
        world.with { $0.failsToList = false }
        _ = try await engine.resync(force: true)
        // The outage began before the clock was set back, so none of the time since then counts.
        #expect(try await end(workspace, engine).map { $0 - engine.now() } == .seconds(60), "up to its longest time")
        #expect(try await engine.reviewLeases(&watch).ended.isEmpty)
    }

    @Test("Time in which a source of activity cannot be asked does not count")
    func outage() async throws {
        let (world, engine, workspace) = try await claimed(max: 1000)
        _ = use(workspace, world)
        _ = try await engine.resync(force: true)
        _ = try await pass(20, world, engine)
        world.with { $0.failsToList = true }
        _ = try await engine.resync(force: true)
        for _ in 0..<15 {
            #expect(try await pass(20, world, engine).isEmpty)
            _ = try await engine.resync()
        }
        world.with { $0.failsToList = false }
        _ = try await engine.resync(force: true)
        #expect(try await end(workspace, engine) == engine.now() + .seconds(80), "20 s had passed before the outage")
        for _ in 0..<4 { #expect(try await pass(20, world, engine).isEmpty) }
        _ = try await pass(10, world, engine)
        _ = try await engine.resync()
        #expect(try await pass(30, world, engine).map(\.id) == [workspace.id])
    }

    @Test("A lease at its longest time ends also while its provisioner cannot be asked")
    func outageAtMax() async throws {
        let (world, engine, workspace) = try await claimed(max: 100)
        _ = use(workspace, world)
        _ = try await engine.resync(force: true)
        world.with { $0.failsToList = true }
        _ = try await engine.resync(force: true)
        _ = try await pass(80, world, engine)
        #expect(try await pass(30, world, engine).map(\.id) == [workspace.id])
    }

    @Test("A provisioner that never reported activity delays no end when its list fails")
    func noSource() async throws {
        let (world, engine, workspace) = try await claimed()
        _ = try await engine.resync(force: true)
        world.with { $0.failsToList = true }
        _ = try await pass(80, world, engine)
        _ = try await engine.resync(force: true)
        #expect(try await pass(30, world, engine).map(\.id) == [workspace.id])
    }
}
