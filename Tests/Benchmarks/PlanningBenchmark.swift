import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmSQLite

/// Pools that are as they shall be: what a look at all of them costs, against what SQLite needs to count them.
enum PlanningBenchmark {
    static func rows() async throws -> [Row] {
        var rows: [Row] = []
        for presets in Benchmarks.sizes { rows.append(try await row(presets: presets)) }
        return rows
    }

    private static func row(presets count: Int) async throws -> Row {
        let pools = try await FullPools(presets: count, instances: 10)
        let planner = Planner(now: .now)
        let presets = pools.presets
        let sql = try RawSQLite(path: pools.path)
        return try await compare("plan of \(count) presets, \(count * 10) workspaces / SQLite's count") {
            let plan = try await pools.store.read { store in
                var observed = Observed()
                observed.tallies.reserveCapacity(presets.count)
                for tally in try store.tallies(source: "s") {
                    observed.tallies[tally.preset, default: []].append(tally)
                }
                return planner.plan(presets, observed: observed)
            }
            guard plan.actions.isEmpty, plan.pools.count == count else { throw BenchmarkFailure() }
        } theirs: {
            let rows = try sql.rows(
                "SELECT preset, state, count(*) FROM workspaces WHERE state <> 5 GROUP BY preset, state")
            guard rows == count else { throw BenchmarkFailure() }
        }
    }
}

/// A store in a file with presets whose pools are full.
final class FullPools {
    let path: String
    let store: SQLiteStore
    let presets: [Preset]

    init(presets count: Int, instances: Int) async throws {
        path = FileManager.default.temporaryDirectory.appending(path: "prewarm-\(UUID().uuidString).db").path
        store = try SQLiteStore.open(path: path)
        presets = (0..<count).map { number in
            Preset(
                key: PresetKey(source: "s", name: "preset-\(100_000 + number)"),
                origin: Origin(file: "p\(number).yaml", line: 1),
                spec: WorkspaceSpec(
                    template: "go", version: "1.\(number)", provisioner: "local",
                    parameters: ["cpu": .integer(Int64(number % 16))]),
                instances: instances, ttl: .seconds(86_400 * 7))
        }
        let presets = presets
        let now = Timestamp.now
        try await store.write { store in
            try store.save(presets)
            var generator = SystemRandomNumberGenerator()
            var identifiers = IdentifierFactory(now: now, using: &generator)
            for preset in presets {
                try store.insert(
                    (0..<instances).map { _ in
                        Workspace(
                            id: WorkspaceID(identifiers.next()), preset: preset.key, spec: preset.spec,
                            fingerprint: preset.fingerprint, state: .ready, createdAt: now, readyAt: now)
                    })
            }
        }
    }

    deinit {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }
}
