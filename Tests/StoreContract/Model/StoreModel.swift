import Foundation
import MemoryStore
import PrewarmCore
import PrewarmEngine
import Testing

/// A comparison of a store with the memory store, which is its model.
enum StoreModel {
    private struct Difference: Error {}

    /// Returns the seeds of the runs: `count` of them, or `PREWARM_MODEL_SEEDS` for a longer search.
    static func seeds(_ count: UInt64) -> Range<UInt64> {
        0..<(ProcessInfo.processInfo.environment["PREWARM_MODEL_SEEDS"].flatMap { UInt64($0) } ?? count)
    }

    /// Runs a random sequence of calls on a new store and on the model, and compares all reads after each transaction.
    static func compare(_ store: any Store, seed: UInt64, steps: Int = 100) async throws {
        let model = MemoryStore()
        var calls = PortCalls(seed: seed)
        var done: [String] = []
        for step in 0..<steps {
            let batch = (0..<Int.random(in: 1...3, using: &calls.random)).map { _ in calls.next() }
            done += batch.map(\.description)
            let now = calls.now
            let expected = try await answers(of: model, to: batch, at: now)
            let found = try await answers(of: store, to: batch, at: now)
            for (expected, found) in zip(expected, found) where !expected.isEqual(to: found) {
                Issue.record(
                    """
                    step \(step) of seed \(seed): \(expected.call) is \(found.value), and the model has \
                    \(expected.value), after \(done.suffix(12))
                    """)
                throw Difference()
            }
        }
    }

    /// Runs calls in one transaction.
    /// - Returns: The results of the calls, which are undone if one of them is refused, and then the answers of all reads.
    private static func answers(
        of store: any Store, to calls: [PortCall], at now: Timestamp
    ) async throws -> [PortAnswer] {
        var results = ["refused"]
        do {
            results = try await store.write { writer in try calls.map { try $0.run(writer) } }
        } catch is StoreError {}
        let reads = try await store.read { try PortAnswers.all(in: $0, at: now) }
        return [PortAnswer(call: "\(calls)", value: results)] + reads
    }
}
