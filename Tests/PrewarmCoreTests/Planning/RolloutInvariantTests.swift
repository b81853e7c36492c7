import PrewarmCore
import Testing

/// Whole rollouts. Actions are carried out in any order and with any delay, users claim, and the version may change
/// again during the rollout.
@Suite("Invariants of rollouts")
struct RolloutInvariantTests {
    @Test("A rollout keeps the bounds of its strategy, and ends", arguments: 1...8)
    func promises(run: UInt64) async {
        for number in 0..<150 {
            if number.isMultiple(of: 8) { await Task.yield() }
            let seed = SplitMix64.mix(run << 32 | UInt64(number))
            var rollout = Rollout(seed: seed)
            if let problem = rollout.run() {
                Issue.record("seed \(seed): \(problem)\n\(rollout.history.suffix(30).joined(separator: "\n"))")
                return
            }
        }
    }

    @Test("Workspaces that were created at the same time are replaced one after the other before they expire")
    func spreadExpiry() throws {
        let start = Timestamp(seconds: 1_800_000_000)
        let key = PresetKey(source: "s", name: "a")
        let preset = Preset(
            key: key, origin: Origin(file: "a.yaml", line: 1), spec: World.specs[0], instances: 10,
            ttl: .seconds(86_400), strategy: .rollingUpdate(maxSurge: .count(10), maxUnavailable: .count(0)))
        var instances = (0..<10).map { number in
            Instance(
                id: WorkspaceID("old\(number)"), preset: key, fingerprint: preset.fingerprint, state: .ready,
                readyAt: start)
        }
        var replacements: [Timestamp] = []
        var now = start
        while now < start + .seconds(86_400) {
            var observed = Observed()
            for instance in instances { observed.add(instance) }
            let plan = Planner(now: now).plan([preset], observed: observed)
            #expect(plan.pools[0].counts.eligible >= 10, "at \(now)")
            for action in plan.actions {
                if let id = action.workspace {
                    #expect(action.reason == .expired)
                    instances.removeAll { $0.id == id }
                } else {
                    replacements.append(now)
                    instances.append(
                        Instance(
                            id: WorkspaceID("new\(replacements.count)"), preset: key, fingerprint: preset.fingerprint,
                            state: .ready, readyAt: now))
                }
            }
            now = now + .seconds(60)
        }
        #expect(replacements.count == 10, "the last workspace is replaced before it expires, too")
        #expect(Set(replacements).count == replacements.count, "no two workspaces are replaced at the same time")
        #expect(replacements.first.map { $0 >= start + .seconds(86_400 * 9 / 10) } == true)
    }
}

private struct Rollout {
    private var random: SplitMix64
    private var preset: Preset
    private var instances: [Instance] = []
    private var now = Timestamp(seconds: 1_800_000_000)
    private var made = 0
    private(set) var history: [String] = []

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        preset = Self.preset(version: 0, &random)
    }

    private static func preset(version: Int, _ random: inout SplitMix64) -> Preset {
        var options = PoolOptions()
        options.canary = random.pick([0, 1, 2])
        let strategies: [RolloutStrategy] = [
            .standard, .recreate, .rollingUpdate(maxSurge: .count(1), maxUnavailable: .count(0)),
            .rollingUpdate(maxSurge: .count(0), maxUnavailable: .count(1)),
            .rollingUpdate(maxSurge: .percent(100), maxUnavailable: .percent(50)),
        ]
        return Preset(
            key: PresetKey(source: "s", name: "a"), origin: Origin(file: "a.yaml", line: 1), spec: World.specs[version],
            instances: 1 + random.below(9), strategy: random.pick(strategies), options: options)
    }

    /// Returns the first problem; nil if the run has no problem.
    mutating func run() -> String? {
        for _ in 0..<200 where !instances.filter({ $0.state == .ready }).isEmpty || made == 0 {
            if let problem = reconciliation() { return problem }
            settleAll()
        }
        let strategy = preset.strategy
        let size = preset.instances
        let changes = 1 + random.below(2)
        for change in 1...changes {
            var next = Self.preset(version: change, &random)
            // The size and the strategy stay, so that the floor is the same for all changes.
            next = Preset(
                key: next.key, origin: next.origin, spec: next.spec, instances: size, strategy: strategy,
                options: next.options)
            preset = next
            history.append("version \(change)")
            for _ in 0..<random.below(6) {
                if let problem = reconciliation() { return problem }
                settleSome()
            }
        }
        for _ in 0..<200 {
            if let problem = reconciliation() { return problem }
            if isIdle {
                return instances.contains { $0.fingerprint != preset.fingerprint && $0.state != .claimed }
                    ? "the rollout ended with outdated workspaces" : nil
            }
            settleSome()
        }
        return "the rollout did not end within 200 reconciliations"
    }

    private var isIdle: Bool {
        plan().actions.isEmpty && plan().held.isEmpty && instances.allSatisfy { [.ready, .claimed].contains($0.state) }
    }

    private func plan() -> Plan {
        var observed = Observed()
        for instance in instances { observed.add(instance) }
        return Planner(now: now).plan([preset], observed: observed)
    }

    private var claimable: Int { instances.count { $0.state == .ready } }

    private mutating func reconciliation() -> String? {
        let before = claimable
        let plan = plan()
        for action in plan.actions {
            if let id = action.workspace, !instances.contains(where: { $0.id == id && $0.state != .claimed }) {
                return "\(action.summary) changes a workspace that is claimed or does not exist"
            }
            carryOut(action)
        }
        guard plan.held.isEmpty else { return "an action is held" }
        history.append("\(plan.actions.map(\.summary)) leaves \(instances.map { "\($0.id) \($0.state)" })")
        let desired = preset.instances
        if let bounds = preset.strategy.bounds(desired: desired) {
            let floor = min(before, desired - bounds.unavailable)
            if claimable < floor { return "\(claimable) are claimable, the floor is \(floor)" }
            let total = instances.count { [.pending, .creating, .ready].contains($0.state) }
            if total > max(desired + bounds.surge, before) { return "\(total) exceed the surge" }
        } else if instances.count(where: { $0.state != .claimed }) > desired {
            return "Recreate has more than \(desired) workspaces at the same time"
        }
        return nil
    }

    private mutating func carryOut(_ action: Action) {
        guard let id = action.workspace, let index = instances.firstIndex(where: { $0.id == id }) else {
            made += 1
            instances.append(
                Instance(
                    id: WorkspaceID("w\(1000 + made)"), preset: preset.key, fingerprint: preset.fingerprint,
                    state: .pending))
            return
        }
        if action.kind == .cancel { instances.remove(at: index) } else { instances[index].become(.deleting, now) }
    }

    private mutating func settleAll() {
        while instances.contains(where: { $0.state != .ready && $0.state != .claimed }) { settleSome() }
    }

    /// Finishes some operations at random, and sometimes claims a workspace.
    private mutating func settleSome() {
        now = now + .seconds(1)
        for index in instances.indices.reversed() where random.chance(50) {
            switch instances[index].state {
            case .pending: instances[index].become(.creating, now)
            case .creating: instances[index].become(.ready, now)
            case .deleting: instances.remove(at: index)
            case .ready where random.chance(5): instances[index].become(.claimed, now)
            default: break
            }
        }
    }
}

extension Instance {
    fileprivate mutating func become(_ state: WorkspaceState, _ now: Timestamp) {
        self = Instance(
            id: id, preset: preset, fingerprint: fingerprint, state: state,
            readyAt: state == .ready ? now : readyAt)
    }
}
