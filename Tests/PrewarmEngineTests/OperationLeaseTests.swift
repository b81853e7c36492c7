import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

@Suite("An operation that runs")
struct OperationLeaseTests {
    @Test("is asked for again, with the same id, a minute after its process was last heard of")
    func goneOutOfSight() async throws {
        let world = try World()
        let store = try world.open()
        let engine = world.engine(store: store, holder: "in another container")
        world.commit("a 1 1")
        world.with { _ = $0.endlessVersions.insert("1") }
        let sync = Task { try await engine.sync() }
        try await eventually("a provisioner is called") { world.with { !$0.calls.isEmpty } }
        let id = try #require(try await store.read { try $0.operations(OperationFilter(states: [.running])) }.first)
        // Its process is not seen to be dead, and still holds the lease.
        world.with { _ = $0.endlessVersions.remove("1") }
        let heir = world.engine(store: store, holder: "second")
        try await heir.sync()
        #expect(world.with(\.calls).count == 1)
        // Where this takes long, the first one renews its lease between the two.
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
        #expect(after == settled, "the first one changes nothing when it comes back")
        #expect(try await heir.counts("a")?.eligible == 1)
    }
}
