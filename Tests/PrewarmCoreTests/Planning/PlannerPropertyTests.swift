import Glibc
import PrewarmCore
import Testing

/// The planner compared with ``PlannerModel`` in random worlds. A failure prints the seed of its world and a smaller
/// world.
@Suite("The planner compared with a slow model")
struct PlannerPropertyTests {
    /// The number of worlds in each of ten runs. `PREWARM_WORLDS=10000` looks at 100,000 worlds in about a minute.
    private static let worlds = getenv("PREWARM_WORLDS").flatMap { UInt64(String(cString: $0)) } ?? 2000

    @Test("The planner decides the same as the model in 20,000 random worlds", arguments: 1...10)
    func sameDecisions(run: UInt64) async {
        await forEachWorld(run, Self.worlds) { world in
            Self.difference(PlannerModel.plan(world), world.plan(all: false), "the model", "the planner")
        }
    }

    @Test(
        "The order of the input and workspaces that the planner does not need do not change the plan",
        arguments: 11...14)
    func allInstancesInAnyOrder(run: UInt64) async {
        await forEachWorld(run, 4000) { world in
            let planner = world.planner
            var observed = world.observed(all: true, planner: planner)
            var random = SplitMix64(seed: run)
            observed.tallies = observed.tallies.mapValues { random.shuffled($0) }
            observed.instances = observed.instances.mapValues { random.shuffled($0) }
            let shuffled = planner.plan(world.presets, observed: observed)
            return Self.difference(shuffled, world.plan(all: false), "with all, shuffled", "with those asked for")
        }
    }

    /// The arguments are the seeds of worlds that once found a fault.
    @Test("The planner decides the same as the model in worlds that once found a fault", arguments: [] as [UInt64])
    func regressions(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let world = World.random(&random)
        #expect(PlannerModel.plan(world) == world.plan(all: false))
    }

    private func forEachWorld(_ run: UInt64, _ count: UInt64, difference: (World) -> String?) async {
        for number in 0..<count {
            // Tests that measure time need the threads, too.
            if number.isMultiple(of: 16) { await Task.yield() }
            let seed = SplitMix64.mix(run << 32 | number)
            var random = SplitMix64(seed: seed)
            let world = World.random(&random)
            guard difference(world) != nil else { continue }
            let small = world.shrunk { difference($0) != nil }
            Issue.record("seed \(seed), made smaller:\n\(small)\n\(difference(small) ?? "")")
            return
        }
    }

    private static func difference(_ left: Plan, _ right: Plan, _ leftName: String, _ rightName: String) -> String? {
        guard left != right else { return nil }
        return "\(leftName):\n\(left.summary)\n\(rightName):\n\(right.summary)"
    }
}

extension Plan {
    /// The plan as text, with a line for each action, pool and time.
    var summary: String {
        var lines = actions.map { "  \($0.preset) \($0.summary)" }
        lines += held.map { "  \($0.action.preset) held \($0.action.summary): \($0.hold.message)" }
        lines += pools.map { "  \($0.preset) \($0.wait.map { "\($0)" } ?? "no wait"), \($0.counts)" }
        lines.append("  next change: \(nextChange.map(\.description) ?? "never")")
        return lines.joined(separator: "\n")
    }
}

extension Action {
    /// The action as text, for example `delete w1 Outdated`.
    var summary: String {
        [kind.rawValue, workspace?.rawValue, reason.rawValue].compactMap { $0 }.joined(separator: " ")
    }
}
