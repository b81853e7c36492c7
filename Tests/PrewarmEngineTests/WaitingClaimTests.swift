import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Waiting claims raise the desired number")
struct WaitingClaimTests {
    private let key = PresetKey(source: "presets", name: "a")

    private func engine(_ world: World, _ presets: String, limit: Int? = nil) async throws -> Engine {
        let engine = world.engine(
            store: try world.open(), policy: Policy(limits: Policy.Limits(instancesPerPreset: limit)))
        world.commit(presets)
        try await engine.sync()
        return engine
    }

    private func wait(
        _ engine: Engine, _ world: World, _ owner: Owner, for presets: [PresetKey]? = nil
    ) async throws -> ClaimAttempt {
        world.with { $0.now = $0.now + .seconds(1) }
        var attempt = try await engine.beginClaim(of: presets ?? [key], by: owner)
        attempt.hasWaited = true
        try await engine.join(attempt, of: presets ?? [key], by: owner)
        return attempt
    }

    private func counts(_ engine: Engine) async throws -> PoolCounts { try #require(try await engine.counts("a")) }

    private func unclaimed(_ engine: Engine) async throws -> [Workspace] {
        try await engine.store.read { [key] in
            try $0.workspaces(WorkspaceFilter(preset: key, states: [.pending, .creating, .ready]))
        }
    }

    @Test("In a pool of 0, a workspace is created for each waiting claim up to the limit, and status says why")
    func created() async throws {
        let world = try World()
        let engine = try await engine(world, "a 0 1 cold", limit: 3)
        let first = try await engine.claim("a", owner: "first")
        for owner in ["ada", "bob", "eve"] as [Owner] { _ = try await wait(engine, world, owner) }
        let report = try await engine.assess("presets")
        let status = try #require(report.statuses.first)
        #expect(status.pool.counts.desired == 3 && status.pool.counts.waiting == 3)
        #expect(status[.ready]?.message.contains("3 more are desired for waiting claims") == true)
        #expect(report.plan.actions.map(\.reason) == [.waitingClaim, .waitingClaim])
        #expect(report.plan.held.map(\.action.reason) == [.waitingClaim], "the limit holds one")
        #expect(status[.limited]?.message.hasPrefix("1 create for waiting claims held by the limit of 3") == true)
        #expect(!status.isHealthy)
        try await engine.sync()
        #expect(try await unclaimed(engine).count == 2)
        _ = try await engine.release(first.id.rawValue)
        try await engine.sync()
        try await engine.sync()
        #expect(try await unclaimed(engine).count == 3, "the release made room for the third")
    }

    @Test("A claim takes the workspace that starts for it, so it is not counted twice")
    func taken() async throws {
        let world = try World()
        let engine = try await engine(world, "a 0 1 cold")
        world.with { $0.startsSlowly = true }
        let ada = try await wait(engine, world, "ada")
        try await engine.sync()
        let begun = try #require(try await unclaimed(engine).first)
        #expect(begun.state == .creating)
        let granted = try await engine.claim("a", owner: "ada", attempt: ada)
        #expect(granted.id == begun.id && granted.isCold && granted.owner == "ada")
        #expect(try await counts(engine).desired == 0)
        world.with { ($0.startsSlowly, $0.now) = (false, $0.now + .seconds(60)) }
        try await engine.sync()
        #expect(world.with(\.instances) == [begun.id.rawValue], "no other workspace was made")
        #expect(try await engine.store.read { try $0.workspace(begun.id.rawValue) }?.readyAt != nil)
    }

    @Test("A workspace for a claim that stopped waiting stays for five minutes, and is then deleted")
    func memory() async throws {
        let world = try World()
        let engine = try await engine(world, "a 0 1 cold")
        let ada = try await wait(engine, world, "ada")
        try await engine.sync()
        world.with { $0.now = $0.now + .seconds(5) }
        _ = try await engine.cancelWait(ada.id)
        world.with { $0.now = $0.now + .seconds(290) }
        try await engine.sync()
        #expect(try await unclaimed(engine).count == 1)
        world.with { $0.now = $0.now + .seconds(11) }
        try await engine.sync()
        #expect(try await unclaimed(engine).isEmpty)
        #expect(try await counts(engine).desired == 0)
        let reasons = try await engine.store.read { try $0.operations(OperationFilter()) }.map(\.operation.reason)
        #expect(reasons.sorted { $0.rawValue < $1.rawValue } == [.aboveDesired, .waitingClaim], "it was made once")
    }

    @Test("A claim that goes on after its place in the queue ended is counted once")
    func goesOn() async throws {
        let world = try World()
        let engine = try await engine(world, "a 0 1 cold")
        let ada = try await wait(engine, world, "ada")
        world.with { $0.now = $0.now + .seconds(5) }
        try await engine.leave(ada.id)
        #expect(try await counts(engine).waiting == 1)
        world.with { $0.now = $0.now + .seconds(5) }
        var again = try await engine.beginClaim(of: [key], by: "ada", continuing: ada.id)
        #expect(again.id == ada.id && again.askedAt == ada.askedAt)
        again.hasWaited = true
        try await engine.join(again, of: [key], by: "ada")
        #expect(try await counts(engine).waiting == 1)
    }

    @Test("A process that died with waiting claims raises the number for five minutes only")
    func deadProcess() async throws {
        let world = try World()
        let engine = try await engine(world, "a 0 1 cold")
        _ = try await wait(engine, world, "ada")
        try await engine.sync()
        let next = try #require(try await engine.assess("presets").plan.nextChange)
        #expect(next <= world.with(\.now) + .seconds(330))
        world.with { $0.now = next + .seconds(1) }
        try await engine.sync()
        #expect(try await unclaimed(engine).isEmpty)
    }

    @Test("With `onEmpty: refuse` a waiting claim changes no desired number")
    func refuse() async throws {
        let world = try World()
        let engine = try await engine(world, "a 1 1")
        _ = try await engine.claim("a", owner: "first")
        for owner in ["ada", "bob"] as [Owner] { _ = try await wait(engine, world, owner) }
        let counts = try await counts(engine)
        #expect(counts.desired == 1 && counts.waiting == 0)
    }

    @Test("A claim for several presets counts for the first one with `onEmpty: create`, and for no other")
    func several() async throws {
        let world = try World()
        let engine = try await engine(world, "a 0 1 cold\nb 0 1\nc 0 1 cold")
        let keys = ["b", "a", "c"].map { PresetKey(source: "presets", name: $0) }
        _ = try await wait(engine, world, "ada", for: keys)
        #expect(try await counts(engine).desired == 1)
        for name in ["b", "c"] { #expect(try await engine.counts(name)?.desired == 0) }
    }

    @Test("The refill of the pool and waiting claims are counted once, and a claim that is served leaves no surplus")
    func refill() async throws {
        let world = try World()
        let engine = try await engine(world, "a 2 1 cold")
        for owner in ["x", "y"] as [Owner] { _ = try await engine.claim("a", owner: owner) }
        let ada = try await wait(engine, world, "ada")
        #expect(try await counts(engine).desired == 3)
        try await engine.sync()
        #expect(try await unclaimed(engine).count == 3)
        #expect(try await engine.claim("a", owner: "ada", attempt: ada).readyAt != nil)
        try await engine.sync()
        #expect(try await unclaimed(engine).count == 2)
        #expect(try await counts(engine).desired == 2)
        #expect(world.with { $0.calls.count { $0.hasPrefix("delete") } } == 0)
    }

    @Test("An owner who may get no more workspaces raises no number, however many of its claims wait")
    func owner() async throws {
        let world = try World()
        var policy = Policy()
        policy.owners = OwnerPolicy(standard: .init(claims: 2))
        let engine = world.engine(store: try world.open(), policy: policy)
        world.commit("a 0 1 cold\nb 1 1")
        try await engine.sync()
        for _ in 0..<5 { _ = try await wait(engine, world, "ada") }
        #expect(try await counts(engine).desired == 2)
        _ = try await engine.claim("b", owner: "ada")
        try await engine.sync()
        #expect(try await counts(engine).waiting == 1)
    }
}
