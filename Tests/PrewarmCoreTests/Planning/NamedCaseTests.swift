import PrewarmCore
import Testing

/// Cases that a reader can check by hand. Instances are w1, w2, … in the order of their words: a state, `old-` before it
/// for one of an older version, `@` and its age in minutes after it.
@Suite("A pool")
struct NamedCaseTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var desired = 3
        var change: @Sendable (inout Pool) -> Void = { _ in }
        let instances: String
        let actions: [String]
        var held: [String] = []

        var testDescription: String { name }
    }

    /// What may differ from a plain preset.
    struct Pool {
        var strategy = RolloutStrategy.rollingUpdate(maxSurge: .count(1), maxUnavailable: .count(0))
        var ttl: Duration?
        var retirement: Preset.Retirement?
        var isSuspended = false
        var options = PoolOptions()
        var limits = Policy.Limits()
        var failures = 0
        /// After now.
        var retryIn = Duration.seconds(-1)
    }

    private static let cases: [Case] = [
        Case(name: "that is empty is filled", instances: "", actions: ["create", "create", "create"]),
        Case(name: "that is full is left alone", instances: "ready ready ready", actions: []),
        Case(name: "counts what is on its way", instances: "ready creating pending", actions: []),
        Case(name: "doesn't count what is claimed", instances: "claimed ready ready", actions: ["create"]),
        Case(name: "doesn't count what is being deleted", instances: "deleting ready ready", actions: ["create"]),
        Case(
            name: "that is too large loses what is not ready first, then the oldest", desired: 1,
            instances: "ready@10 ready@30 creating ready@20", actions: ["delete w3", "delete w2", "delete w4"]
        ),
        Case(
            name: "cancels what was not asked for yet", desired: 1, instances: "ready pending", actions: ["cancel w2"]),
        Case(
            name: "loses what failed, and gets another", instances: "failed ready ready",
            actions: ["delete w1", "create"]),
        Case(
            name: "keeps the last that failed where it shall", change: { $0.options.keepFailed = 1 },
            instances: "failed failed ready ready ready", actions: ["delete w1"]),
        Case(
            name: "of a new version gets one beyond its number first", instances: "old-ready old-ready old-ready",
            actions: ["create"]),
        Case(
            name: "of a new version loses an old one once the new one is ready",
            instances: "old-ready@9 old-ready@8 old-ready@7 ready", actions: ["delete w1", "create"]),
        Case(
            name: "tries a new version with one, whatever the surge",
            change: { $0.strategy = .rollingUpdate(maxSurge: .percent(100), maxUnavailable: .count(0)) },
            instances: "old-ready old-ready old-ready", actions: ["create"]),
        Case(
            name: "tries a new version with all the surge where it shall",
            change: {
                $0.strategy = .rollingUpdate(maxSurge: .percent(100), maxUnavailable: .count(0))
                $0.options.canary = 0
            }, instances: "old-ready old-ready old-ready", actions: ["create", "create", "create"]),
        Case(
            name: "may go below its number by maxUnavailable",
            change: { $0.strategy = .rollingUpdate(maxSurge: .count(0), maxUnavailable: .count(1)) },
            instances: "old-ready@9 old-ready@8 old-ready@7", actions: ["delete w1", "create"]),
        Case(
            name: "with Recreate loses all the old ones before it gets a new one", change: { $0.strategy = .recreate },
            instances: "old-ready@9 old-ready@8 old-ready@7", actions: ["delete w1", "delete w2", "delete w3"]),
        Case(
            name: "with Recreate waits for the first of the new ones, though no old one is left to tell of it",
            change: { $0.strategy = .recreate }, instances: "creating", actions: []),
        Case(
            name: "with Recreate is begun with one", change: { $0.strategy = .recreate }, instances: "",
            actions: ["create"]),
        Case(
            name: "with Recreate gets the others once the first is ready", change: { $0.strategy = .recreate },
            instances: "ready", actions: ["create", "create"]),
        Case(
            name: "keeps one that expired until its replacement is ready", change: { $0.ttl = .seconds(3600) },
            instances: "ready@61 ready@5 ready@4", actions: ["create"]),
        Case(
            name: "loses one that expired once its replacement is ready", change: { $0.ttl = .seconds(3600) },
            instances: "ready@61 ready@5 ready@4 ready@1", actions: ["delete w1"]),
        Case(
            name: "loses those that expired as far as maxUnavailable allows",
            change: {
                $0.ttl = .seconds(3600)
                $0.strategy = .rollingUpdate(maxSurge: .count(0), maxUnavailable: .count(2))
            }, instances: "ready@63 ready@62 ready@61", actions: ["delete w1", "delete w2", "create", "create"]),
        Case(
            name: "with Recreate loses what expired first", desired: 2,
            change: {
                $0.ttl = .seconds(3600)
                $0.strategy = .recreate
            }, instances: "ready@61 ready@5", actions: ["delete w1", "create"]),
        Case(
            name: "of one gets another before the ttl ends", desired: 1, change: { $0.ttl = .seconds(6000) },
            instances: "ready@95", actions: ["create"]),
        Case(
            name: "replaces what soon expires with another, one after the other", change: { $0.ttl = .seconds(6000) },
            instances: "ready@96 ready@96 ready@96", actions: ["create"]),
        Case(
            name: "that is deprecated loses all but what is claimed",
            change: { $0.retirement = .deprecated(Deprecation()) },
            instances: "ready creating pending claimed deleting", actions: ["delete w2", "cancel w3", "delete w1"],
            held: []),
        Case(
            name: "that is suspended is left as it is", change: { $0.isSuspended = true },
            instances: "failed old-ready", actions: []),
        Case(
            name: "that is observed says what it would do", change: { $0.options.mode = .observe },
            instances: "ready failed",
            actions: [], held: ["delete w2", "create", "create"]),
        Case(
            name: "above a limit has its creates held",
            change: { $0.limits.instancesPerPreset = 2 }, instances: "ready", actions: ["create"], held: ["create"]),
        Case(
            name: "with a failure tries again with one", change: { $0.failures = 1 }, instances: "", actions: ["create"]
        ),
        Case(
            name: "with a failure waits for its time, and drops what was not asked for",
            change: {
                $0.failures = 1
                $0.retryIn = .seconds(9)
            }, instances: "pending creating", actions: ["cancel w1"]),
        Case(
            name: "with too many failures makes nothing for an hour",
            change: {
                $0.failures = 3
                $0.retryIn = .seconds(3600)
            }, instances: "pending", actions: ["cancel w1"]),
        Case(
            name: "with too many failures tries again with one after an hour", change: { $0.failures = 7 },
            instances: "", actions: ["create"]),
        Case(
            name: "with too many failures makes no second one while one tries", change: { $0.failures = 3 },
            instances: "creating", actions: []),
        Case(
            name: "at a limit gives a kept failure for what is wanted",
            change: {
                $0.options.keepFailed = 1
                $0.limits.instancesPerPreset = 3
            }, instances: "failed ready ready", actions: ["delete w1"], held: ["create"]),
        Case(
            name: "at a limit keeps a failure where a deletion makes the room",
            change: {
                $0.options.keepFailed = 1
                $0.limits.instancesPerPreset = 4
            }, instances: "failed ready ready deleting", actions: [], held: ["create"]),
    ]

    @Test("does what its case says", arguments: cases)
    func plan(_ given: Case) {
        var pool = Pool()
        given.change(&pool)
        let now = Timestamp(seconds: 1_800_000_000)
        let key = PresetKey(source: "s", name: "a")
        let preset = Preset(
            key: key, origin: Origin(file: "a.yaml", line: 1), spec: World.specs[1], instances: given.desired,
            ttl: pool.ttl, strategy: pool.strategy, retirement: pool.retirement, isSuspended: pool.isSuspended,
            options: pool.options)
        var observed = Observed()
        for (index, word) in given.instances.split(separator: " ").enumerated() {
            observed.add(Self.instance(index + 1, word, of: preset, now))
        }
        // Of another preset of the source, so that this one alone is no emptied path.
        let other = Preset(
            key: PresetKey(source: "s", name: "z"), origin: Origin(file: "z.yaml", line: 1), spec: World.specs[1],
            instances: 0)
        if pool.failures > 0 {
            observed.failures[key] = FailureRecord(
                preset: key, fingerprint: preset.fingerprint, count: pool.failures, retryAt: now + pool.retryIn,
                message: "no")
        }
        let plan = Planner(now: now, policy: Policy(limits: pool.limits)).plan([preset, other], observed: observed)
        #expect(plan.actions.map(\.words) == given.actions)
        #expect(plan.held.map(\.action.words) == given.held)
    }

    private static func instance(_ number: Int, _ word: Substring, of preset: Preset, _ now: Timestamp) -> Instance {
        let parts = word.split(separator: "@")
        let isOld = word.hasPrefix("old-")
        let state = WorkspaceState(rawValue: String(isOld ? parts[0].dropFirst(4) : parts[0])) ?? .pending
        let minutes = parts.count > 1 ? Int(parts[1]) ?? 0 : 1
        let wasReady = state == .ready || state == .claimed
        return Instance(
            id: WorkspaceID("w\(number)"), preset: preset.key,
            fingerprint: isOld ? World.fingerprints[0] : preset.fingerprint, state: state,
            readyAt: wasReady ? now - .seconds(minutes * 60) : nil)
    }
}

extension Action {
    /// `delete w1`
    fileprivate var words: String { [kind.rawValue, workspace?.rawValue].compactMap { $0 }.joined(separator: " ") }
}
