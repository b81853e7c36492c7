import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Drift between the store and a provisioner")
struct DriftTests {
    @Test("A provisioner is asked for its list after the interval, and not before")
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
        #expect(world.with(\.instances).count == 3, "the lost workspace is replaced")
        #expect(try await engine.store.read { try $0.workspace(lost) }?.state == .deleted)
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.contains { $0.reason == "Lost" && $0.kind == .warning })
    }

    @Test(
        "A broken claimed workspace is not touched, and it is reported until it is well again",
        arguments: [String?.none, "failed"])
    func claimed(_ word: String?) async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1")
        try await engine.sync()
        let claimed = try await engine.claim("a", owner: "ada")
        try await engine.sync()
        #expect(try await Overview(engine, for: .local).isHealthy)
        let id = claimed.id.rawValue
        world.with { state in
            if let word { state.words[id] = word } else { state.unlisted = [id] }
        }
        for _ in 0..<2 {
            world.with { $0.now = $0.now + .seconds(1) }
            let reports = try await engine.resync(force: true)
            #expect(reports.flatMap(\.missingClaimed).map(\.id) == [claimed.id])
        }
        #expect(try await engine.store.read { try $0.workspace(id) }?.state == .claimed)
        let overview = try await Overview(engine, for: .local)
        #expect(!overview.isHealthy)
        let broken = try #require(overview.document().brokenClaims?.first)
        #expect(broken.name == claimed.name && broken.state == word ?? "lost")
        #expect(!overview.document().compactJSON.contains("\"ada\""), "not every reader may see the owner")
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        let warnings = events.filter { $0.kind == .warning }
        #expect(warnings.map(\.reason) == [word == nil ? "Lost" : "Failed"] && warnings.map(\.name) == [claimed.name])
        world.with { state in
            state.words = [:]
            state.unlisted = []
            state.now = state.now + .seconds(1)
        }
        _ = try await engine.resync(force: true)
        #expect(try await Overview(engine, for: .local).isHealthy)
        #expect(try await engine.store.read { try $0.events(EventFilter()) }.last?.reason == "Recovered")
    }

    @Test("A list that suddenly lacks much is not trusted until a list an interval later agrees")
    func suspectList() async throws {
        let world = try World()
        world.with { $0.canInspect = false }
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
        world.with { $0.now = $0.now + .seconds(1) }
        let again = try await engine.resync(force: true)
        #expect(again.flatMap(\.lost).isEmpty && again.first?.suspicion?.missing.count == 8, "a second later")
        world.with { $0.instances = all }
        let second = try await engine.resync(force: true)
        #expect(second.first?.suspicion == nil && second.flatMap(\.lost).isEmpty, "the list contains them again")
        world.with { state in
            state.instances.subtract(half)
            state.now = state.now + .seconds(3600)
        }
        #expect(try await engine.resync(force: true).first?.suspicion?.missing.count == 8, "the wait starts again")
        let last = try #require(all.sorted().last)
        world.with { state in
            _ = state.instances.remove(last)
            state.now = state.now + .seconds(600)
        }
        let third = try await engine.resync(force: true)
        #expect(Set(third.flatMap(\.lost).map(\.id.rawValue)) == half, "two lists agree on these")
        #expect(third.first?.suspicion?.missing.map(\.rawValue) == [last], "the lists do not agree on this one yet")
        world.with { $0.now = $0.now + .seconds(600) }
        #expect(try await engine.resync(force: true).flatMap(\.lost).map(\.id.rawValue) == [last])
        try await engine.sync()
        #expect(world.with(\.instances).count == 10)
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(
            events.count { $0.reason == "ListSuspect" && $0.kind == .warning } == 3,
            "each new suspicion causes one event")
    }

    @Test(
        "An empty list deletes nothing at once, even in a small pool",
        arguments: [(1, true), (1, false), (2, true), (2, false), (30, true), (30, false)])
    func emptyLists(_ count: Int, _ canInspect: Bool) async throws {
        let world = try World()
        world.with { $0.canInspect = canInspect }
        let engine = world.engine(store: try world.open())
        world.commit("a \(count) 1")
        try await engine.sync()
        let all = world.with(\.instances)
        world.with { $0.unlisted = all }
        for _ in 0..<5 {
            world.with { $0.now = $0.now + .milliseconds(500) }
            try await engine.sync(refreshes: true)
        }
        #expect(world.with(\.instances) == all)
        #expect(try await engine.counts("a")?.eligible == count, "they stay claimable")
        // The next list agrees, so each workspace is inspected, which finds it.
        world.with { $0.now = $0.now + .seconds(601) }
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == count)
        #expect((world.with(\.instances) == all) == canInspect)
        #expect(world.with { state in state.calls.count { $0.hasPrefix("inspect ") } } == (canInspect ? count : 0))
    }

    @Test(
        "A workspace that is no longer well is replaced", arguments: ["stopped", "failed", "Unhealthy"], [true, false])
    func broken(_ word: String, _ canInspect: Bool) async throws {
        let world = try World()
        world.with { $0.canInspect = canInspect }
        let engine = world.engine(store: try world.open())
        world.commit("a 3 1")
        try await engine.sync()
        let broken = try #require(world.with { $0.instances.sorted().first })
        world.with { state in
            state.words[broken] = word
            state.now = state.now + .seconds(601)
        }
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 3)
        #expect(world.with { $0.instances.count == 3 && !$0.instances.contains(broken) })
        #expect(try await engine.store.read { try $0.failures(source: nil) }.isEmpty, "no build failed")
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        let event = try #require(events.first { $0.reason == "Failed" })
        #expect(event.detail?.lowercased().contains(word.lowercased()) == true)
        #expect(!event.message.lowercased().contains(word.lowercased()), "\(event.message)")
    }

    @Test(
        "No text of a provisioner reaches the store with the value of a variable",
        arguments: ["failed s3cret", "zombie s3cret"], [true, false])
    func masksVariables(_ word: String, _ canInspect: Bool) async throws {
        let world = try World()
        world.with { $0.canInspect = canInspect }
        let store = try world.open()
        let engine = world.engine(store: store) { $0.replacing("s3cret", with: "${TOKEN}") }
        world.commit("a 3 1")
        try await engine.sync()
        let broken = try #require(world.with { $0.instances.sorted().first })
        // An inspect quotes the word; a list contains it as the state.
        let listed = word.hasPrefix("zombie") ? word : "failed"
        world.with { state in
            state.words[broken] = word
            state.listedWords[broken] = listed
            state.words["stranger"] = word
            state.instances.insert("stranger")
            state.now = state.now + .seconds(601)
        }
        try await engine.sync()
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.contains { ["Failed", "UnknownState"].contains($0.reason) })
        #expect(!events.contains { $0.fullMessage.contains("s3cret") || $0.message.contains("s3cret") })
        let operations = try await engine.store.read { try $0.operations(OperationFilter()) }
        #expect(!operations.contains { $0.operation.error?.contains("s3cret") == true })
        let (orphans, listing) = try await engine.store.read { store in
            (try store.orphans(), try store.listing(provisioner: "local"))
        }
        #expect(orphans.count == 1 && !orphans.contains { $0.state?.contains("s3cret") == true })
        #expect(listing?.unknownStates.contains { $0.contains("s3cret") } == false)
        if canInspect {
            let error = await #expect(throws: AdoptionError.self) {
                try await engine.adopt(["stranger"], into: "a", by: "ada")
            }
            #expect(error.map { "\($0)".contains("s3cret") } == false)
        }
    }

    @Test("A workspace in an unknown state counts as ready, with one warning")
    func unknownState() async throws {
        let world = try World()
        world.with { $0.canInspect = false }
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1")
        try await engine.sync()
        world.with { state in for id in state.instances { state.words[id] = "zombie" } }
        for _ in 0..<3 {
            world.with { $0.now = $0.now + .seconds(601) }
            try await engine.sync()
        }
        #expect(try await engine.counts("a")?.eligible == 2 && world.with(\.calls).count == 2)
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.filter { $0.reason == "UnknownState" }.map(\.name) == ["local"])
    }

    @Test("Orphans are not deleted if they are most of a list, for example after a store was restored")
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

    @Test("Of very many orphans some are kept, and the others are only counted")
    func countlessOrphans() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1")
        world.with { $0.instances = Set((0..<5000).map { "foreign-\($0)" }) }
        try await engine.sync(refreshes: true)
        #expect(try await engine.store.read { try $0.orphans() }.count == Orphan.keptLimit)
        let overview = try await Overview(engine, for: .local)
        #expect(overview.document().orphansTotal == 5000 && overview.document().orphans?.count == 100)
        #expect(overview.document().compactJSON.utf8.count < 50_000)
        let events = try await engine.store.read { try $0.events(EventFilter()) }
        #expect(events.count { $0.reason == "Orphaned" } <= 21)
    }

    @Test("An orphan is reported, and it can be adopted")
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

    @Test("An orphan is deleted if the policy says so")
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

    @Test("A workspace that is not ready within the readyTimeout counts as failed")
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
        #expect(counts.keptFailed == 1, "the failed workspace is kept for inspection")
    }
}
