import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmSQLite

/// What is done for all presets at once.
enum ColdBenchmark {
    static func rows() async throws -> [Row] {
        var rows: [Row] = []
        for presets in Benchmarks.sizes {
            let world = try await World(presets: presets, commits: 1)
            rows.append(try await parsing(world))
            rows.append(try await cold(world))
        }
        return rows
    }

    /// Bytes to typed presets whose references are followed.
    private static func parsing(_ world: World) async throws -> Row {
        let files = world.repository.files
        return try await compare(
            "parse and check \(files.count) manifests / libyaml's events", pairs: pairs(files.count), limit: 1.5
        ) {
            let parsed = files.enumerated().map { (path: "\($0.offset).yaml", file: ManifestParser.parse($0.element)) }
            let catalog = Catalog(
                source: "presets", files: parsed, provisioners: ["local"], defaultProvisioner: "local", previous: [],
                previousTemplates: [])
            guard catalog.presets.count == files.count, catalog.diagnostics.isEmpty else {
                throw BenchmarkFailure(message: "\(catalog.diagnostics.first?.message ?? "")")
            }
        } theirs: {
            for bytes in files { _ = try Yardstick.events(of: bytes) }
        }
    }

    /// From a mirror to the committed operations, in a new store.
    private static func cold(_ world: World) async throws -> Row {
        let (presets, commit) = (world.repository.presets, world.repository.commits[0])
        var number = 0
        return try await compare(
            "first sync of \(presets) presets / blobs, events, a row for each instance", pairs: min(7, pairs(presets)),
            limit: 1.6
        ) {
            number += 1
            let store = try SQLiteStore.open(path: "\(world.folder.path)/cold-\(number).db")
            let engine = world.engine(git: FetchedGit(world.mirror, at: commit), store: store)
            let report = try await engine.reconcile("presets")
            guard report.plan.actions.count == presets * World.instances else {
                throw BenchmarkFailure(message: "\(report.plan.actions.count) actions")
            }
        } theirs: {
            try world.yardstick.cold(
                commit.commit, store: "\(world.folder.path)/yardstick-\(number).db", instances: World.instances)
        }
    }

    private static func pairs(_ presets: Int) -> Int { presets > 1000 ? 5 : 11 }
}
