import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Records of claims")
struct ClaimRecordTests {
    private func record(of workspace: Workspace, _ engine: Engine) async throws -> Claim? {
        try await engine.store.read { store in try workspace.claim.flatMap { try store.claim($0) } }
    }

    @Test("A claim of a ready workspace is a hit that is usable at once, until it is released")
    func hit() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1")
        try await engine.sync()
        let workspace = try await engine.claim("a", owner: "ada")
        let granted = try #require(try await record(of: workspace, engine))
        #expect(granted.result == .hit && granted.workspace == workspace.id && granted.owner == "ada")
        #expect(granted.usableAt == workspace.claimedAt && granted.grantedAt == workspace.claimedAt && granted.isHeld)
        world.with { $0.now = $0.now + .seconds(60) }
        _ = try await engine.release(workspace.id.rawValue, by: "token ci")
        let ended = try #require(try await record(of: workspace, engine))
        #expect(ended.endReason == .released && ended.endedBy == "token ci" && ended.endedAt == engine.now())
        world.with { $0.now = $0.now + .seconds(60) }
        _ = try await engine.release(workspace.id.rawValue, by: "token other")
        #expect(try await record(of: workspace, engine) == ended, "a repeated release changes nothing")
    }

    @Test("A workspace that is created for a claim is usable when it is ready")
    func cold() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 0 1 cold")
        try await engine.sync()
        let workspace = try await engine.claim("a", owner: "ada", idempotencyKey: .local("k"))
        let granted = try #require(try await record(of: workspace, engine))
        #expect(granted.result == .cold && granted.usableAt == nil && granted.isHeld)
        world.with { $0.now = $0.now + .seconds(30) }
        try await engine.sync()
        #expect(try await record(of: workspace, engine)?.usableAt == engine.now())
        _ = try await engine.claim("a", owner: "ada", idempotencyKey: .local("k"))
        #expect(try await engine.store.read { try $0.claims(ClaimFilter()) }.count == 1, "the same key, the same claim")
    }

    @Test("A claim ends when the workspace that is created for it fails")
    func failed() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 0 1 cold")
        world.with { $0.brokenVersions = ["1"] }
        try await engine.sync()
        let workspace = try await engine.claim("a", owner: "ada")
        try await engine.sync()
        let ended = try #require(try await record(of: workspace, engine))
        #expect(ended.endReason == .failed && ended.endedBy == nil && ended.usableAt == nil)
    }

    @Test("A wait over several requests is one record, which ends as a miss or is granted")
    func waits() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 0 1")
        try await engine.sync()
        let key = PresetKey(source: "presets", name: "a")
        let first = try await engine.beginClaim(of: [key], by: "ada")
        await #expect(throws: ClaimError.self) { try await engine.claim("a", owner: "ada", attempt: first) }
        #expect(try await engine.store.read { try $0.claims(ClaimFilter()) }.isEmpty, "it still waits")
        try await engine.recordMiss(first, of: key, by: "ada")
        let missed = try #require(try await engine.store.read { try $0.claim(first.id) })
        #expect(missed.result == .missed && missed.workspace == nil && !missed.isHeld && missed.endedAt == engine.now())
        let (began, foreign) = (engine.now(), try await engine.beginClaim(of: [key], by: "eve", continuing: first.id))
        #expect(foreign.id != first.id, "another owner begins a new claim")
        world.with { $0.now = $0.now + .seconds(300) }
        world.commit("a 1 1")
        try await engine.sync()
        let second = try await engine.beginClaim(of: [key], by: "ada", continuing: first.id)
        let workspace = try await engine.claim("a", owner: "ada", attempt: second)
        let claims = try await engine.store.read { try $0.claims(ClaimFilter()) }
        #expect(claims.map(\.id) == [first.id] && claims[0].result == .waited && claims[0].workspace == workspace.id)
        #expect(claims[0].askedAt == began && claims[0].grantedAt == engine.now() && claims[0].endedAt == nil)
    }

    @Test("The record of a claim is kept for 90 days after its end")
    func kept() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1")
        try await engine.sync()
        let workspace = try await engine.claim("a", owner: "ada")
        _ = try await engine.release(workspace.id.rawValue)
        for (days, count) in [(89, 1), (2, 0)] {
            world.with { $0.now = $0.now + .seconds(Int64(days) * 86_400) }
            world.commit("a \(days) 1")
            try await engine.sync()
            #expect(try await engine.store.read { try $0.claims(ClaimFilter()) }.count == count)
        }
    }
}
