import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Verification of a revision")
struct VerifyingTests {
    private func events(_ engine: Engine) async throws -> [Event] {
        try await engine.store.read { try $0.events(EventFilter()) }
    }

    @Test(
        "A revision without a trusted signature is not applied, and the status says why and what to do"
    )
    func untrusted() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1")
        try await engine.sync()
        let good = try #require(world.with(\.head))
        world.commit("a 5 1")
        let bad = try #require(world.with(\.head))
        world.with { $0.untrusted = [bad] }
        let report = try await engine.reconcile("presets")
        #expect(report.failure?.reason == .verificationFailed && report.revision?.commit == good)
        #expect(try await engine.counts("a")?.desired == 2)
        let status = try #require(try await engine.sourceStatuses().first)
        let ready = try #require(status.conditions(quotes: true).first)
        #expect(ready.reason == "VerificationFailed" && ready.message.contains("commit \(bad) is not signed"))
        #expect(ready.message.contains("stays applied") && status.record?.failure?.hint == "sign it")
        #expect(try await events(engine).contains { $0.reason == "VerificationFailed" && $0.kind == .warning })
        // A plan reports the same failure. A plan of a named revision is shown with a warning.
        let plan = try await engine.preview("presets")
        #expect(plan.failure?.reason == .verificationFailed && plan.plan.pools.first?.counts.desired == 2)
        let asked = try await engine.preview("presets", revision: bad)
        #expect(asked.failure == nil && asked.plan.pools.first?.counts.desired == 5)
        #expect(
            asked.diagnostics.contains {
                $0.message.contains("a sync would refuse this revision") && $0.hint == "sign it"
            })
        // A sync of the named commit is refused as well.
        #expect(try await engine.reconcile("presets", revision: bad).failure?.reason == .verificationFailed)
        world.commit("a 3 1")
        try await engine.sync()
        #expect(try await engine.counts("a")?.desired == 3)
        #expect(try await engine.sourceStatuses().first?.record?.failure == nil)
    }

    @Test("If the first revision is not trusted, nothing is applied")
    func untrustedFirst() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1")
        world.with { $0.untrusted = [$0.head ?? ""] }
        let report = try await engine.reconcile("presets")
        #expect(report.failure?.reason == .verificationFailed && report.revision == nil && report.presets == [])
        #expect(world.with(\.calls) == [])
    }

    @Test("A revision that rewrites history is applied with a warning")
    func rewritten() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1")
        try await engine.sync()
        world.commit("a 3 1")
        try await engine.sync()
        #expect(try await events(engine).allSatisfy { $0.reason != "HistoryRewritten" })
        world.commit("a 4 1")
        world.with { $0.rewrites = [$0.head ?? ""] }
        try await engine.sync()
        #expect(try await engine.counts("a")?.desired == 4)
        let told = try await events(engine).filter { $0.reason == "HistoryRewritten" }
        #expect(
            told.count == 1 && told[0].kind == .warning && told[0].message.contains("the history of main was rewritten")
        )
    }

    @Test("With `requireFastForward`, a revision that rewrites history is refused until a user names it")
    func refused() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open(), requiresFastForward: true)
        world.commit("a 2 1")
        try await engine.sync()
        world.commit("a 4 1")
        let rewrite = try #require(world.with(\.head))
        world.with { $0.rewrites = [rewrite] }
        let report = try await engine.reconcile("presets")
        #expect(report.failure?.reason == .historyRewritten)
        #expect(report.failure?.hint?.contains("prewarm sync --rev \(rewrite.prefix(8))`") == true)
        #expect(try await engine.counts("a")?.desired == 2)
        #expect(try await engine.preview("presets").failure?.reason == .historyRewritten)
        #expect(try await engine.reconcile("presets", revision: rewrite).failure == nil)
        try await engine.sync()
        #expect(try await engine.counts("a")?.desired == 4)
        world.commit("a 5 1")
        try await engine.sync()
        #expect(try await engine.counts("a")?.desired == 5)
        #expect(try await engine.sourceStatuses().first?.record?.failure == nil)
    }

    @Test("A revision of another repository does not count as rewritten history")
    func otherRepository() async throws {
        let world = try World()
        let first = world.engine(store: try world.open(), requiresFastForward: true)
        world.commit("a 2 1")
        try await first.sync()
        world.commit("a 4 1")
        world.with { $0.rewrites = [$0.head ?? ""] }
        let second = world.engine(store: try world.open(), url: "another", requiresFastForward: true)
        #expect(try await second.reconcile("presets").failure == nil)
        #expect(try await second.counts("a")?.desired == 4)
    }

    @Test("A revision with symbolic links is applied with a warning")
    func links() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.with { $0.links = ["presets/link.yaml"] }
        world.commit("a 2 1")
        #expect(try await engine.preview("presets").diagnostics.map(\.file) == ["presets/link.yaml"])
        try await engine.sync()
        let status = try #require(try await engine.sourceStatuses().first)
        #expect(status.isHealthy && status.diagnostics.map(\.file) == ["presets/link.yaml"])
        #expect(try await engine.counts("a")?.desired == 2)
    }
}
