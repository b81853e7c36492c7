import Foundation
import MemoryStore
import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

@testable import StoreContract

/// A comparison of the SQLite store with the memory store, which is its model.
@Suite("Model of stores")
struct StoreModelTests {
    private struct Difference: Error {}

    @Test(
        "The SQLite store answers each of a random sequence of calls as the memory store does",
        arguments: StoreModelTests.seeds)
    func model(seed: UInt64) async throws {
        let path = NSTemporaryDirectory() + "/prewarm-model-\(UUID().uuidString).db"
        defer {
            for suffix in ["", "-wal", "-shm", ".identity"] {
                try? FileManager.default.removeItem(atPath: path + suffix)
            }
        }
        let (model, sqlite) = (MemoryStore(), try SQLiteStore.open(path: path))
        var calls = PortCalls(seed: seed)
        var done: [String] = []
        for step in 0..<Self.steps {
            let batch = (0..<Int.random(in: 1...3, using: &calls.random)).map { _ in calls.next() }
            done += batch.map(\.description)
            let results = (try await Self.run(batch, on: model), try await Self.run(batch, on: sqlite))
            #expect(results.0 == results.1, "step \(step) of seed \(seed), after \(done.suffix(12))")
            let now = calls.now
            let expected = try await model.read { try PortAnswers.all(in: $0, at: now) }
            let found = try await sqlite.read { try PortAnswers.all(in: $0, at: now) }
            for (expected, answer) in zip(expected, found) where !expected.isEqual(to: answer) {
                Issue.record(
                    """
                    step \(step) of seed \(seed): \(expected.call) is \(answer.value), and the model has \
                    \(expected.value), after \(done.suffix(12))
                    """)
                throw Difference()
            }
            if results.0 != results.1 { throw Difference() }
        }
    }

    /// Runs calls in one transaction.
    /// - Returns: The answers as text; `refused` if a call threw, so that the transaction was undone.
    private static func run(_ calls: [PortCall], on store: any Store) async throws -> [String] {
        do {
            return try await store.write { writer in try calls.map { try $0.run(writer) } }
        } catch is StoreError {
            return ["refused"]
        }
    }

    /// The seeds of the runs. `PREWARM_MODEL_SEEDS=1000` runs as many, for a longer search.
    private static var seeds: Range<UInt64> {
        0..<(ProcessInfo.processInfo.environment["PREWARM_MODEL_SEEDS"].flatMap { UInt64($0) } ?? 12)
    }

    private static let steps = 120
}
