import Dispatch
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmSQLite
import Synchronization
import Testing

@Suite("A hostile commit", .serialized)
struct HostileCommitTests {
    private static func preset(_ name: String, instances: Int = 1) -> String {
        "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: \(name)}\n"
            + "spec: {template: go, version: \"1\", instances: \(instances)}\n"
    }

    /// Returns an engine whose parser calls a function before it parses a file that contains `slow`.
    private func engine(
        _ world: World, _ git: FileGit, store: any Store, policy: Policy = Policy(),
        before parsing: @escaping @Sendable () -> Void = {}
    ) -> Engine {
        let base = world.engine(git: git, store: store)
        return Engine(
            store: store, sources: Array(base.sources.values), provisioners: base.provisioners,
            defaultProvisioner: "local", policy: policy,
            parser: ManifestParsing(version: 1, sizeLimit: 1 << 20) { bytes in
                if String(decoding: bytes, as: UTF8.self).contains("slow") { parsing() }
                return ManifestParser.parse(bytes)
            }, clock: base.clock, random: base.random, holder: "first", isDead: base.isDead)
    }

    @Test("A commit that takes long to parse does not keep other connections from writing", arguments: [true, false])
    func writesGoOn(isSmall: Bool) async throws {
        let world = try World()
        let git = FileGit()
        let (store, other) = (try world.open(), try world.open())
        let reached = Mutex(false)
        let goOn = DispatchSemaphore(value: 0)
        let engine = engine(world, git, store: store) {
            reached.withLock { $0 = true }
            goOn.wait()
        }
        git.commit(["a.yaml": Self.preset("a")])
        if isSmall { _ = try await engine.reconcile("presets") }
        git.commit(["a.yaml": Self.preset("a"), "b.yaml": Self.preset("slow")])
        async let report = engine.reconcile("presets")
        try await eventually("the parser runs") { reached.withLock { $0 } }
        // This fails with `busy` if the parser runs in a transaction.
        try await other.write { try $0.markDirty(source: "presets") }
        goOn.signal()
        #expect(try await report.isNewRevision)
        #expect(git.wholeReadings == 1 || !isSmall)
    }

    @Test("A commit is linked again if another revision was applied meanwhile")
    func overtaken() async throws {
        let world = try World()
        let git = FileGit()
        let store = try world.open()
        let heir = engine(world, git, store: try world.open())
        let reached = Mutex(0)
        let goOn = DispatchSemaphore(value: 0)
        let late = engine(world, git, store: store) {
            guard
                reached.withLock({
                    $0 += 1; return $0 == 1
                })
            else { return }
            goOn.wait()
        }
        git.commit(["a.yaml": Self.preset("a")])
        _ = try await heir.reconcile("presets")
        git.commit(["a.yaml": Self.preset("a"), "b.yaml": Self.preset("slow")])
        async let overtaken = late.reconcile("presets")
        try await eventually("the parser runs") { reached.withLock { $0 } > 0 }
        git.commit(["a.yaml": Self.preset("a", instances: 3), "b.yaml": Self.preset("slow", instances: 2)])
        _ = try await heir.reconcile("presets")
        goOn.signal()
        let report = try await overtaken
        #expect(report.isQuiet, "the result of the older commit is dropped")
        let presets = try await store.read { try $0.presets(source: "presets") }
        #expect(presets.map(\.instances) == [3, 2])
        #expect(try await store.read { try $0.workspaces(WorkspaceFilter()) }.count == 5)
    }

    @Test("A commit with thousands of errors leaves a small store and small documents")
    func errors() async throws {
        let world = try World()
        let git = FileGit()
        let store = try world.open()
        let engine = engine(world, git, store: store)
        git.commit(["a.yaml": Self.preset("a")])
        _ = try await engine.reconcile("presets")
        let keys = (0..<4_000).map { "k\($0): 1" }.joined(separator: ", ")
        let bad = "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: a}\nspec: {\(keys)}\n"
        git.commit(Dictionary(uniqueKeysWithValues: (0..<5).map { ("\($0).yaml", bad) } + [("a.yaml", bad)]))
        let report = try await engine.reconcile("presets")
        #expect(report.presets.map(\.retirement) == [nil], "the applied preset stays")
        #expect(report.diagnostics.count <= 6 * 101)
        let status = try await Overview(engine, for: .local).document().json
        #expect(status.utf8.count < 500_000, "\(status.utf8.count)")
        #expect(status.contains("more errors in total"))
        let kept = try await store.read { try $0.diagnostics(source: "presets") }
        #expect(kept.reduce(0) { $0 + $1.binary.count } < 1 << 20)
    }

    @Test("A commit with more presets than a source may have changes nothing, and the error says why")
    func presetsOfASource() async throws {
        let world = try World()
        let git = FileGit()
        let store = try world.open()
        let engine = engine(world, git, store: store, policy: Policy(limits: .init(presetsPerSource: 3)))
        git.commit(["a.yaml": Self.preset("a"), "b.yaml": Self.preset("b")])
        _ = try await engine.reconcile("presets")
        git.commit(["a.yaml": Self.preset("a", instances: 2), "b.yaml": Self.preset("b"), "c.yaml": Self.preset("c")])
        #expect(try await Set(engine.reconcile("presets").presets.map(\.key.name)).isSuperset(of: ["a", "c"]))
        let more = ["d", "e"].map { Self.preset($0) }.joined(separator: "---\n")
        git.commit(["a.yaml": Self.preset("a", instances: 5), "d.yaml": more, "b.yaml": Self.preset("b")])
        let report = try await engine.reconcile("presets")
        #expect(report.presets.map(\.key.name) == ["a", "b", "c"] && report.presets.map(\.instances) == [2, 1, 1])
        #expect(report.presets.allSatisfy { $0.retirement == nil })
        let excess = "4 presets, and a source may define at most 3"
        #expect(report.diagnostics.contains { $0.message.contains(excess) })
        git.commit(["a.yaml": Self.preset("a", instances: 5)])
        #expect(try await engine.reconcile("presets").presets.map(\.retirement) == [nil, .pruned, .pruned])
    }

    @Test("Only files with manifests count for the limit of files in a source")
    func files() async throws {
        let world = try World()
        let git = FileGit()
        let engine = engine(world, git, store: try world.open())
        var files = Dictionary(uniqueKeysWithValues: (0..<10_100).map { ("f/\($0).yaml", "a: \($0 % 7)\n") })
        files["a.yaml"] = Self.preset("a")
        git.commit(files)
        let report = try await engine.reconcile("presets")
        #expect(report.failure == nil && report.presets.map(\.key.name) == ["a"])
        #expect(try await engine.store.read { try $0.source("presets")?.foreignDocuments } == 10_100)
        for number in 0..<10_100 {
            files["f/\(number).yaml"] = "apiVersion: prewarm/v1\nkind: Preset\n# \(number % 7)\n"
        }
        git.commit(files)
        let failure = try await engine.reconcile("presets").failure
        #expect(failure?.reason == .tooLarge && failure?.message.contains("10101 files with manifests") == true)
        #expect(try await engine.assess("presets").presets.map(\.key.name) == ["a"])
    }
}
