import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Creates without an answer")
struct UnansweredCreateTests {
    /// The ways in which a create ends without the answer of its provisioner, although the provider may still make the
    /// workspace.
    enum Way: CaseIterable {
        /// Its time limit was reached, or its process was killed.
        case timedOut
        /// prewarm ended it, since a newer revision does not want the workspace.
        case canceled
        /// The daemon stopped.
        case stopped
        /// The process that waited for it died. The next attempt is answered with "try again later".
        case diedBefore
        /// The process of another machine that waited for it died, so its lease expired.
        case expired
    }

    @Test("A workspace that appears after its first delete is deleted again", arguments: Way.allCases)
    func late(way: Way) async throws {
        let world = try World()
        let store = try world.open()
        let engine = world.engine(store: store, holder: "second")
        try await end(way, engine, world, world.engine(store: store, holder: "first"))
        world.with {
            $0.endlessVersions = []
            $0.silentVersions = []
            $0.isBusy = false
        }
        world.commit("a 0 2")
        try await engine.sync()
        let deletes = world.with { $0.calls.count { $0.hasPrefix("delete") } }
        #expect(deletes == 1)
        // The provider makes the workspace only now.
        world.makeLate()
        #expect(world.with(\.instances).count == 1)
        world.with { $0.now = $0.now + .seconds(14) }
        try await engine.sync()
        #expect(world.with(\.instances).count == 1, "it waits for 15 s")
        world.with { $0.now = $0.now + .seconds(2) }
        try await engine.sync()
        #expect(world.with(\.instances).isEmpty)
        #expect(try await store.read { try $0.workspaces(WorkspaceFilter()) }.isEmpty)
        let unfinished = OperationFilter(states: [.pending, .running])
        #expect(try await store.read { try $0.operations(unfinished) }.isEmpty)
    }

    /// Starts a create by one engine, and lets it end without an answer.
    private func end(_ way: Way, _ engine: Engine, _ world: World, _ other: Engine) async throws {
        world.commit("a 1 1")
        guard way != .timedOut else {
            world.with { $0.silentVersions = ["1"] }
            // The failed workspace is deleted by the next revision only.
            _ = try await engine.reconcile("presets")
            _ = try await OperationRunner(engine).run()
            return
        }
        world.with { $0.endlessVersions = ["1"] }
        let sync = Task { try await other.sync() }
        try await eventually("the create runs") { world.with { !$0.calls.isEmpty } }
        switch way {
        case .timedOut: break
        case .canceled:
            world.commit("a 0 1")
            _ = try await engine.reconcile("presets")
            // The first delete is that of the other engine.
            _ = await sync.result
        case .stopped:
            sync.cancel()
            _ = await sync.result
        case .diedBefore, .expired:
            world.with {
                $0.endlessVersions = []
                $0.isBusy = true
                if way == .diedBefore { $0.deadHolders = ["first"] }
            }
            // If this takes long, the first process renews its lease in between.
            try await eventually("the create is tried again") {
                if way == .expired { world.with { $0.now = $0.now + .seconds(61) } }
                try await engine.sync()
                return world.with { $0.calls.count > 1 }
            }
            sync.cancel()
            _ = await sync.result
        }
    }
}
