import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Rollouts in a plan, and held changes of a revision")
struct RolloutPlanTests {
    /// A world whose manifests were applied one after the other.
    private static func world(
        _ texts: String..., broken: Set<String> = []
    ) async throws -> (world: World, engine: Engine) {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.with { $0.brokenVersions = broken }
        for text in texts {
            world.commit(text)
            try await engine.sync()
        }
        return (world, engine)
    }

    private static func summary(_ report: ReconcileReport, _ count: KeyPath<PlanSummaryDocument, Int>) -> Int {
        PlanDocument(plans: [report], at: Timestamp(seconds: 0), for: .local).summary[keyPath: count]
    }

    @Test("A running rollout and a held one of the same pool are counted apart")
    func both() async throws {
        let (world, engine) = try await Self.world("a 8 1", "a 8 2", broken: ["2"])
        world.commit("a 8 3 recreate")
        let report = try await engine.preview("presets")
        let (running, held) = (report.rollouts.first, report.rollouts.last)
        #expect(report.rollouts.map(\.isHeld) == [false, true])
        #expect(Self.summary(report, \.replace) == running?.replaces && running?.replaces ?? 0 > 0)
        #expect(Self.summary(report, \.replaceHeld) == held?.replaces && held?.replaces ?? 0 > 0)
    }

    @Test(
        "A rollout replaces no workspaces that are only deleted",
        arguments: [("a 4 2", 4), ("a 8 2", 6), ("a 0 2", nil)])
    func deletions(text: String, replaces: Int?) async throws {
        let (world, engine) = try await Self.world("a 6 1\nb 20 1")
        world.commit("\(text)\nb 20 1")
        #expect(try await engine.preview("presets").rollouts.map(\.replaces) == (replaces.map { [$0] } ?? []))
    }

    @Test("A held rollout replaces no workspaces that are only deleted, or that have the new version already")
    func heldDeletions() async throws {
        var (world, engine) = try await Self.world("a 12 1")
        world.commit("a 2 2")
        let fewer = try await engine.preview("presets").rollouts
        #expect(fewer.map(\.isHeld) == [true] && fewer.first?.replaces == 2)
        (world, engine) = try await Self.world("a 8 1", "a 8 2", broken: ["2"])
        world.commit("a 8 1 recreate")
        let back = try await engine.preview("presets")
        #expect(back.plan.held.contains { $0.hold.isOfGuard })
        #expect(!back.rollouts.contains { $0.isHeld }, "\(back.rollouts)")
    }

    @Test(
        "A rollout of a pool that prewarm may not change names its hold",
        arguments: [("suspended", Hold.suspension), ("observe", .observe)])
    func holds(word: String, hold: Hold) async throws {
        let (world, engine) = try await Self.world("a 4 1")
        world.commit("a 4 2 \(word)")
        let report = try await engine.preview("presets")
        #expect(report.rollouts.map(\.hold) == [hold])
        #expect(Self.summary(report, \.replace) == 0 && Self.summary(report, \.replaceHeld) == 0)
    }

    @Test("A change of the newest revision is marked as held until it is approved")
    func heldChanges() async throws {
        let (world, engine) = try await Self.world("a 8 1\nb 1 1", "a 1 1\nb 2 1")
        func held() async throws -> [[String]] {
            try await engine.store.read { try $0.markedRevisions(source: "presets", limit: 10) }
                .map { $0.changes.changes.filter(\.isHeld).map(\.name) }
        }
        #expect(try await held() == [["a"], []])
        _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
        try await engine.sync()
        #expect(try await held() == [[], []])
    }

    @Test("A share in percent is rounded down, also if it has no exact binary form")
    func percent() {
        for thousandths in 0...1000 {
            #expect((Double(thousandths) / 1000).wholePercent == thousandths / 10)
        }
    }
}
