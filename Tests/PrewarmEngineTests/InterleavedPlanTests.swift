import PrewarmCore
import PrewarmEngine
import Testing

/// A reconciliation plans from a snapshot of the store and carries the plan out later. These tests change the store in
/// between.
@Suite("A change while a plan is made")
struct InterleavedPlanTests {
    /// Reconciles after a new commit, and runs an action between the plan and its transaction.
    private func reconcile(
        _ world: World, policy: Policy = Policy(), from before: String, to after: String,
        meanwhile: @escaping @Sendable (Engine) async throws -> Void
    ) async throws -> (engine: Engine, report: ReconcileReport) {
        let base = try world.open()
        let store = InterleavedStore(base)
        let engine = world.engine(store: store, policy: policy)
        let other = world.engine(store: base, policy: policy)
        world.commit(before)
        try await engine.sync()
        world.commit(after)
        // The first write takes the lease, the second one stores parsed manifests, and the third one carries the plan out.
        store.beforeNextWrite {
            store.beforeNextWrite { store.beforeNextWrite { try await meanwhile(other) } }
        }
        return (engine, try await engine.reconcile("presets"))
    }

    @Test("A workspace that is claimed meanwhile is not deleted, and its pool is filled again")
    func claimed() async throws {
        let world = try World()
        let (engine, report) = try await reconcile(world, from: "a 2 1", to: "a 1 1") { engine in
            _ = try await engine.claim("a", owner: "ada")
            _ = try await engine.claim("a", owner: "bob")
        }
        #expect(report.plan.actions.map(\.kind) == [.create], "the plan is made again")
        let workspaces = try await engine.store.read { try $0.workspaces(WorkspaceFilter()) }
        #expect(workspaces.map(\.state.rawValue).sorted() == ["claimed", "claimed", "pending"])
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 1)
    }

    @Test("A pool that changes meanwhile is planned for again without another commit")
    func notQuiet() async throws {
        let world = try World()
        let (engine, _) = try await reconcile(world, from: "a 2 1\nb 1 1", to: "a 2 1\nb 2 1") { engine in
            _ = try await engine.claim("a", owner: "ada")
        }
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 2)
        #expect(try await engine.counts("b")?.eligible == 2)
        #expect(try await engine.reconcile("presets").isQuiet)
    }

    @Test("A suspension that begins meanwhile holds every action")
    func suspended() async throws {
        let world = try World()
        let (engine, report) = try await reconcile(world, from: "a 2 1", to: "a 4 2") { engine in
            try await engine.suspend(.all, reason: nil, by: "ops", until: nil)
        }
        #expect(report.plan.actions.isEmpty)
        #expect(try await engine.store.read { try $0.workspaces(WorkspaceFilter()) }.count == 2)
    }

    @Test("A claim on an empty pool that uses up a limit meanwhile leaves no room for the plan")
    func limited() async throws {
        let world = try World()
        let policy = Policy(limits: Policy.Limits(instances: 3))
        let (engine, _) = try await reconcile(world, policy: policy, from: "a 1 1\nb 0 1 cold", to: "a 3 1\nb 0 1 cold")
        {
            _ = try await $0.claim("b", owner: "ada")
        }
        #expect(try await engine.store.read { try $0.workspaces(WorkspaceFilter()) }.count == 3)
    }

    @Test("Two reconciliations at once create each workspace once")
    func twice() async throws {
        let world = try World()
        let base = try world.open()
        let store = InterleavedStore(base)
        let (engine, other) = (world.engine(store: store), world.engine(store: base))
        world.commit("a 3 1")
        try await engine.sync()
        _ = try await engine.claim("a", owner: "ada")
        store.beforeNextWrite { _ = try await other.reconcile("presets") }
        _ = try await engine.reconcile("presets")
        #expect(try await engine.counts("a")?.starting == 1)
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 3)
        #expect(try await engine.counts("a")?.extraneous == 0)
    }

    @Test("A failed build that is recorded meanwhile starts the backoff")
    func failed() async throws {
        let world = try World()
        let base = try world.open()
        let store = InterleavedStore(base)
        let (engine, other) = (world.engine(store: store), world.engine(store: base))
        world.commit("a 2 1 limit=1")
        try await engine.sync()
        world.with { $0.brokenVersions = ["1"] }
        _ = try await engine.claim("a", owner: "ada")
        _ = try await engine.reconcile("presets")
        _ = try await engine.claim("a", owner: "bob")
        store.beforeNextWrite { _ = try await OperationRunner(other).run() }
        let report = try await engine.reconcile("presets")
        #expect(report.failures.count == 1, "the plan was made again after the failure")
    }

    @Test("A claim on a pool that the plan leaves out is seen by the next reconciliation")
    func otherPool() async throws {
        let world = try World()
        let base = try world.open()
        let store = InterleavedStore(base)
        let (engine, other) = (world.engine(store: store), world.engine(store: base))
        world.commit("a 1 1\nb 1 1")
        try await engine.sync()
        #expect(try await engine.reconcile("presets").isQuiet, "both pools are settled")
        _ = try await engine.claim("a", owner: "ada")
        store.beforeNextWrite { _ = try await other.claim("b", owner: "bob") }
        let report = try await engine.reconcile("presets")
        #expect(report.presets.map(\.key.name) == ["a"])
        #expect(try await engine.reconcile("presets").plan.actions.map(\.preset.name) == ["b"])
    }

    @Test("Two sources that fill an empty store at once stay within the limit of all workspaces")
    func sharedLimit() async throws {
        let world = try World()
        let base = try world.open()
        let policy = Policy(limits: Policy.Limits(instances: 10))
        let store = InterleavedStore(base)
        let engine = world.engine(store: store, policy: policy)
        let other = world.engine(store: base, policy: policy, source: "others")
        world.commit("a 10 1")
        store.beforeNextWrite {
            store.beforeNextWrite { store.beforeNextWrite { _ = try await other.reconcile("others") } }
        }
        _ = try await engine.reconcile("presets")
        #expect(try await base.read { try $0.workspaces(WorkspaceFilter()) }.count == 10)
    }

    @Test("A create that starts meanwhile is deleted, and frees no room before")
    func started() async throws {
        let world = try World()
        let policy = Policy(limits: Policy.Limits(instances: 4))
        let base = try world.open()
        let store = InterleavedStore(base)
        let engine = world.engine(store: store, policy: policy)
        world.commit("a 4 1\nb 0 1")
        _ = try await engine.reconcile("presets")
        world.commit("a 0 1\nb 4 1")
        store.beforeNextWrite {
            store.beforeNextWrite {
                store.beforeNextWrite {
                    try await base.write { store in
                        let pending = try store.workspaces(WorkspaceFilter(states: [.pending], limit: 1)).map(\.id)
                        _ = try store.move(pending, from: [.pending], to: .creating)
                    }
                }
            }
        }
        _ = try await engine.reconcile("presets")
        let live = try await base.read { try $0.workspaces(WorkspaceFilter()) }
        #expect(live.count == 4)
        #expect(live.filter { $0.preset.name == "a" }.map(\.state) == [.deleting], "the started create is deleted")
    }

    @Test("Two reconciliations at once record the event of a stalled preset once")
    func stalledOnce() async throws {
        let world = try World()
        let base = try world.open()
        let store = InterleavedStore(base)
        let (engine, other) = (world.engine(store: store), world.engine(store: base))
        world.commit("a 1 1 limit=1")
        world.with { $0.brokenVersions = ["1"] }
        _ = try await engine.reconcile("presets")
        _ = try await OperationRunner(engine).run()
        store.beforeNextWrite { _ = try await other.reconcile("presets") }
        _ = try await engine.reconcile("presets")
        let events = try await base.read { try $0.events(EventFilter()) }
        #expect(events.count { $0.reason == EventReason.stalled.rawValue } == 1)
    }

    @Test("A plan that was approved is refused if the pool changed meanwhile")
    func approved() async throws {
        let world = try World()
        let base = try world.open()
        let store = InterleavedStore(base)
        let (engine, other) = (world.engine(store: store), world.engine(store: base))
        world.commit("a 2 1")
        try await engine.sync()
        _ = try await engine.claim("a", owner: "ada")
        let plan = try await engine.preview("presets")
        let digest = plan.plan.digest(revision: plan.revision)
        store.beforeNextWrite { _ = try await other.claim("a", owner: "bob") }
        await #expect(throws: ReconcileError.self) { try await engine.reconcile("presets", expected: digest) }
    }
}
