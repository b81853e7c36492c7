import ClockSupport
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import Testing

@Suite("Reconciliation")
struct ReconcileTests {
    @Test("The first reconciliation fills the pools, and the next does nothing")
    func fillsPoolsAndThenIsQuiet() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 3 1\nb 1 1")
        let first = try await engine.sync()
        #expect(first.succeeded == 4)
        #expect(world.with(\.instances).count == 4)
        let calls = world.with(\.calls).count
        let second = try await engine.sync()
        #expect(second.reconciliations.map(\.isQuiet) == [true])
        #expect(world.with(\.calls).count == calls)
    }

    /// A process may start before the clock is set. Times that were planned then do not count.
    @Test("A schedule works after the clock was ahead once")
    func aClockThatWasAheadOnceStopsNoSchedule() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        let midnight = Timestamp(seconds: 1_779_926_400)
        world.with { $0.now = midnight + .seconds(6 * 3600) }
        world.commit("a 1 1 window=8-17:5\nb 1 1")
        try await engine.sync()
        world.with { $0.now = midnight + .seconds(30 * 86_400 + 19 * 3600) }
        _ = try await engine.claim("a", owner: "ada")
        try await engine.sync()
        world.with { $0.now = midnight + .seconds(9 * 3600) }
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 5)
        #expect(try await engine.reconcile("presets").isQuiet, "the schedule is planned for once")
    }

    @Test("An unreadable time zone deletes nothing")
    func aTimeZoneThatCantBeReadTakesNothing() async throws {
        let world = try World()
        let git = FileGit()
        let schedule = "{timezone: Europe/Berlin, windows: [{cron: \"* * * * *\", instances: 6}]}"
        let text =
            "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: a}\n"
            + "spec: {template: go, version: \"1\", instances: 1, schedule: \(schedule)}\n"
        git.commit(["a.yaml": text])
        try await world.engine(git: git, store: try world.open()).sync()
        #expect(world.with(\.instances).count == 6)
        let blind = world.engine(git: git, store: try world.open(), zones: ZoneDirectory(path: "/nowhere"))
        _ = try await blind.claim("a", owner: "ada")
        try await blind.sync()
        #expect(world.with(\.instances).count == 6)
        let held = try await blind.assess("presets").plan.held
        #expect(held.count == 4 && held.allSatisfy { $0.hold == .timezone("Europe/Berlin") })
        #expect(held.first?.hold.message.contains("Install tzdata") == true)
        #expect(try await !Overview(blind, for: .local).isHealthy)
        world.with { $0.now = $0.now + .seconds(60) }
        try await world.engine(git: git, store: try world.open()).sync()
        #expect(world.with(\.instances).count == 7, "six unclaimed workspaces and the claimed one")
        git.commit([:])
        try await world.engine(git: git, store: try world.open(), zones: ZoneDirectory(path: "/nowhere")).sync()
        #expect(world.with(\.instances).count == 7)
        #expect(try await blind.assess("presets").plan.held.contains { $0.hold.isOfGuard })
    }

    @Test("The guard holds deletions of a schedule whose time zone is unreadable")
    func aTimeZoneThatCantBeReadHidesNothingFromTheGuard() async throws {
        let world = try World()
        let git = FileGit()
        let schedule = ", schedule: {timezone: Europe/Berlin, windows: [{cron: \"* * * * *\", instances: 20}]}"
        func text(_ schedule: String) -> String {
            "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: a}\n"
                + "spec: {template: go, version: \"1\", instances: 1\(schedule)}\n"
        }
        git.commit(["a.yaml": text(schedule)])
        try await world.engine(git: git, store: try world.open()).sync()
        git.commit(["a.yaml": text("")])
        let blind = world.engine(git: git, store: try world.open(), zones: ZoneDirectory(path: "/nowhere"))
        try await blind.sync()
        #expect(world.with(\.instances).count == 20)
        #expect(try await blind.assess("presets").plan.held.contains { $0.hold.isOfGuard })
    }

    /// At the limit of all sources, surplus workspaces of one source keep another one from creating workspaces.
    @Test("A source that makes room lets other sources create workspaces")
    func aSourceThatMakesRoomIsNoticedByOthers() async throws {
        let world = try World()
        let (first, second) = (FileGit(), FileGit())
        func text(_ name: String, _ instances: Int) -> [String: String] {
            [
                "\(name).yaml": "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: \(name)}\n"
                    + "spec: {template: go, version: \"1\", instances: \(instances)}\n"
            ]
        }
        let engine = Engine(
            store: try world.open(),
            sources: [
                Engine.Source(name: "first", url: "memory", git: first),
                Engine.Source(name: "second", url: "memory", git: second),
            ],
            provisioners: ["local": MemoryProvisioner(world: world)], defaultProvisioner: "local",
            policy: Policy(limits: Policy.Limits(instances: 10)),
            parser: ManifestParsing(version: 1, sizeLimit: 1000) { ManifestParser.parse($0) },
            clock: world.clock, random: randomBits, holder: "first", isDead: { _ in false })
        first.commit(text("a", 10))
        second.commit(text("b", 5))
        try await engine.sync()
        func ready(_ source: String) async throws -> Int? {
            try await engine.assess(source).plan.pools.first?.counts.eligible
        }
        #expect(try await ready("second") == 0)
        first.commit(text("a", 6))
        try await engine.sync()
        world.with { $0.now = $0.now + .seconds(16) }
        try await engine.sync()
        #expect(try await ready("first") == 6)
        #expect(try await ready("second") == 4)
    }

    @Test("A pool is refilled after a claim, and the claimed workspace stays")
    func refillsWhatWasClaimedAndNeverTouchesIt() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1")
        try await engine.sync()
        let claimed = try await engine.claim("a", owner: "ada")
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 2)
        world.commit("a 0 2")
        try await engine.sync()
        #expect(world.with(\.instances) == [claimed.id.rawValue])
    }

    @Test("The last good revision stays applied if the remote is unreadable")
    func aRemoteThatCantBeReadLeavesTheLastGoodRevisionInForce() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1")
        try await engine.sync()
        _ = try await engine.claim("a", owner: "ada")
        world.with { $0.failure = GitFailure(.unreachable, "no answer") }
        let report = try await engine.sync()
        #expect(report.reconciliations.first?.failure?.reason == .unreachable)
        #expect(try await engine.counts("a")?.eligible == 2, "the pool is refilled")
        let since = try await engine.store.read { try $0.source("presets")?.failure?.since }
        world.with { $0.now = $0.now + .seconds(60) }
        try await engine.sync()
        #expect(try await engine.store.read { try $0.source("presets")?.failure?.since } == since)
        world.with { $0.failure = nil }
        try await engine.sync()
        #expect(try await engine.store.read { try $0.source("presets")?.failure } == nil)
    }

    @Test("A broken manifest keeps its preset, and a removed one is pruned")
    func aBrokenManifestKeepsItsPresetAndAMissingOneIsPruned() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1\nb 1 1")
        try await engine.sync()
        world.commit("a 5 2 broken\nb 2 1")
        let broken = try await engine.sync()
        #expect(broken.reconciliations.first?.diagnostics.count == 1)
        #expect(try await engine.counts("a")?.desired == 2)
        #expect(try await engine.counts("b")?.eligible == 2)
        world.commit("b 2 1")
        try await engine.sync()
        #expect(try await engine.store.read { try $0.presets(source: nil).map(\.key.name) } == ["b"])
        #expect(world.with(\.instances).count == 2)
    }

    @Test("A failing build backs off, stalls and can be retried")
    func aFailingBuildBacksOffStallsAndIsRetried() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1\nb 1 2")
        world.with { $0.brokenVersions = ["1"] }
        for _ in 0..<10 {
            try await engine.sync()
            world.with { $0.now = $0.now + .seconds(400) }
        }
        #expect(try await engine.counts("b")?.eligible == 1, "a failing preset delays no other preset")
        let creates = world.with { state in state.calls.filter { $0.hasPrefix("create") }.count }
        #expect(creates <= 1 + 2 + 2, "two at first, then one at a time until the limit of three")
        guard case .stalled = try await engine.assess("presets").plan.pools.first?.wait else {
            Issue.record("not stalled")
            return
        }
        world.with { $0.brokenVersions = [] }
        _ = try await engine.retry("a", by: "ada")
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 2)
    }

    @Test("A busy provisioner is no failure, and a failed delete is retried")
    func busyIsNoFailureAndAFailingDeleteIsTriedAgain() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1")
        world.with { $0.isBusy = true }
        try await engine.sync()
        world.with {
            $0.isBusy = false
            $0.now = $0.now + .seconds(60)
        }
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 1)
        #expect(try await engine.assess("presets").failures.isEmpty)
        world.with { $0.failingDeletes = 2 }
        world.commit("a 0 1")
        for _ in 0..<3 {
            try await engine.sync()
            world.with { $0.now = $0.now + .seconds(400) }
        }
        #expect(world.with(\.instances).isEmpty)
    }

    @Test("A slowly starting workspace is inspected until it is ready")
    func whatStartsSlowlyIsInspectedUntilItIsReady() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.with { $0.startsSlowly = true }
        world.commit("a 1 1")
        try await engine.sync()
        #expect(try await engine.counts("a")?.starting == 1)
        world.with {
            $0.startsSlowly = false
            $0.now = $0.now + .seconds(60)
        }
        try await engine.sync()
        #expect(try await engine.counts("a")?.eligible == 1)
    }

    @Test("An expired workspace is replaced")
    func anExpiredInstanceIsReplaced() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 2 1 ttl=3600")
        try await engine.sync()
        let before = world.with(\.instances)
        world.with { $0.now = $0.now + .seconds(3600) }
        try await engine.sync()
        #expect(world.with(\.instances).isDisjoint(with: before))
        #expect(try await engine.counts("a")?.eligible == 2)
    }
}
