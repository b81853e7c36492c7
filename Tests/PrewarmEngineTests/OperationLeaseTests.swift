import ClockSupport
import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

@Suite("The lease of an operation")
struct OperationLeaseTests {
    @Test("An operation is repeated with the same id a minute after the last renewal of its lease")
    func goneOutOfSight() async throws {
        let world = try World()
        let store = try world.open()
        let engine = world.engine(store: store, holder: "in another container")
        world.commit("a 1 1")
        world.with { _ = $0.endlessVersions.insert("1") }
        let sync = Task { try await engine.sync() }
        try await eventually("a provisioner is called") { world.with { !$0.calls.isEmpty } }
        let id = try #require(try await store.read { try $0.operations(OperationFilter(states: [.running])) }.first)
        // The process is not known to have ended, and it still holds the lease.
        world.with { _ = $0.endlessVersions.remove("1") }
        let heir = world.engine(store: store, holder: "second")
        try await heir.sync()
        #expect(world.with(\.calls).count == 1)
        // If this takes long, the first process renews its lease in between.
        for _ in 0..<100 where world.with(\.instances).isEmpty {
            world.with { $0.now = $0.now + .seconds(61) }
            try await heir.sync()
        }
        #expect(world.with(\.instances) == [id.operation.workspace.rawValue])
        let settled = try #require(try await store.read { try $0.operation(id.operation.id) })
        #expect(settled.operation.state == .succeeded && settled.operation.attempt == 2)
        sync.cancel()
        _ = await sync.result
        let after = try await store.read { try $0.operation(id.operation.id) }
        #expect(after == settled, "the first process changes nothing when it returns")
        #expect(try await heir.counts("a")?.eligible == 1)
    }

    @Test("A process that cannot renew its lease stops the provisioner before the lease ends, and records nothing")
    func cutOff() async throws {
        let clock = ManualClock()
        let world = try World()
        let inner = try world.open()
        let life = MortalStore.Life()
        let engine = world.engine(store: MortalStore(store: inner, life: life), clock: clock)
        world.commit("a 1 1")
        _ = try await engine.reconcile("presets")
        world.with { _ = $0.endlessVersions.insert("1") }
        let run = Task { try await OperationRunner(engine).run() }
        try await eventually("the provisioner runs") { world.with { !$0.calls.isEmpty } }
        let record = try #require(try await inner.read { try $0.operations(OperationFilter(states: [.running])) }.first)
        let end = try #require(record.lease?.until)
        life.end(after: 0, diesAfterCommit: false)
        try await eventually("the provisioner has ended") {
            clock.advance(by: .milliseconds(500))
            return world.with(\.canceledCreates) > 0
        }
        #expect(clock.now() < end, "it ended before another process may start the operation")
        run.cancel()
        _ = await run.result
        #expect(try await inner.read { try $0.operation(record.operation.id) } == record)
    }
}
