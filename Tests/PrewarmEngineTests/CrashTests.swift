import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Crashes")
struct CrashTests {
    /// Fills, replaces and empties a pool, and kills the process at every write, before and after its commit.
    @Test("A process that is killed at any write duplicates, leaks and forgets no workspace", arguments: [false, true])
    func killedAtEveryStepNothingIsTwiceLeakedOrForgotten(diesAfterCommit: Bool) async throws {
        var step = 1
        while try await survives(deathAt: step, diesAfterCommit: diesAfterCommit) { step += 1 }
        #expect(step > 30, "the runs have enough writes")
    }

    /// Returns false if the whole run takes fewer writes than `step`.
    private func survives(deathAt step: Int, diesAfterCommit: Bool) async throws -> Bool {
        let world = try World()
        let store = try world.open()
        let life = MortalStore.Life(writes: step, diesAfterCommit: diesAfterCommit)
        var policy = Policy()
        policy.deletionGuard.percent = 100
        let mortal = world.engine(store: MortalStore(store: store, life: life), holder: "first", policy: policy)
        var died = false
        do {
            try await story(world, mortal)
        } catch {
            died = true
        }
        world.with { _ = $0.deadHolders.insert("first") }
        let heir = world.engine(store: store, holder: "second", policy: policy)
        try await story(world, heir)
        // The delete of a workspace whose create got no answer is repeated.
        world.with { $0.now = $0.now + Operation.unansweredCreate }
        try await heir.sync()
        try await check(world, heir, step: step)
        return died
    }

    private func story(_ world: World, _ engine: Engine) async throws {
        world.commit("a 3 1\nb 2 1")
        try await engine.sync()
        let claimed = try await engine.claim("a", owner: "ada", idempotencyKey: .local("once"))
        try await engine.sync()
        world.commit("a 4 2 recreate")
        try await engine.sync()
        _ = try await engine.release(claimed.id.rawValue)
        try await engine.sync()
    }

    private func check(_ world: World, _ engine: Engine, step: Int) async throws {
        let rows = try await engine.store.read { try $0.workspaces(WorkspaceFilter()) }
        let instances = world.with(\.instances)
        #expect(Set(rows.map(\.id.rawValue)) == instances, "killed at write \(step)")
        let ready = rows.filter { $0.state == .ready && $0.preset.name == "a" && $0.spec.version == "2" }
        #expect(ready.count == 4 && rows.count == 4, "killed at write \(step): \(rows.map(\.state))")
        let unfinished = try await engine.store.read {
            try $0.operations(OperationFilter(states: [.pending, .running]))
        }
        #expect(unfinished.isEmpty, "killed at write \(step)")
    }
}
