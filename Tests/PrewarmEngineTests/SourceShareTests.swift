import ClockSupport
import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

@Suite("Replicas that share out sources")
struct SourceShareTests {
    let world: World
    let store: any Store

    init() throws {
        world = try World()
        store = try world.open()
        world.commit("a 1 1")
    }

    /// Returns an engine with four sources.
    private func engine(_ holder: String, clock: (any EngineClock)? = nil) throws -> Engine {
        let names = ["s1", "s2", "s3", "s4"]
        let base = world.engine(store: store, holder: holder)
        let sources = try names.map { try #require(world.engine(store: store, source: $0).sources[$0]) }
        return Engine(
            store: store, sources: sources, provisioners: base.provisioners, defaultProvisioner: "local",
            policy: base.policy, parser: base.parser, clock: clock ?? base.clock, random: base.random, holder: holder,
            isDead: base.isDead)
    }

    private func holders() async throws -> [String: String] {
        try await store.read { store in
            try store.leases().filter { $0.key.hasPrefix(SourceShares.prefix) && !$0.value.isReleased }
                .mapValues(\.holder)
        }
    }

    private func count(_ holder: String) async throws -> Int { try await holders().count { $0.value == holder } }

    /// Runs a daemon and the body, then stops the daemon.
    private func running(
        _ daemons: [Daemon], _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for daemon in daemons { group.addTask { try await daemon.run() } }
            try await body()
            group.cancelAll()
        }
    }

    @Test("The sources are shared out one by one, and each is reconciled by its holder")
    func sharedOut() async throws {
        let clock = ManualClock()
        let (first, second) = (
            Daemon(try engine("first", clock: clock), grace: .zero, logger: .silent),
            Daemon(try engine("second", clock: clock), grace: .zero, logger: .silent)
        )
        try await running([first]) {
            try await eventually("it holds all sources and has reconciled them") {
                clock.advance(by: .milliseconds(100))
                return try await count("first") == 4 && first.hasPlanned
            }
            try await running([second]) {
                // The second replica is steady 15 s after its start.
                try await eventually("each has two") {
                    clock.advance(by: .milliseconds(100))
                    return try await [count("first"), count("second")] == [2, 2]
                }
                #expect(second.hasPlanned || second.shares.replicaCount == 2)
                let statuses = try await first.engine.sourceStatuses()
                #expect(Set(statuses.compactMap(\.replica?.name)) == ["first", "second"])
                #expect(statuses.allSatisfy { $0.replica?.isOneOfSeveral == true })
            }
        }
    }

    @Test("A replica whose source was taken over writes nothing for it")
    func fenced() async throws {
        let engine = try engine("first")
        let daemon = Daemon(engine, grace: .zero, logger: .silent)
        try await running([daemon]) {
            try await eventually("it holds the source") { try await count("first") == 4 }
        }
        let share = try #require(daemon.shares.fence(of: "s1", engine))
        _ = try await engine.reconcile("s1", share: share)
        // It was paused, and another replica has taken the source since.
        try await store.write { store in
            let name = SourceShares.prefix + "s1"
            let lease = try #require(try store.lease(ofSource: name))
            try store.save(Lease(holder: "second", fence: lease.fence + 1, until: lease.until), ofSource: name)
        }
        world.commit("a 3 1")
        let before = try await store.read { try $0.source("s1") }
        let error = await #expect(throws: ReconcileError.self) { try await engine.reconcile("s1", share: share) }
        guard case .leaseLost("s1") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        world.with { $0.failure = GitFailure(.unreachable, "no route to host") }
        await #expect(throws: ReconcileError.self) { try await engine.reconcile("s1", share: share) }
        #expect(try await store.read { try $0.source("s1") } == before)
        #expect(try await store.read { try $0.workspaces(WorkspaceFilter(source: "s1")) }.count == 1)
    }

    @Test("A replica that leaves releases its sources at once, and a dead one loses them when its leases end")
    func ends() async throws {
        let (world, engines) = (world, try ["first", "second"].map { try engine($0) })
        let first = Daemon(engines[0], grace: .zero, logger: .silent)
        try await running([first]) {
            try await eventually("it holds all sources") { try await count("first") == 4 }
        }
        // It was canceled without a stop, as a killed process.
        #expect(try await count("first") == 4)
        let second = Daemon(engines[1], grace: .zero, logger: .silent)
        try await running([second]) {
            try await eventually("the other one has looked") { second.shares.replicaCount > 0 }
            #expect(try await count("second") == 0, "the leases of the dead one still run")
            world.with { $0.now = $0.now + .seconds(16) }
            try await eventually("it takes over") { try await count("second") == 4 }
            try await second.shares.leave(second.engine)
            #expect(try await holders().isEmpty)
            #expect(try await store.read { try $0.replicas() }.map(\.holder) == ["first"])
        }
    }

    @Test("A source that another replica still has in its configuration is not removed")
    func otherConfiguration() async throws {
        let old = try engine("old")
        _ = try await old.reconcile("s4")
        let now = world.with(\.now)
        let new = Engine(
            store: store, sources: try ["s1", "s2", "s3"].map { try #require(old.sources[$0]) },
            provisioners: old.provisioners, defaultProvisioner: "local", policy: old.policy, parser: old.parser,
            clock: old.clock, random: old.random, holder: "new", isDead: old.isDead)
        // Its last workspace is gone, so a removed source would be forgotten.
        try await store.write { store in
            let workspaces = try store.workspaces(WorkspaceFilter(source: "s4"))
            for var workspace in workspaces {
                let before = workspace.state
                workspace.state = .deleted
                _ = try store.update(workspace, from: [before])
            }
            try store.save(
                ReplicaRecord(
                    holder: "old", name: "old", sources: Set(old.sourceNames), startedAt: now, seenAt: now))
        }
        try await new.settleRemovedSources()
        #expect(try await store.read { try $0.source("s4") } != nil)
        world.with { $0.now = $0.now + .seconds(16) }
        try await new.settleRemovedSources()
        #expect(try await store.read { try $0.source("s4") } == nil)
    }

    @Test("A request to sync a source comes to the replica that holds it, and any replica shows its progress")
    func requests() async throws {
        let (first, second) = (
            Daemon(try engine("first"), grace: .zero, logger: .silent),
            Daemon(try engine("second"), grace: .zero, logger: .silent)
        )
        let world = world
        try await running([first]) {
            try await eventually("it holds all sources") { try await count("first") == 4 && first.hasPlanned }
            try await running([second]) {
                try await eventually("the other one knows the holder") { second.hasPlanned }
                world.commit("a 2 1")
                let request = try await second.requestSync(sources: ["s2"], preset: nil, revision: nil)
                #expect(request.waiting == ["s2"] && !request.isHandled)
                try await eventually("it is answered") {
                    try await second.requests.request(request.id)?.isHandled == true
                }
                #expect(try await first.requests.request(request.id)?.failures.isEmpty == true)
                let revision = try await store.read { try $0.source("s2")?.applied?.commit }
                #expect(revision == world.with(\.head))
                world.with { $0.failure = GitFailure(.unreachable, "no route to host") }
                let failing = try await second.requestSync(sources: ["s2", "s3"], preset: nil, revision: nil)
                try await eventually("it fails") { try await first.requests.request(failing.id)?.isHandled == true }
                let failures = try await second.requests.request(failing.id)?.failures
                #expect(failures?.keys.sorted() == ["s2", "s3"])
                // A push that a forge announces to the second replica.
                world.with { $0.failure = nil }
                world.commit("a 3 1")
                await second.pull("s4", pushed: true, commit: world.with(\.head))
                try await eventually("the push is applied") {
                    try await store.read { try $0.source("s4")?.applied?.commit } == world.with(\.head)
                }
            }
        }
        #expect(try await second.requests.request("unknown") == nil)
    }
}
