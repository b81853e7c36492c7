import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Handovers of claims", .timeLimit(.minutes(5)))
struct HandoverTests {
    private let world: World
    private let store: InterleavedStore
    private let engine: Engine

    init() throws {
        world = try World()
        world.with { $0.handsOver = true }
        world.commit("a 1 1")
        store = InterleavedStore(try world.open())
        engine = world.engine(store: store)
    }

    private func handover() async throws -> Handover {
        try await engine.sync()
        let grant = try await engine.grant([ClaimChoice(name: "a", terms: HandoverTerms())], owner: "ada")
        return try #require(engine.handover(of: grant, createsWorkspace: false, askedAt: engine.now()))
    }

    /// Lets another process run an operation of the workspace.
    private func run(_ record: OperationRecord) async throws {
        var record = record
        record.operation.state = .running
        record.lease = Lease(holder: "other", fence: 1, until: engine.now() + .seconds(10))
        try await store.write { [record] in try $0.update(record) }
    }

    @Test("A claim that is released before its handover is answered while its workspace is being deleted")
    func released() async throws {
        let handover = try await handover()
        let (workspace, now) = (handover.workspace, engine.now())
        let inspect = Operation(
            id: OperationID("01hzy3v7k8zzzzzzzzzzzzzzzz"), kind: .inspect, workspace: workspace.id,
            preset: workspace.preset, provisioner: "local", reason: .lost, nextAttemptAt: now, createdAt: now)
        try await store.write { try $0.insert([inspect]) }
        try await run(OperationRecord(inspect))
        let before = store.reads
        async let result = handover.run()
        try await eventually("the handover waits for the inspect") { store.reads >= before + 4 }
        _ = try await engine.release(workspace.id.rawValue)
        let operations = try await store.read { try $0.operations(OperationFilter(workspace: workspace.id)) }
        try await run(try #require(operations.first { $0.operation.kind == .delete }))
        guard case .ended = await result else {
            Issue.record("the claim has not ended")
            return
        }
    }

    @Test("A handover that begins after the daemon's last one is interrupted, and its workspace is deleted")
    func closed() async throws {
        let (handover, jobs) = (try await handover(), HandoverJobs())
        jobs.close()
        guard case .interrupted = try await jobs.begin(handover).value(until: nil) else {
            Issue.record("the handover was not interrupted")
            return
        }
        let state = try await engine.store.read { try $0.workspace(handover.workspace.id.rawValue)?.state }
        #expect(state == .deleting)
    }
}
