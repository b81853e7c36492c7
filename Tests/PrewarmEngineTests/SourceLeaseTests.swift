import PrewarmCore
import PrewarmEngine
import Synchronization
import Testing

@Suite("The lease of a source")
struct SourceLeaseTests {
    let world: World
    let store: any Store

    init() throws {
        world = try World()
        store = try world.open()
    }

    @Test(
        "A lease keeps others from reconciling the source until it expires or its holder has ended",
        arguments: [true, false])
    func held(isDead: Bool) async throws {
        world.commit("go 2 1")
        let engine = world.engine(store: store, holder: "second")
        let until = world.with(\.now) + .seconds(120)
        try await store.write { try $0.save(Lease(holder: "first", fence: 7, until: until), ofSource: "presets") }
        for pull in [true, false] {
            let error = await #expect(throws: ReconcileError.self) { try await engine.reconcile("presets", pull: pull) }
            guard case .leaseHeld("presets", by: "first") = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        #expect(try await store.read { try $0.workspaces(WorkspaceFilter()) }.isEmpty)
        world.with { state in
            if isDead { state.deadHolders.insert("first") } else { state.now = until }
        }
        #expect(try await engine.reconcile("presets").plan.actions.count == 2)
        #expect(try await store.read { try $0.lease(ofSource: "presets") }?.fence ?? 0 > 7)
    }

    @Test("A process whose lease expired commits nothing")
    func late() async throws {
        world.commit("go 2 1")
        let (world, heir) = (world, world.engine(store: store, holder: "second"))
        let engine = try interrupted {
            world.with { $0.now = $0.now + .seconds(121) }
            world.commit("go 3 1")
            _ = try? await heir.reconcile("presets")
        }
        let error = await #expect(throws: ReconcileError.self) { try await engine.reconcile("presets") }
        guard case .leaseLost("presets") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await store.read { try $0.workspaces(WorkspaceFilter()) }.count == 3)
        #expect(try await heir.reconcile("presets").isQuiet)
    }

    @Test("A reconciliation without a lease does not replace a newer revision by an older one")
    func overtaken() async throws {
        world.commit("go 1 1")
        let (world, heir) = (world, world.engine(store: store, holder: "second"))
        _ = try await heir.reconcile("presets")
        world.commit("go 2 1")
        let isThrough = Mutex(false)
        let engine = try interrupted(at: .verify) {
            guard isThrough.withLock({ isThrough in !exchange(&isThrough, true) }) else { return }
            world.commit("go 3 1")
            _ = try? await heir.reconcile("presets")
        }
        let report = try await engine.reconcile("presets")
        let newest = try await heir.reconcile("presets").revision
        #expect(report.isQuiet && report.revision == newest)
        #expect(try await store.read { try $0.revisions(source: "presets", limit: 9) }.count == 2)
        #expect(try await store.read { try $0.workspaces(WorkspaceFilter()) }.count == 3)
        #expect(try await store.read { try $0.events(EventFilter()) }.allSatisfy { $0.reason != "HistoryRewritten" })
    }

    @Test("A reconciliation of few changes needs no lease, and a late one does not undo it")
    func lateBehindAChange() async throws {
        let git = FileGit()
        @Sendable func commit(_ instances: Int) {
            git.commit([
                "go.yaml": """
                apiVersion: prewarm/v1
                kind: Preset
                metadata: {name: go}
                spec: {template: go, version: '1', instances: \(instances)}
                """
            ])
        }
        commit(1)
        let (world, store, heir) = (world, store, world.engine(git: git, store: store))
        _ = try await heir.reconcile("presets")
        let first = try await store.read { try $0.lease(ofSource: "presets") }
        #expect(first?.holder == "first" && first?.isReleased == true, "the reconciliation released its lease")
        commit(2)
        let isThrough = Mutex(false)
        let meanwhile: @Sendable () async -> Void = {
            guard isThrough.withLock({ isThrough in !exchange(&isThrough, true) }) else { return }
            let held = try? await store.read { try $0.lease(ofSource: "presets") }
            #expect(held?.holder == "late")
            world.with { $0.now = $0.now + .seconds(121) }
            commit(3)
            #expect((try? await heir.reconcile("presets"))?.plan.actions.count == 2)
            #expect((try? await store.read { try $0.lease(ofSource: "presets") }) == held)
        }
        let late = Engine(
            store: store,
            sources: [
                Engine.Source(
                    name: "presets", url: "memory",
                    git: InterruptedGit(git: git, step: .manifests, meanwhile: meanwhile), scope: "other")
            ],
            provisioners: heir.provisioners, defaultProvisioner: "local", policy: heir.policy, parser: heir.parser,
            clock: heir.clock, random: heir.random, holder: "late", isDead: heir.isDead)
        let report = try await late.reconcile("presets")
        #expect(report.plan.actions.isEmpty && report.presets.map(\.instances) == [3])
        #expect(try await store.read { try $0.workspaces(WorkspaceFilter()) }.count == 3)
    }

    /// Returns an engine that calls a function while it verifies a revision or reads all manifests.
    private func interrupted(
        at step: InterruptedGit.Step = .manifests, _ meanwhile: @escaping @Sendable () async -> Void
    ) throws -> Engine {
        let base = world.engine(store: store)
        let source = try #require(base.sources["presets"])
        return Engine(
            store: store,
            sources: [
                Engine.Source(
                    name: "presets", url: "memory",
                    git: InterruptedGit(git: source.git, step: step, meanwhile: meanwhile))
            ],
            provisioners: base.provisioners, defaultProvisioner: "local", policy: base.policy, parser: base.parser,
            clock: base.clock, random: base.random, holder: "first", isDead: base.isDead)
    }
}

private func exchange(_ value: inout Bool, _ new: Bool) -> Bool {
    defer { value = new }
    return value
}

private struct InterruptedGit: GitSource {
    enum Step { case verify, manifests }

    let git: any GitSource
    let step: Step
    let meanwhile: @Sendable () async -> Void

    func manifests(at revision: Revision) async throws(GitFailure) -> [ManifestFile] {
        if step == .manifests { await meanwhile() }
        return try await git.manifests(at: revision)
    }

    func head() async throws(GitFailure) -> Revision { try await git.head() }
    func fetch(_ revision: Revision) async throws(GitFailure) { try await git.fetch(revision) }
    func lookUp(_ text: String) async throws(GitFailure) -> Revision { try await git.lookUp(text) }
    func contents(of files: ArraySlice<ManifestFile>, limit: Int) async throws(GitFailure) -> [[UInt8]?] {
        try await git.contents(of: files, limit: limit)
    }
    func commit(of revision: Revision) async throws(GitFailure) -> CommitDescription {
        try await git.commit(of: revision)
    }
    func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool {
        try await git.isAncestor(old, of: new)
    }
    func verify(_ revision: Revision, since applied: Revision?) async throws(GitFailure) {
        if step == .verify { await meanwhile() }
        try await git.verify(revision, since: applied)
    }
    func warnings(at revision: Revision) async throws(GitFailure) -> [Diagnostic] {
        try await git.warnings(at: revision)
    }
}
