import ClockSupport
import PrewarmCore
import PrewarmEngine
import PrewarmManifests

/// A claim, against a transaction of the bare store that writes one row.
enum ClaimBenchmark {
    private static let claims = 200

    static func rows() async throws -> [Row] {
        let pools = try await FullPools(presets: 1000, instances: 20)
        let engine = Engine(
            store: pools.store, sources: [], provisioners: [:], defaultProvisioner: nil, policy: Policy(),
            parser: ManifestParsing(version: 1, sizeLimit: 1) { ManifestParser.parse($0) },
            clock: RealClock(now: { .now }), random: randomBits)
        let sql = try RawSQLite(path: pools.path)
        try sql.execute("PRAGMA synchronous = FULL; CREATE TABLE bench (id INTEGER PRIMARY KEY, value TEXT)")
        var next = 0
        return [
            try await compare("\(claims) claims / bare transactions of one row") {
                for _ in 0..<claims {
                    let preset = pools.presets[next % pools.presets.count]
                    next += 1
                    _ = try await engine.claim(preset.key.name, owner: "ada")
                }
            } theirs: {
                for _ in 0..<claims {
                    try sql.execute("BEGIN IMMEDIATE; INSERT INTO bench (value) VALUES ('ada'); COMMIT")
                }
            }
        ]
    }
}
