import Foundation
import Testing

/// The runs of the simulation: `PREWARM_SIMULATION_SEEDS` is a range of seeds, for example `1-500`, and
/// `PREWARM_SIMULATION_STEPS` the number of steps.
private enum SimulationRuns {
    private static func variable(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    static let isProof = variable("PREWARM_SIMULATION_SEEDS") != nil
    static let steps = variable("PREWARM_SIMULATION_STEPS").flatMap { Int($0) } ?? 60

    static let seeds: [UInt64] = {
        let range = variable("PREWARM_SIMULATION_SEEDS") ?? "1-6"
        let bounds = range.split(separator: "-").compactMap { UInt64($0) }
        guard let first = bounds.first, let last = bounds.last, first <= last else { return [] }
        return Array(first...last)
    }()
}

/// Claims under crashes, outages, wrong lists and clock jumps (``ClaimSimulation``).
@Suite("Simulated claims")
struct ClaimSimulationTests {
    @Test("Owners keep what they got, pools fill again and no claim is forgotten", arguments: SimulationRuns.seeds)
    func holds(seed: UInt64) async throws { try await run(seed, on: .memory) }

    @Test("The same holds on the SQLite store", arguments: SimulationRuns.seeds.prefix(2))
    func holdsOnSQLite(seed: UInt64) async throws { try await run(seed, on: .sqlite) }

    private func run(_ seed: UInt64, on kind: StoreKind) async throws {
        let simulation = try ClaimSimulation(seed: seed, on: kind)
        let faults = try await simulation.run(steps: SimulationRuns.steps)
        if SimulationRuns.isProof {
            let counts = simulation.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            print("seed \(seed): \(simulation.steps.count) steps, \(counts.joined(separator: ", "))")
        }
        #expect(
            faults.isEmpty,
            """
            \(faults.joined(separator: "\n"))
            To run it again: PREWARM_SIMULATION_SEEDS=\(seed) PREWARM_SIMULATION_STEPS=\(SimulationRuns.steps) \
            swift test --filter ClaimSimulationTests
            The steps: \(simulation.steps.joined(separator: ", "))
            """)
    }

    @Test("The range of seeds is not empty")
    func range() { #expect(!SimulationRuns.seeds.isEmpty) }
}
