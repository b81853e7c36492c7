import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Adoption of an orphan")
struct AdoptionTests {
    private let world: World
    private let store: any Store

    init() throws {
        world = try World()
        store = try world.open()
    }

    /// Returns an engine with a full pool of two workspaces and a listed orphan.
    private func engine(orphan: String, canInspect: Bool = true) async throws -> Engine {
        world.commit("a 2 1")
        let base = world.engine(store: store)
        try await base.sync(refreshes: true)
        world.with { _ = $0.instances.insert(orphan) }
        let provisioner = LimitedProvisioner(base: MemoryProvisioner(world: world), canInspect: canInspect)
        let engine = Engine(
            store: store, sources: Array(base.sources.values), provisioners: ["local": provisioner],
            defaultProvisioner: "local", policy: base.policy, parser: base.parser, clock: base.clock,
            random: base.random, holder: base.holder,
            isDead: base.isDead)
        _ = try await engine.resync(force: true)
        return engine
    }

    @Test("An orphan is inspected first, so that its endpoint is known")
    func inspected() async throws {
        let engine = try await engine(orphan: "stray")
        let adopted = try await engine.adopt(["stray"], into: "a", by: "eve")
        #expect(adopted.map(\.endpoint) == ["http://stray"])
        #expect(try await store.read { try $0.workspace("stray") } == adopted.first)
        try await engine.sync()
        #expect(world.with(\.instances).contains("stray"), "the oldest surplus workspace is deleted")
    }

    @Test("An orphan is refused while its provisioner does not report it as ready")
    func notReady() async throws {
        let engine = try await engine(orphan: "stray")
        world.with { $0.startsSlowly = true }
        await #expect(throws: AdoptionError.self) { try await engine.adopt(["stray"], into: "a", by: "eve") }
        #expect(try await store.read { try $0.orphans().count } == 1)
    }

    @Test("An orphan without an endpoint does not displace a workspace with one")
    func withoutEndpoint() async throws {
        let engine = try await engine(orphan: "stray", canInspect: false)
        let error = await #expect(throws: AdoptionError.self) {
            try await engine.adopt(["stray"], into: "a", by: "eve")
        }
        guard case .withoutEndpoint = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        world.commit("a 3 1")
        world.with { $0.isBusy = true }
        try await engine.sync()
        let pending = try await store.read { try $0.workspaces(WorkspaceFilter(states: [.pending, .creating])) }
        #expect(pending.count == 1, "a workspace that is being created takes the room")
        await #expect(throws: AdoptionError.self) { try await engine.adopt(["stray"], into: "a", by: "eve") }
    }

    @Test("An orphan replaces a deleted workspace with the same id")
    func deletedBefore() async throws {
        let engine = try await engine(orphan: "stray")
        let claimed = try await engine.claim("a", owner: "ada")
        _ = try await engine.release(claimed.id.rawValue)
        try await engine.sync()
        #expect(try await store.read { try $0.workspace(claimed.id.rawValue) }?.state == .deleted)
        // The workspace still exists, although its provisioner reported the deletion.
        world.with { state in
            state.instances.insert(claimed.id.rawValue)
            state.now = state.now + .seconds(120)
        }
        _ = try await engine.resync(force: true)
        let adopted = try await engine.adopt([claimed.id.rawValue], into: "a", by: "eve")
        #expect(adopted.first?.state == .ready)
        let tallies = try await store.read { try $0.tallies(source: "presets") }
        let ready = try await store.read { try $0.workspaces(WorkspaceFilter(states: [.ready])) }
        #expect(tallies.filter { $0.state == .ready }.reduce(0) { $0 + $1.count } == ready.count)
        await #expect(throws: AdoptionError.self) {
            try await engine.adopt([claimed.id.rawValue], into: "a", by: "eve")
        }
    }
}

private struct LimitedProvisioner: Provisioner {
    let base: MemoryProvisioner
    let canInspect: Bool

    var operations: Set<ProvisionerOperation> { canInspect ? base.operations : base.operations.subtracting([.inspect]) }
    var concurrency: Int { base.concurrency }

    func perform(
        _ request: ProvisionerRequest, started: @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply {
        await base.perform(request, started: started)
    }

    func list() async throws(ProvisionerFailure) -> [ListedWorkspace] { try await base.list() }
    func end(_ mark: ProcessMark) async { await base.end(mark) }
}
