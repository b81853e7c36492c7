import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Health checks by inspect")
struct CheckTests {
    /// Returns a world whose provisioner can inspect and not list, with a full pool.
    private func filled(_ preset: String, failures: Int = 2) async throws -> (World, Engine) {
        let world = try World()
        world.with { $0.canList = false }
        world.commit("template - health=10:\(failures)\n\(preset)")
        let engine = world.engine(store: try world.open())
        try await engine.sync()
        world.with { $0.calls = [] }
        return (world, engine)
    }

    /// Lets 11 seconds pass, runs the checks that are due, and compares their answers.
    @discardableResult
    private func round(_ world: World, _ engine: Engine) async throws -> ResyncReport? {
        world.with { $0.now = $0.now + .seconds(11) }
        _ = try await engine.resync()
        _ = try await OperationRunner(engine).run()
        return try await engine.resync().first
    }

    private func workspaces(_ engine: Engine, _ states: WorkspaceState...) async throws -> [Workspace] {
        try await engine.store.read { try $0.workspaces(WorkspaceFilter(states: states)) }
    }

    @Test("Each workspace is inspected once an interval, and checks leave no operations behind")
    func inspects() async throws {
        let (world, engine) = try await filled("a 3 1")
        _ = try await engine.resync()
        #expect(world.with(\.calls).isEmpty, "a new workspace is as good as checked")
        for number in 1...3 {
            try await round(world, engine)
            #expect(world.with { $0.calls.count { $0.hasPrefix("inspect") } } == number * 3)
        }
        #expect(world.with { $0.calls.allSatisfy { $0.hasPrefix("inspect") } })
        let operations = try await engine.store.read { try $0.operations(OperationFilter()) }
        #expect(operations.allSatisfy { $0.operation.kind == .create })
        #expect(try await workspaces(engine, .ready).count == 3)
    }

    @Test(
        "After the first failed check a workspace cannot be claimed, and after the second it is replaced",
        arguments: [true, false])
    func rots(_ vanishes: Bool) async throws {
        let (world, engine) = try await filled("a 4 1 one-by-one")
        let victim = try #require(try await workspaces(engine, .ready).first?.id)
        world.with { state in
            if vanishes { state.instances.remove(victim.rawValue) } else { state.words[victim.rawValue] = "stopped" }
        }
        try await round(world, engine)
        #expect(try await workspaces(engine, .suspect).map(\.id) == [victim])
        try await round(world, engine)
        #expect(try await workspaces(engine, .ready).count == 3)
        let event = try await engine.store.read { try $0.events(EventFilter()).last { $0.kind == .warning } }
        let text = vanishes ? "no longer has the workspace" : #"reports the workspace as "stopped": the disk is full"#
        #expect(event?.fullMessage == "the provisioner local \(text)")
        try await engine.sync()
        #expect(try await workspaces(engine, .ready).count == 4)
        #expect(try await engine.store.read { try $0.workspace(victim.rawValue)?.state } == .deleted)
    }

    @Test("A sync that refreshes inspects each workspace and replaces a broken one after as many checks as a daemon")
    func synced() async throws {
        let (world, engine) = try await filled("a 3 1 one-by-one", failures: 1)
        let victim = try #require(try await workspaces(engine, .ready).first?.id)
        world.with { state in
            state.words[victim.rawValue] = "stopped"
            state.now = state.now + .seconds(1)
        }
        let report = try await engine.sync(refreshes: true)
        #expect(report.failed.isEmpty && report.succeeded == 2, "a create and a delete")
        #expect(try await workspaces(engine, .ready).count == 3)
        #expect(try await engine.store.read { try $0.workspace(victim.rawValue)?.state } == .deleted)
    }

    @Test("A workspace whose next check is good is claimable again")
    func recovers() async throws {
        let (world, engine) = try await filled("a 3 1", failures: 3)
        let victim = try #require(try await workspaces(engine, .ready).first?.id)
        world.with { $0.words[victim.rawValue] = "stopped" }
        try await round(world, engine)
        world.with { $0.words = [:] }
        #expect(try await round(world, engine)?.well.map(\.id) == [victim])
        #expect(try await workspaces(engine, .ready).count == 3)
    }

    @Test("If most checks fail at once, nothing is deleted until the next round agrees")
    func mass() async throws {
        let (world, engine) = try await filled("a 8 1")
        let all = try await workspaces(engine, .ready).map(\.id.rawValue)
        world.with { state in for id in all { state.words[id] = "stopped" } }
        #expect(try await round(world, engine)?.suspicion != nil)
        #expect(try await workspaces(engine, .ready).count == 8)
        world.with { $0.words = [:] }
        try await round(world, engine)
        try await engine.sync()
        #expect(try await workspaces(engine, .ready).map(\.id.rawValue) == all)
    }

    @Test("An inspect without an answer is no failed check, and its end is reported once")
    func unanswered() async throws {
        let (world, engine) = try await filled("a 3 1")
        world.with { $0.failsToInspect = true }
        for _ in 0..<4 { #expect(try await round(world, engine)?.failure != nil) }
        #expect(try await workspaces(engine, .ready).count == 3)
        world.with { $0.failsToInspect = false }
        try await round(world, engine)
        let (events, operations) = try await engine.store.read { store in
            (try store.events(EventFilter()).map(\.reason), try store.operations(OperationFilter()).map(\.operation))
        }
        #expect(events.count { $0 == EventReason.listFailed.rawValue } == 1)
        #expect(events.last == EventReason.listRecovered.rawValue)
        #expect(operations.count { $0.kind == .inspect && $0.state == .failed } == 3, "the first of each workspace")
    }

    @Test("A claimed workspace that stops is reported and not touched, and a check renews its lease")
    func claimed() async throws {
        let (world, engine) = try await filled("a 2 1 lease=100,300,20,10")
        let claimed = try await engine.claim("a", owner: "ada")
        world.with { $0.activeAt[claimed.id.rawValue] = $0.now + .seconds(11) }
        try await round(world, engine)
        let end = try await engine.store.read { try $0.claim(of: claimed)?.lease?.end }
        #expect(end == engine.now() + .seconds(100))
        world.with { $0.words[claimed.id.rawValue] = "stopped" }
        for _ in 0..<3 { try await round(world, engine) }
        #expect(try await engine.store.read { try $0.workspace(claimed.id.rawValue)?.state } == .claimed)
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.count { $0.reason == EventReason.failed.rawValue && $0.owner != nil } == 1)
    }

    @Test("A lease does not wait for checks that a commit removed")
    func withoutChecks() async throws {
        let (world, engine) = try await filled("a 2 1 lease=100,300,20,10")
        let claimed = try await engine.claim("a", owner: "ada")
        world.with { $0.activeAt[claimed.id.rawValue] = $0.now }
        try await round(world, engine)
        world.commit("a 2 1 lease=100,300,20,10")
        try await engine.sync()
        var ended: [Workspace] = []
        for _ in 0..<12 {
            world.with { $0.now = $0.now + .seconds(10) }
            var watch = LeaseWatch(serves: false)
            ended += try await engine.reviewLeases(&watch).ended
        }
        #expect(ended.map(\.id) == [claimed.id])
        #expect(try await engine.store.read { try $0.checks(provisioner: "local") }.isEmpty)
    }

    @Test("A check with a sign of life renews the lease before its answer is compared")
    func renewsAtOnce() async throws {
        let (world, engine) = try await filled("a 2 1 lease=100,300,20,10")
        let claimed = try await engine.claim("a", owner: "ada")
        let used = world.with { state in
            state.now = state.now + .seconds(90)
            state.activeAt[claimed.id.rawValue] = state.now
            return state.now
        }
        _ = try await engine.resync()
        _ = try await OperationRunner(engine).run()
        #expect(try await engine.store.read { try $0.claim(of: claimed)?.lease?.end } == used + .seconds(100))
    }

    @Test("A lease does not end before a check without an answer is compared")
    func unansweredEnd() async throws {
        let (world, engine) = try await filled("a 2 1 lease=100,300,20,10")
        let claimed = try await engine.claim("a", owner: "ada")
        world.with { $0.activeAt[claimed.id.rawValue] = $0.now }
        try await round(world, engine)
        world.with { ($0.now, $0.failsToInspect) = ($0.now + .seconds(102), true) }
        _ = try await engine.resync()
        _ = try await OperationRunner(engine).run()
        for _ in 0..<2 {
            var watch = LeaseWatch(serves: false)
            #expect(try await engine.reviewLeases(&watch).ended.isEmpty)
        }
    }

    @Test(
        "A workspace that missed a check is checked again after a commit removed the checks", arguments: [true, false])
    func suspectWithoutChecks(_ recovers: Bool) async throws {
        let (world, engine) = try await filled("a 3 1 one-by-one")
        let victim = try #require(try await workspaces(engine, .ready).first?.id)
        world.with { $0.words[victim.rawValue] = "stopped" }
        try await round(world, engine)
        #expect(try await workspaces(engine, .suspect).map(\.id) == [victim])
        world.commit("a 3 1 one-by-one")
        try await engine.sync()
        world.with { state in
            state.now = state.now + .seconds(120)
            if recovers { state.words = [:] }
        }
        try await round(world, engine)
        try await engine.sync()
        #expect(try await workspaces(engine, .ready).count == 3)
        let state = try await engine.store.read { try $0.workspace(victim.rawValue)?.state }
        #expect(state == (recovers ? .ready : .deleted))
    }

    /// Returns a world with 8 workspaces that became ready one second after the other.
    private func staggered() async throws -> (World, Engine) {
        let world = try World()
        world.with { $0.canList = false }
        let engine = world.engine(store: try world.open())
        for number in 1...8 {
            world.commit("template - health=10:2\na \(number) 1")
            try await engine.sync()
            world.with { $0.now = $0.now + .seconds(1) }
        }
        return (world, engine)
    }

    /// Runs the checks that become due in some seconds, and compares the answers of each second.
    private func seconds(_ count: Int, _ world: World, _ engine: Engine) async throws -> [ResyncReport] {
        var reports: [ResyncReport] = []
        for _ in 0..<count {
            world.with { $0.now = $0.now + .seconds(1) }
            reports += try await engine.resync()
            _ = try await OperationRunner(engine).run()
            reports += try await engine.resync()
        }
        return reports
    }

    @Test("One broken workspace is no mass loss, although its check is the only one of its round")
    func aloneInRound() async throws {
        let (world, engine) = try await staggered()
        let victim = try #require(try await workspaces(engine, .ready).first?.id)
        world.with { $0.words[victim.rawValue] = "stopped" }
        let reports = try await seconds(10, world, engine)
        #expect(reports.count == 8 && reports.allSatisfy { $0.suspicion == nil })
        #expect(try await workspaces(engine, .suspect).map(\.id) == [victim])
    }

    @Test("Checks that fail one after the other are a mass loss together")
    func massInTurn() async throws {
        let (world, engine) = try await staggered()
        let all = try await workspaces(engine, .ready).map(\.id.rawValue)
        world.with { state in for id in all { state.words[id] = "stopped" } }
        let suspicions = try await seconds(10, world, engine).compactMap(\.suspicion)
        #expect(
            suspicions.first?.message(of: "local")
                == "5 of 8 workspaces of the provisioner local are missing or broken at once; prewarm replaces none of them "
                + "until checks at least 10s later agree")
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.count { $0.reason == EventReason.listSuspect.rawValue } == 1)
        #expect(try await workspaces(engine, .suspect).count == 4)
        #expect(try await workspaces(engine, .ready).count == 4, "these stay claimable")
        world.with { $0.words = [:] }
        _ = try await seconds(12, world, engine)
        #expect(try await workspaces(engine, .ready).map(\.id.rawValue) == all)
    }

    /// Returns a world with a broken workspace, whose check has an answer that was not compared yet.
    private func answered() async throws -> (World, InterleavedStore, WorkspaceID) {
        let world = try World()
        world.with { $0.canList = false }
        world.commit("template - health=10:3\na 3 1")
        let store = InterleavedStore(try world.open())
        let engine = world.engine(store: store)
        try await engine.sync()
        let victim = try #require(try await workspaces(engine, .ready).first?.id)
        world.with { state in
            state.words[victim.rawValue] = "stopped"
            state.now = state.now + .seconds(11)
        }
        _ = try await engine.resync()
        _ = try await OperationRunner(engine).run()
        return (world, store, victim)
    }

    @Test("Two processes that compare the same answers count one miss")
    func comparedTwice() async throws {
        let (world, store, victim) = try await answered()
        let other = world.engine(store: try world.open(), holder: "second")
        store.beforeNextWrite { _ = try await other.resync() }
        #expect(try await world.engine(store: store).resync().isEmpty)
        let suspects = try await store.read { try $0.suspects(provisioner: "local") }
        #expect(suspects.map(\.workspace) == [victim] && suspects.first?.misses == 1)
    }

    @Test("An answer that comes while others are compared waits for the next round")
    func answeredMeanwhile() async throws {
        let (world, store, victim) = try await answered()
        let (other, now) = (try world.open(), world.with(\.now))
        store.beforeNextWrite {
            try await other.write {
                try $0.save(Check(workspace: victim, provisioner: "local", at: now, state: "ready"))
            }
        }
        _ = try await world.engine(store: store).resync()
        let checks = try await store.read { try $0.checks(provisioner: "local").values.filter(\.isNew) }
        #expect(checks.map(\.workspace) == [victim])
        #expect(try await store.read { try $0.suspects(provisioner: "local") }.isEmpty)
    }

    @Test("At most 20 checks for each slot wait at once, and the oldest come first")
    func bounded() async throws {
        let world = try World()
        world.with { ($0.canList, $0.concurrency) = (false, 1) }
        world.commit("template - health=10:2\na 50 1")
        let engine = world.engine(store: try world.open())
        try await engine.sync()
        world.with { $0.calls = [] }
        for number in 1...3 {
            try await round(world, engine)
            #expect(world.with(\.calls).count == number * 20)
        }
        #expect(Set(world.with(\.calls)).count == 50, "each workspace was checked before one was checked again")
    }
}
