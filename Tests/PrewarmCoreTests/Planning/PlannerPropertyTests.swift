import PrewarmCore
import Testing

/// The planner against ``PlannerModel`` on random worlds. A failure prints the seed of its world and a smaller one.
@Suite("The planner and the reference model")
struct PlannerPropertyTests {
    @Test("They decide the same in 100,000 worlds", arguments: 1...10)
    func sameDecisions(run: UInt64) async {
        await forEachWorld(run, 10_000) { world in
            Self.difference(PlannerModel.plan(world), world.plan(all: false), "the model", "the planner")
        }
    }

    @Test(
        "Instances that the planner doesn't ask for, and the order of what it gets, change nothing", arguments: 11...14)
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

    /// The seeds of worlds that once found something.
    @Test("Worlds that found something stay found", arguments: [] as [UInt64])
    func regressions(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let world = World.random(&random)
        #expect(PlannerModel.plan(world) == world.plan(all: false))
    }

    private func forEachWorld(_ run: UInt64, _ count: UInt64, difference: (World) -> String?) async {
        for number in 0..<count {
            // The threads are for tests that measure time, too.
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
    /// A line for each thing in it.
    var summary: String {
        var lines = actions.map { "  \($0.preset) \($0.summary)" }
        lines += held.map { "  \($0.action.preset) held \($0.action.summary): \($0.hold.message)" }
        lines += pools.map { "  \($0.preset) \($0.wait.map { "\($0)" } ?? "no wait"), \($0.counts)" }
        lines.append("  next change: \(nextChange.map(\.description) ?? "never")")
        return lines.joined(separator: "\n")
    }
}

extension Action {
    /// `delete w1 Outdated`
    var summary: String {
        [kind.rawValue, workspace?.rawValue, reason.rawValue].compactMap { $0 }.joined(separator: " ")
    }
}
