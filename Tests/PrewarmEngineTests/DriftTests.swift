import PrewarmCore
import PrewarmEngine
import Testing

@Suite("What really exists")
struct DriftTests {
    @Test("is asked for after the interval, and not before")
    func interval() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 3 1")
        try await engine.sync()
        let lost = try #require(world.with { $0.instances.sorted().first })
        world.with { _ = $0.instances.remove(lost) }
        try await engine.sync()
        #expect(world.with(\.instances).count == 2)
        world.with { $0.now = $0.now + .seconds(601) }
        try await engine.sync()
        #expect(world.with(\.instances).count == 3, "what was lost is replaced")
        #expect(try await engine.store.read { try $0.workspace(lost) }?.state == .deleted)
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.contains { $0.reason == "Lost" && $0.kind == .warning })
    }

    @Test("leaves a claimed one to its owner, and tells")
    func claimed() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1")
        try await engine.sync()
        let claimed = try await engine.claim("a", owner: "ada")
        world.with { $0.instances = [] }
        world.with { $0.now = $0.now + .seconds(1) }
        let reports = try await engine.resync(force: true)
        #expect(reports.flatMap(\.missingClaimed).map(\.id) == [claimed.id])
        #expect(try await engine.store.read { try $0.workspace(claimed.id.rawValue) }?.state == .claimed)
    }

    @Test("and suddenly is much less is not believed until the next list agrees")
    func suspectList() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 10 1")
        try await engine.sync()
        let all = world.with { $0.instances }
        let half = Set(all.sorted().prefix(8))
        world.with { state in
            state.now = state.now + .seconds(1)
            state.instances.subtract(half)
        }
        let first = try await engine.resync(force: true)
        #expect(first.flatMap(\.lost).isEmpty && first.first?.suspicion?.missing.count == 8)
        world.with { $0.instances = all }
        let second = try await engine.resync(force: true)
        #expect(second.first?.suspicion == nil && second.flatMap(\.lost).isEmpty, "they are there again")
        world.with { $0.instances.subtract(half) }
        #expect(try await engine.resync(force: true).first?.suspicion?.missing.count == 8, "as if for the first time")
        let last = try #require(all.sorted().last)
        world.with { _ = $0.instances.remove(last) }
        let third = try await engine.resync(force: true)
        #expect(Set(third.flatMap(\.lost).map(\.id.rawValue)) == half, "two lists agree about these")
        #expect(third.first?.suspicion?.missing.map(\.rawValue) == [last], "and not about this one yet")
        #expect(try await engine.resync(force: true).flatMap(\.lost).map(\.id.rawValue) == [last])
        try await engine.sync()
        #expect(world.with(\.instances).count == 10)
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.contains { $0.reason == "ListSuspect" && $0.kind == .warning })
    }

    @Test("is left alone where most of it is known to nobody, as after a store was restored")
    func manyOrphans() async throws {
        let world = try World()
        var policy = Policy()
        policy.deletesOrphans = true
        let engine = world.engine(store: try world.open(), policy: policy)
        world.commit("a 1 1")
        let foreign = Set((0..<9).map { "before-\($0)" })
        world.with { $0.instances = foreign }
        try await engine.sync(refreshes: true)
        #expect(world.with(\.instances).isSuperset(of: foreign))
        #expect(try await engine.store.read { try $0.orphans() }.count == 9)
    }

    @Test("may be more than is known: it is reported, and adopted or left alone")
    func orphans() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1")
        world.with { $0.instances = ["left-over", "another"] }
        try await engine.sync(refreshes: true)
        #expect(try await engine.store.read { try $0.orphans() }.map(\.id.rawValue) == ["another", "left-over"])
        let adopted = try await engine.adopt(["left-over"], into: "a", by: "ada")
        #expect(adopted.map(\.state) == [.ready])
        await #expect(throws: AdoptionError.self) { try await engine.adopt(["left-over"], into: "a", by: "ada") }
        try await engine.sync(refreshes: true)
        #expect(world.with(\.instances).contains("another"))
        #expect(try await engine.store.read { try $0.orphans() }.map(\.id.rawValue) == ["another"])
        #expect(try await engine.counts("a")?.eligible == 2, "the adopted one counts")
    }

    @Test("is deleted where nobody knows it and the policy says so")
    func deletedOrphans() async throws {
        let world = try World()
        var policy = Policy()
        policy.deletesOrphans = true
        let engine = world.engine(store: try world.open(), policy: policy)
        world.commit("a 1 1")
        world.with { $0.instances = ["left-over"] }
        try await engine.sync(refreshes: true)
        #expect(!world.with(\.instances).contains("left-over"))
        #expect(world.with(\.instances).count == 1)
        #expect(try await engine.store.read { try $0.orphans() }.isEmpty)
    }

    @Test("and is never ready counts as failed when its time is over")
    func readyTimeout() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("template 60\na 1 1 keepFailed")
        world.with { $0.startsSlowly = true }
        try await engine.sync()
        #expect(try await engine.counts("a")?.starting == 1)
        world.with { $0.now = $0.now + .seconds(61) }
        try await engine.sync()
        let counts = try #require(try await engine.counts("a"))
        #expect(counts.failed == 1 && counts.starting == 0)
        #expect(counts.keptFailed == 1, "it stays for inspection")
    }
}
