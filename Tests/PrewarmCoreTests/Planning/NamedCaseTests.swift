import PrewarmCore
import Testing

/// Cases that a reader can check by hand. Workspaces are w1, w2, … in the order of their words. A word is a state,
/// with `old-` before it for an outdated workspace, and with `@` and its age in minutes after it.
@Suite("Named cases of the planner")
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

    /// The properties in which the pool of a case differs from a plain one.
    struct Pool {
        var strategy = RolloutStrategy.rollingUpdate(maxSurge: .count(1), maxUnavailable: .count(0))
        var ttl: Duration?
        var retirement: Preset.Retirement?
        var isSuspended = false
        var options = PoolOptions()
        var limits = Policy.Limits()
        var failures = 0
        /// The time from now to the next try.
        var retryIn = Duration.seconds(-1)
    }

    private static let cases: [Case] = [
        Case(name: "An empty pool is filled", instances: "", actions: ["create", "create", "create"]),
        Case(name: "A full pool is left alone", instances: "ready ready ready", actions: []),
        Case(
            name: "Starting workspaces count as workspaces that the pool has", instances: "ready creating pending",
            actions: []),
        Case(
            name: "Claimed workspaces do not count, so they are replaced", instances: "claimed ready ready",
            actions: ["create"]),
        Case(
            name: "Workspaces that are being deleted do not count, so they are replaced",
            instances: "deleting ready ready", actions: ["create"]),
        Case(
            name: "A pool that is too large deletes starting workspaces first, then the oldest ready ones", desired: 1,
            instances: "ready@10 ready@30 creating ready@20", actions: ["delete w3", "delete w2", "delete w4"]
        ),
        Case(
            name: "A pending create above the desired number is canceled", desired: 1, instances: "ready pending",
            actions: ["cancel w2"]),
        Case(
            name: "A failed workspace is deleted and replaced", instances: "failed ready ready",
            actions: ["delete w1", "create"]),
        Case(
            name: "With keepFailed the last failed workspace is kept", change: { $0.options.keepFailed = 1 },
            instances: "failed failed ready ready ready", actions: ["delete w1"]),
        Case(
            name: "With maxSurge a rollout creates one workspace above the desired number first",
            instances: "old-ready old-ready old-ready",
            actions: ["create"]),
        Case(
            name: "A rollout deletes an outdated workspace when a new one is ready",
            instances: "old-ready@9 old-ready@8 old-ready@7 ready", actions: ["delete w1", "create"]),
        Case(
            name: "A rollout creates one canary first, even with a large surge",
            change: { $0.strategy = .rollingUpdate(maxSurge: .percent(100), maxUnavailable: .count(0)) },
            instances: "old-ready old-ready old-ready", actions: ["create"]),
        Case(
            name: "With canary 0 a rollout creates the whole surge at once",
            change: {
                $0.strategy = .rollingUpdate(maxSurge: .percent(100), maxUnavailable: .count(0))
                $0.options.canary = 0
            }, instances: "old-ready old-ready old-ready", actions: ["create", "create", "create"]),
        Case(
            name: "With maxUnavailable a rollout deletes an outdated workspace first",
            change: { $0.strategy = .rollingUpdate(maxSurge: .count(0), maxUnavailable: .count(1)) },
            instances: "old-ready@9 old-ready@8 old-ready@7", actions: ["delete w1", "create"]),
        Case(
            name: "With Recreate all outdated workspaces are deleted before a new one is created",
            change: { $0.strategy = .recreate },
            instances: "old-ready@9 old-ready@8 old-ready@7", actions: ["delete w1", "delete w2", "delete w3"]),
        Case(
            name: "With Recreate the canary has to become ready even if no outdated workspace is left",
            change: { $0.strategy = .recreate }, instances: "creating", actions: []),
        Case(
            name: "With Recreate an empty pool creates one canary first", change: { $0.strategy = .recreate },
            instances: "",
            actions: ["create"]),
        Case(
            name: "With Recreate the other workspaces follow when the canary is ready",
            change: { $0.strategy = .recreate },
            instances: "ready", actions: ["create", "create"]),
        Case(
            name: "An expired workspace stays until its replacement is ready", change: { $0.ttl = .seconds(3600) },
            instances: "ready@61 ready@5 ready@4", actions: ["create"]),
        Case(
            name: "An expired workspace is deleted when its replacement is ready", change: { $0.ttl = .seconds(3600) },
            instances: "ready@61 ready@5 ready@4 ready@1", actions: ["delete w1"]),
        Case(
            name: "As many expired workspaces are deleted as maxUnavailable allows",
            change: {
                $0.ttl = .seconds(3600)
                $0.strategy = .rollingUpdate(maxSurge: .count(0), maxUnavailable: .count(2))
            }, instances: "ready@63 ready@62 ready@61", actions: ["delete w1", "delete w2", "create", "create"]),
        Case(
            name: "With Recreate an expired workspace is deleted before it is replaced", desired: 2,
            change: {
                $0.ttl = .seconds(3600)
                $0.strategy = .recreate
            }, instances: "ready@61 ready@5", actions: ["delete w1", "create"]),
        Case(
            name: "The only workspace of a pool gets a replacement before it expires", desired: 1,
            change: { $0.ttl = .seconds(6000) },
            instances: "ready@95", actions: ["create"]),
        Case(
            name: "Workspaces that soon expire are replaced one after the other", change: { $0.ttl = .seconds(6000) },
            instances: "ready@96 ready@96 ready@96", actions: ["create"]),
        Case(
            name: "A deprecated preset keeps only its claimed workspaces",
            change: { $0.retirement = .deprecated(Deprecation()) },
            instances: "ready creating pending claimed deleting", actions: ["delete w2", "cancel w3", "delete w1"],
            held: []),
        Case(
            name: "A suspended pool is not changed", change: { $0.isSuspended = true },
            instances: "failed old-ready", actions: []),
        Case(
            name: "With mode observe all actions are held", change: { $0.options.mode = .observe },
            instances: "ready failed",
            actions: [], held: ["delete w2", "create", "create"]),
        Case(
            name: "A create above a limit is held",
            change: { $0.limits.instancesPerPreset = 2 }, instances: "ready", actions: ["create"], held: ["create"]),
        Case(
            name: "After a failure one build is tried", change: { $0.failures = 1 }, instances: "", actions: ["create"]
        ),
        Case(
            name: "During a backoff nothing is created and pending creates are canceled",
            change: {
                $0.failures = 1
                $0.retryIn = .seconds(9)
            }, instances: "pending creating", actions: ["cancel w1"]),
        Case(
            name: "A stalled pool creates nothing during its pause",
            change: {
                $0.failures = 3
                $0.retryIn = .seconds(3600)
            }, instances: "pending", actions: ["cancel w1"]),
        Case(
            name: "A stalled pool tries one build after its pause", change: { $0.failures = 7 },
            instances: "", actions: ["create"]),
        Case(
            name: "A stalled pool tries no second build while one runs", change: { $0.failures = 3 },
            instances: "creating", actions: []),
        Case(
            name: "At a limit a kept failure is deleted to make room for a held create",
            change: {
                $0.options.keepFailed = 1
                $0.limits.instancesPerPreset = 3
            }, instances: "failed ready ready", actions: ["delete w1"], held: ["create"]),
        Case(
            name: "At a limit a kept failure stays if another deletion makes the room",
            change: {
                $0.options.keepFailed = 1
                $0.limits.instancesPerPreset = 4
            }, instances: "failed ready ready deleting", actions: [], held: ["create"]),
    ]

    @Test("A pool gets the plan that its case states", arguments: cases)
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
        // A second preset, so that the source is not emptied if the first one is retired.
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

    @Test(
        "A hold on deletions lets a pending create be canceled, because a cancel deletes nothing",
        arguments: ["zone", "restored", "freeze", "restored freeze"])
    func cancels(_ hold: String) throws {
        let now = Timestamp(seconds: 1_800_000_000)
        let always = try CronExpression("* * * * *")
        let schedule = Schedule(timezone: "Nowhere/City", windows: [.init(cron: always, instances: 9)])
        let preset = Preset(
            key: PresetKey(source: "s", name: "a"), origin: Origin(file: "a.yaml", line: 1), spec: World.specs[1],
            instances: 1, schedule: hold == "zone" ? schedule : nil)
        var observed = Observed()
        for (index, word) in ["ready", "ready", "pending"].enumerated() {
            observed.add(Self.instance(index + 1, word[...], of: preset, now))
        }
        var policy = Policy()
        if hold.hasSuffix("freeze") {
            policy.freezes = ["s": [Freeze(cron: always, duration: .seconds(60), timezone: "UTC", allowed: [.delete])]]
        }
        let planner = Planner(now: now, policy: policy, isStoreRestored: hold.hasPrefix("restored"))
        let plan = planner.plan([preset], observed: observed)
        let isDeleteHeld = hold != "freeze"
        #expect(plan.actions.map(\.words) == (isDeleteHeld ? ["cancel w3"] : ["cancel w3", "delete w1"]))
        #expect(plan.held.map(\.action.words) == (isDeleteHeld ? ["delete w1"] : []))
        #expect(plan.pools[0].unreadableZone == (hold == "zone" ? "Nowhere/City" : nil))
    }

    @Test("A pool that an unreadable time zone holds is not healthy, even if no action is held")
    func unreadableZone() throws {
        let now = Timestamp(seconds: 1_800_000_000)
        let schedule = Schedule(
            timezone: "Nowhere/City", windows: [.init(cron: try CronExpression("* * * * *"), instances: 9)])
        let preset = Preset(
            key: PresetKey(source: "s", name: "a"), origin: Origin(file: "a.yaml", line: 1), spec: World.specs[1],
            instances: 1, schedule: schedule)
        var observed = Observed()
        observed.add(Self.instance(1, "ready", of: preset, now))
        let plan = Planner(now: now).plan([preset], observed: observed)
        let status = PresetStatus(
            preset: preset, pool: plan.pools[0], failure: nil, held: plan.held, diagnostics: [])
        #expect(plan.held.isEmpty && !status.isHealthy)
        #expect(status[.limited]?.reason == "TimezoneUnknown")
        #expect(status[.limited]?.message.contains("Nowhere/City") == true)
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
    /// The action as text, for example `delete w1`.
    fileprivate var words: String { [kind.rawValue, workspace?.rawValue].compactMap { $0 }.joined(separator: " ") }
}
