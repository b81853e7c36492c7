import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Handovers of claims", .timeLimit(.minutes(5)))
struct HandoverTests {
    private let world: World
    private let engine: Engine

    init() throws {
        world = try World()
        world.with { $0.handsOver = true }
        world.commit("a 1 1")
        engine = world.engine(store: try world.open())
    }

    private func handover() async throws -> Handover {
        try await engine.sync()
        let grant = try await engine.grant([ClaimChoice(name: "a", terms: HandoverTerms())], owner: "ada")
        return try #require(engine.handover(of: grant, createsWorkspace: false, askedAt: engine.now()))
    }

    @Test("A claim that is released before its handover is answered while its workspace is being deleted")
    func released() async throws {
        let handover = try await handover()
        _ = try await engine.release(handover.workspace.id.rawValue)
        let now = engine.now()
        let isDeleting = try await engine.store.write { store in
            let found = try store.operations(OperationFilter(workspace: handover.workspace.id))
            guard var record = found.first(where: { $0.operation.kind == .delete }) else { return false }
            record.operation.state = .running
            record.lease = Lease(holder: "other", fence: 1, until: now + .seconds(10))
            try store.update(record)
            return true
        }
        #expect(isDeleting)
        guard case .ended = await handover.run() else {
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
