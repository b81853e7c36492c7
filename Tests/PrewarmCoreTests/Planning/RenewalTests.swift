import PrewarmCore
import Testing

/// Pools whose workspaces all have the same age, for three times their ttl. Each plan is carried out at once, and
/// builds take a fixed time. The next plan is made when a build ends, or at the next change of the plan.
@Suite("Renewal of pools with a ttl")
struct RenewalTests {
    @Test("A pool keeps its floor for any build time, and no workspace expires if builds are fast", arguments: 1...4)
    func keepsItsFloor(run: UInt64) async {
        for number in 0..<15 {
            if number.isMultiple(of: 8) { await Task.yield() }
            var random = SplitMix64(seed: SplitMix64.mix(run << 32 | UInt64(number)))
            var pool = RenewedPool(&random)
            if let problem = pool.run() {
                Issue.record("run \(run), number \(number): \(pool): \(problem)")
                return
            }
        }
    }

    @Test("A pool of one workspace always has one unexpired workspace")
    func one() {
        var pool = RenewedPool(
            desired: 1, ttl: .seconds(600), build: .seconds(20), strategy: .standard)
        #expect(pool.run() == nil)
        #expect(pool.fewestEligible == 1)
    }

    @Test("A pool of 20 with maxUnavailable 0 keeps 20 unexpired workspaces even if its builds are slow")
    func twenty() {
        var pool = RenewedPool(
            desired: 20, ttl: .seconds(3600), build: .seconds(60),
            strategy: .rollingUpdate(maxSurge: .count(2), maxUnavailable: .count(0)))
        #expect(pool.run() == nil)
        #expect(pool.fewestEligible == 20)
    }

    @Test("A pool whose builds are slower than its ttl offers expired workspaces")
    func slow() {
        var pool = RenewedPool(
            desired: 4, ttl: .seconds(100), build: .seconds(300),
            strategy: .rollingUpdate(maxSurge: .count(1), maxUnavailable: .count(0)))
        #expect(pool.run() == nil)
        #expect(pool.fewestEligible == 0)
    }
}

private struct RenewedPool: CustomStringConvertible {
    private let preset: Preset
    private let build: Duration
    private var now = Timestamp(seconds: 1_800_000_000)
    private var instances: [Instance] = []
    private var arrivals: [WorkspaceID: Timestamp] = [:]
    private var made = 0
    private(set) var fewestEligible = Int.max

    init(desired: Int, ttl: Duration, build: Duration, strategy: RolloutStrategy) {
        self.build = build
        preset = Preset(
            key: PresetKey(source: "s", name: "a"), origin: Origin(file: "a.yaml", line: 1), spec: World.specs[0],
            instances: desired, ttl: ttl, strategy: strategy)
        for _ in 0..<desired { add(.ready) }
    }

    init(_ random: inout SplitMix64) {
        let (surge, unavailable) = (random.below(6), random.below(3))
        self.init(
            desired: 1 + random.below(20), ttl: .seconds(60 + random.below(4000)),
            build: .seconds(1 + random.below(400)),
            strategy: .rollingUpdate(
                maxSurge: random.chance(50) ? .count(surge) : .percent(surge * 20), maxUnavailable: .count(unavailable))
        )
    }

    var description: String {
        "\(preset.instances) of \(preset.ttl?.prewarmText ?? ""), builds of \(build.prewarmText), \(preset.strategy)"
    }

    /// True if all builds of the pool take less than a third of its ttl, so that no workspace has to expire.
    private var isFast: Bool {
        guard let bounds = preset.strategy.bounds(desired: preset.instances), let ttl = preset.ttl else { return false }
        let width = bounds.surge > 0 ? bounds.surge : bounds.unavailable
        return build * ((preset.instances + width - 1) / width + 1) * 3 < ttl
    }

    private mutating func add(_ state: WorkspaceState) {
        made += 1
        let id = WorkspaceID("w\(1000 + made)")
        instances.append(
            Instance(
                id: id, preset: preset.key, fingerprint: preset.fingerprint, state: state,
                readyAt: state == .ready ? now : nil))
        if state != .ready { arrivals[id] = now + build }
    }

    /// Returns the first problem; nil if the run has no problem.
    mutating func run() -> String? {
        guard let ttl = preset.ttl, let bounds = preset.strategy.bounds(desired: preset.instances) else { return nil }
        let (end, floor) = (now + ttl * 3, preset.instances - bounds.unavailable)
        for _ in 0..<20_000 {
            arrive()
            var observed = Observed()
            for instance in instances { observed.add(instance) }
            observed.buildTimes[preset.key] = build
            let plan = Planner(now: now).plan([preset], observed: observed)
            let counts = plan.pools[0].counts
            fewestEligible = min(fewestEligible, counts.eligible)
            for action in plan.actions { carryOut(action) }
            let ready = instances.count { $0.state == .ready }
            if ready < floor || counts.claimable < floor { return "\(ready) are ready, the floor is \(floor)" }
            if isFast, counts.eligible < floor { return "\(counts.eligible) have not expired, the floor is \(floor)" }
            if instances.count > preset.instances + bounds.surge { return "\(instances.count) exceed the surge" }
            guard plan.actions.isEmpty else { continue }
            guard let next = ([plan.nextChange] + Array(arrivals.values)).compactMap(\.self).min() else {
                return "the plan has no next change"
            }
            if next > end { return nil }
            if next <= now { return "the next change is at \(next), but it is \(now)" }
            now = next
        }
        return "the pool did not reach the end within 20,000 plans"
    }

    private mutating func arrive() {
        for index in instances.indices {
            guard let time = arrivals[instances[index].id], time <= now else { continue }
            let id = instances[index].id
            arrivals[id] = nil
            instances[index] = Instance(
                id: id, preset: preset.key, fingerprint: preset.fingerprint, state: .ready, readyAt: now)
        }
    }

    private mutating func carryOut(_ action: Action) {
        if let id = action.workspace { instances.removeAll { $0.id == id } } else { add(.creating) }
    }
}
