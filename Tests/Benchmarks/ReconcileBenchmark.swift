import ClockSupport
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests
import PrewarmSQLite
import Synchronization

/// A source with its mirror and a store in which all pools are full, and the libraries alone beside it.
final class World {
    let folder: Folder
    let repository: Repository
    let yardstick: Yardstick
    let mirror: GitMirror
    let storePath: String
    let store: SQLiteStore
    static let instances = 10
    /// The engine's clock stands still.
    let now: Timestamp

    init(presets: Int, commits: Int, now: Timestamp = Repository.now) async throws {
        self.now = now
        folder = try Folder()
        repository = try Repository(presets: presets, commits: commits, in: folder)
        mirror = try GitMirror(
            GitSettings(name: "presets", url: repository.url, allowFile: true, mirror: "\(folder.path)/mirror"))
        yardstick = try Yardstick(
            repository: repository.path, store: "\(folder.path)/yardstick.db", presets: presets,
            instances: Self.instances)
        storePath = "\(folder.path)/prewarm.db"
        store = try SQLiteStore.open(path: storePath)
        for revision in repository.commits { try await mirror.fetch(revision) }
    }

    /// - Parameter git: nil: the mirror.
    func engine(git: (any GitSource)? = nil, store: SQLiteStore? = nil) -> Engine {
        Engine(
            store: store ?? self.store,
            sources: [Engine.Source(name: "presets", url: repository.url, git: git ?? mirror)],
            provisioners: ["local": InstantProvisioner()], defaultProvisioner: "local", policy: Policy(),
            parser: ManifestParsing(version: ManifestParser.version, sizeLimit: ManifestParser.sizeLimit) {
                ManifestParser.parse($0)
            }, clock: RealClock(now: { [now] in now }), random: randomBits)
    }

    /// As if all that was asked for had been made.
    func fillPools(_ engine: Engine) async throws {
        _ = try await engine.reconcile("presets")
        try await store.write { [now] store in
            let workspaces = try store.workspaces(WorkspaceFilter(states: [.pending]))
            try store.cancelOperations(of: workspaces.map(\.id), now: now)
            for var workspace in workspaces {
                workspace.state = .ready
                workspace.readyAt = now
                _ = try store.update(workspace, from: [.pending])
            }
            try store.markDirty(source: "presets")
        }
        let report = try await engine.reconcile("presets", pull: false)
        guard report.plan.actions.isEmpty, try await engine.reconcile("presets").isQuiet else {
            throw BenchmarkFailure(message: "the pools are not full")
        }
    }
}

/// Makes everything at once.
struct InstantProvisioner: Provisioner {
    var operations: Set<ProvisionerOperation> { [.create, .delete] }
    var concurrency: Int { 16 }

    func perform(
        _ request: ProvisionerRequest, started: @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply {
        ProvisionerReply(outcome: .done(endpoint: nil, metadata: [:]))
    }

    func list() async throws(ProvisionerFailure) -> [ListedWorkspace] { [] }

    func end(_ mark: ProcessMark) async {}
}

/// A mirror whose remote has what the benchmark says, for what begins with a commit that was fetched.
final class FetchedGit: GitSource {
    private let mirror: GitMirror
    private let revision: Mutex<Revision>

    init(_ mirror: GitMirror, at revision: Revision) {
        self.mirror = mirror
        self.revision = Mutex(revision)
    }

    func move(to revision: Revision) { self.revision.withLock { $0 = revision } }

    func head() async throws(GitFailure) -> Revision { revision.withLock { $0 } }
    func fetch(_ revision: Revision) async throws(GitFailure) { try await mirror.fetch(revision) }
    func lookUp(_ text: String) async throws(GitFailure) -> Revision { try await mirror.lookUp(text) }
    func manifests(at revision: Revision) async throws(GitFailure) -> [ManifestFile] {
        try await mirror.manifests(at: revision)
    }
    func contents(of files: ArraySlice<ManifestFile>, limit: Int) async throws(GitFailure) -> [[UInt8]?] {
        try await mirror.contents(of: files, limit: limit)
    }
    func step(from old: Revision, to new: Revision, limit: ChangeLimit) async throws(GitFailure) -> RevisionStep {
        try await mirror.step(from: old, to: new, limit: limit)
    }
    func commit(of revision: Revision) async throws(GitFailure) -> CommitDescription {
        try await mirror.commit(of: revision)
    }
    func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool {
        try await mirror.isAncestor(old, of: new)
    }
    func verify(_ revision: Revision, since applied: Revision?) async throws(GitFailure) {
        try await mirror.verify(revision, since: applied)
    }
    func warnings(at revision: Revision) async throws(GitFailure) -> [Diagnostic] {
        try await mirror.warnings(at: revision)
    }
}

/// What a daemon does most of the time, and what it does when somebody commits.
enum ReconcileBenchmark {
    static func rows() async throws -> [Row] {
        var rows: [Row] = []
        for presets in Benchmarks.sizes {
            let world = try await World(presets: presets, commits: 25)
            try await world.fillPools(world.engine())
            rows.append(try await quiet(world))
            rows.append(try await change(world))
            rows.append(try await restart(world))
        }
        return rows
    }

    private static func quiet(_ world: World) async throws -> Row {
        let engine = world.engine()
        return try await compare(
            "reconciliation with nothing new, \(world.repository.presets) presets / list the refs", limit: 2
        ) {
            for _ in 0..<20 {
                guard try await engine.reconcile("presets").isQuiet else {
                    throw BenchmarkFailure(message: "not quiet")
                }
            }
        } theirs: {
            for _ in 0..<20 { _ = try world.yardstick.listReferences(of: world.repository.url) }
        }
    }

    /// From the fetched commit to the committed operations.
    private static func change(_ world: World) async throws -> Row {
        let commits = world.repository.commits
        var number = 0
        let git = FetchedGit(world.mirror, at: commits[0])
        let engine = world.engine(git: git)
        return try await compare(
            "one of \(world.repository.presets) presets changed / the same by libraries alone",
            pairs: commits.count - 2,
            limit: 3,
            prepare: {
                // The last one is carried out, as it will have been before the next commit comes.
                _ = try await OperationRunner(engine).run {
                    try await !engine.reconcile("presets", pull: false).plan.actions.isEmpty
                }
                number += 1
                git.move(to: commits[number])
            },
            ours: {
                let report = try await engine.reconcile("presets")
                guard !report.plan.actions.isEmpty, report.presets.count == 1 else {
                    throw BenchmarkFailure(message: "\(report.presets.count) presets planned")
                }
            },
            theirs: {
                try world.yardstick.change(
                    from: commits[number - 1].commit, to: commits[number].commit, round: number)
            })
    }

    /// All presets and pools are looked at, in a store that was just opened.
    private static func restart(_ world: World) async throws -> Row {
        let commit = world.repository.commits[0].commit
        // Closed where it doesn't count, as theirs stays open.
        var store: SQLiteStore?
        return try await compare(
            "restart with \(world.repository.presets) presets / blobs, events, all rows", pairs: 7, limit: 1.4,
            prepare: { store?.close() },
            ours: {
                let opened = try SQLiteStore.open(path: world.storePath)
                store = opened
                let report = try await world.engine(store: opened).assess("presets")
                guard report.plan.pools.count == world.repository.presets else { throw BenchmarkFailure() }
            }, theirs: { try world.yardstick.restart(commit) })
    }
}
