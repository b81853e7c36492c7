import PrewarmCore
import Testing

/// The promises of the deletion guard, one case each. A preset is written as `NAME NUMBER`, with the words `recreate`,
/// `confirm`, `retain`, `deprecated`, `gone`, `observe`, `v2` and `ttl`.
@Suite("The promises of the deletion guard")
struct DeletionGuardPromiseTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let promise: String
        let accepted: String
        let revision: String
        /// The names of the presets that are held.
        let held: [String]
        var percent = 50
        var notReady: Set<String> = []
        var isLost = false
        var observedSource = false
        var gains: [String: Int] = [:]
        var gone = 0

        var testDescription: String { promise }
    }

    static let cases = [
        Case(
            promise: "5 workspaces may go, whatever their share", accepted: "a 5, b 1", revision: "a 0, b 1", held: []),
        Case(promise: "Half of the workspaces may go", accepted: "a 6, b 6", revision: "a 0, b 6", held: []),
        Case(
            promise: "More than 5 and more than half are held", accepted: "a 7, b 6", revision: "a 0, b 6", held: ["a"]),
        Case(
            promise: "Every preset with a loss is held, and the others go on", accepted: "a 9, b 2, c 3",
            revision: "a 0, b 1, c 4", held: ["a", "b"]),
        Case(
            promise: "A removed manifest is a loss of all", accepted: "a 8, b 1", revision: "a 8 gone, b 1", held: ["a"]
        ),
        Case(
            promise: "A deprecation is a loss of all", accepted: "a 8, b 1", revision: "a 8 deprecated, b 1",
            held: ["a"]),
        Case(
            promise: "A rename in one commit is held", accepted: "a 8, b 1", revision: "a 8 gone, b 1, new 8",
            held: ["a"]),
        Case(
            promise: "Presets that were added within the window do not make the base larger",
            accepted: "a 8, new 40", revision: "a 8 gone, new 40", held: ["a"], gains: ["new": 0]),
        Case(
            promise: "A preset that was added within the window may be removed again", accepted: "a 8, new 8",
            revision: "a 8, new 8 gone", held: [], gains: ["new": 0]),
        Case(
            promise: "Losses of the window add up", accepted: "a 6, b 6", revision: "a 2, b 6", held: ["a"], gone: 5),
        Case(
            promise: "A source without presets is held, even a small one", accepted: "a 2", revision: "a 2 gone",
            held: ["a"]),
        Case(
            promise: "A source without presets is held although the guard is off", accepted: "a 2",
            revision: "a 2 gone", held: ["a"], percent: 100),
        Case(
            promise: "Nothing else is held if the guard is off", accepted: "a 20, b 1", revision: "a 0, b 1", held: [],
            percent: 100),
        Case(
            promise: "A new version with a rolling update is no loss", accepted: "a 20", revision: "a 20 v2", held: []),
        Case(
            promise: "A new version that replaces all at once is a loss", accepted: "a 20 recreate, b 1",
            revision: "a 20 recreate v2, b 1", held: ["a"]),
        Case(
            promise: "A change of the strategy together with a version counts as the new strategy",
            accepted: "a 20, b 1", revision: "a 20 recreate v2, b 1", held: ["a"]),
        Case(
            promise: "A shorter ttl under a strategy that keeps nothing is a loss", accepted: "a 20 recreate, b 1",
            revision: "a 20 recreate ttl, b 1", held: ["a"]),
        Case(
            promise: "A shorter ttl with a rolling update is no loss", accepted: "a 20, b 1", revision: "a 20 ttl, b 1",
            held: []),
        Case(
            promise: "`Confirm` holds a retirement, however small", accepted: "a 1 confirm, b 20",
            revision: "a 1 confirm deprecated, b 20", held: ["a"]),
        Case(
            promise: "`Confirm` holds a removed manifest", accepted: "a 1 confirm, b 20",
            revision: "a 1 confirm gone, b 20", held: ["a"]),
        Case(
            promise: "Taking `Confirm` away together with the retirement does not help", accepted: "a 1 confirm, b 20",
            revision: "a 1 deprecated, b 20", held: ["a"]),
        Case(
            promise: "`Confirm` holds no lower number by itself", accepted: "a 4 confirm, b 20",
            revision: "a 1 confirm, b 20", held: []),
        Case(
            promise: "`Retain` is neither in the loss nor in the base", accepted: "a 40 retain, b 8, c 1",
            revision: "a 40 retain deprecated, b 0, c 1", held: ["b"]),
        Case(
            promise: "Giving `Retain` up is a loss", accepted: "a 40 retain deprecated, b 1",
            revision: "a 40 deprecated, b 1", held: ["a"]),
        Case(
            promise: "A pool that never had a ready workspace has nothing to lose", accepted: "a 20, b 1",
            revision: "a 0, b 1", held: [], notReady: ["a"]),
        Case(
            promise: "A pool that never had a ready workspace does not make the base larger", accepted: "a 8, b 40",
            revision: "a 0, b 40", held: ["a"], notReady: ["b"]),
        Case(
            promise: "Without a record any loss is held", accepted: "a 20, b 1", revision: "a 19, b 1", held: ["a"],
            isLost: true),
        Case(
            promise: "A source that is observed loses nothing", accepted: "a 20, b 1", revision: "a 0, b 1", held: [],
            observedSource: true),
        Case(
            promise: "A preset that is observed loses nothing", accepted: "a 20 observe, b 1",
            revision: "a 0 observe, b 1", held: []),
    ]

    @Test("The guard holds what it promises to hold", arguments: cases)
    func table(_ test: Case) throws {
        let scene = GuardScene(test.accepted, policy: test.policy, notReady: test.notReady)
        var record = GuardRecord()
        record.isLost = test.isLost
        record.gains = test.gains.map {
            GuardRecord.Gain(preset: $0.key, earlier: $0.value, at: scene.now - .seconds(600))
        }
        if test.gone > 0 {
            let before = scene.now - .seconds(600)
            record.losses = [.init(preset: "z", count: test.gone, admittedAt: before, at: before)]
        }
        let admission = scene.admit(test.revision, record)
        #expect(admission.record.held.keys.sorted() == test.held)
        for name in test.held {
            let proposal = try #require(admission.record.held[name]).proposal
            let waiting = GuardedChange(stored: admission.waiting[name], proposal: proposal)
            #expect(waiting.accepted == GuardedChange(stored: scene.stored[name], proposal: proposal).accepted)
        }
        let written = GuardScene.presets(test.revision).filter { !test.held.contains($0.key.name) }
        for preset in written where scene.stored[preset.key.name] != preset {
            #expect(admission.changes.contains { $0.now == preset }, "\(preset.key.name) goes on")
        }
    }

    @Test("A retirement on purpose refuses claims and creates while it waits, and a removed manifest does not")
    func whileItWaits() throws {
        let scene = GuardScene("a 20, b 1")
        let deprecated = try #require(scene.admit("a 20 deprecated, b 1", GuardRecord()).waiting["a"])
        #expect(deprecated.retirement != nil && deprecated.isRetirementHeld && deprecated.keepsWorkspaces)
        let gone = try #require(scene.admit("a 20 gone, b 1", GuardRecord()).waiting["a"])
        #expect(gone == scene.stored["a"])
        let kept = try Preset(binary: deprecated.binary)
        #expect(kept == deprecated, "the store keeps it")
    }

    @Test("An approval covers one change, whatever else changes, and is used once")
    func approvals() throws {
        let scene = GuardScene("a 20, b 1")
        var record = scene.admit("a 0, b 1", GuardRecord()).record
        let proposal = try #require(record.held["a"]).proposal
        record.approvals["a"] = GuardedChange(stored: scene.stored["a"], proposal: proposal).digest
        #expect(scene.admit("a 1, b 1", record).record.held.keys.sorted() == ["a"], "another change")
        #expect(scene.admit("a 1, b 1", record).record.approvals.isEmpty, "another change voids it")
        let admission = scene.admit("a 0, b 3", record)
        #expect(admission.record.held.isEmpty && admission.record.approvals.isEmpty && admission.record.losses.isEmpty)
    }

    @Test("A hold stays whatever the time, until its losses shrink, the policy allows it or the preset is restored")
    func stays() {
        let scene = GuardScene("a 4, b 4, c 1, d 1")
        let before = scene.now - .seconds(1800)
        var record = GuardRecord()
        record.losses = [.init(preset: "z", count: 4, admittedAt: before, at: before)]
        record = scene.admit("a 0, b 4, c 1, d 1", record).record
        #expect(record.held.keys.sorted() == ["a"], "4 + 4 of 14")
        let later = GuardScene("a 4, b 4, c 1, d 1", now: scene.now + .seconds(7200))
        #expect(later.admit("a 0, b 3, c 1, d 1", record).record.held.keys.sorted() == ["a"])
        #expect(later.admit("a 1, b 4, c 1, d 1", record).record.held.isEmpty)
        #expect(later.admit("a 4, b 4, c 1, d 1", record).record.held.isEmpty)
        var policy = Policy()
        policy.deletionGuard.above = 20
        let allowed = GuardScene("a 4, b 4, c 1, d 1", policy: policy)
        #expect(allowed.admit("a 0, b 4, c 1, d 1", record).record.held.isEmpty)
    }

    @Test("What mode: observe let pass is judged when the mode ends")
    func observed() {
        let scene = GuardScene("a 20 observe, b 1")
        let observing = scene.admit("a 0 observe, b 1", GuardRecord())
        #expect(observing.changes.map(\.now.instances) == [0] && observing.record.losses.isEmpty)
        let next = GuardScene("a 0 observe, b 1")
        let ended = next.admit("a 0, b 1", observing.record)
        #expect(ended.record.held.keys.sorted() == ["a"])
        #expect(ended.waiting["a"]?.instances == 20, "the number before the mode began")
    }

    @Test("A loss counts for an hour after a freeze or a suspension that postpones it")
    func postponed() {
        var scene = GuardScene("a 6, b 6")
        scene.facts.blocked = ["a"]
        var record = scene.admit("a 0, b 6", GuardRecord()).record
        #expect(record.losses.map(\.at) == [nil])
        var later = GuardScene("a 0, b 6", now: scene.now + .seconds(7200))
        later.facts.blocked = ["a"]
        #expect(later.admit("a 0, b 4", record).record.held.keys.sorted() == ["b"])
        record.setTimes(to: scene.now + .seconds(7200), blocked: [])
        let muchLater = GuardScene("a 0, b 6", now: scene.now + .seconds(14_400))
        #expect(muchLater.admit("a 0, b 4", record).record.held.isEmpty)
    }

    @Test("The record can be stored, an earlier format counts as empty, and a damaged one as lost")
    func stored() {
        let scene = GuardScene("a 8, b 2 confirm")
        var record = scene.admit("a 0, b 2 confirm gone", GuardRecord()).record
        record.approvals = ["a": "0123"]
        record.unjudged = ["c": GuardScene.presets("c 3")[0]]
        record.losses = [.init(preset: "a", count: 3, admittedAt: scene.now, at: nil)]
        record.gains = [.init(preset: "d", earlier: 2, at: scene.now)]
        #expect(GuardRecord(stored: record.binary) == record)
        #expect(GuardRecord(stored: [2, 0, 0]) == GuardRecord())
        #expect(GuardRecord(stored: [0xff]) == .lost && GuardRecord(stored: []) == .lost)
        #expect(GuardRecord(stored: Array(record.binary.dropLast())) == .lost)
    }
}

extension DeletionGuardPromiseTests.Case {
    var policy: Policy {
        var policy = Policy()
        policy.deletionGuard.percent = percent
        if observedSource { policy.observedSources = ["s"] }
        return policy
    }
}

/// A source with accepted presets.
struct GuardScene {
    let now: Timestamp
    let policy: Policy
    let stored: [String: Preset]
    var facts = DeletionGuard.Facts()

    init(
        _ accepted: String, policy: Policy = Policy(), notReady: Set<String> = [],
        now: Timestamp = Timestamp(seconds: 1_800_000_000)
    ) {
        self.now = now
        self.policy = policy
        let presets = Self.presets(accepted)
        stored = Dictionary(presets.map { ($0.key.name, $0) }) { first, _ in first }
        facts.presets = presets
        facts.everReady = Set(stored.keys).subtracting(notReady)
        facts.unclaimed = stored.mapValues(\.instances)
        facts.oldestReady = stored.mapValues { _ in now - .seconds(86_400) }
    }

    static func presets(_ text: String) -> [Preset] {
        text.split(separator: ",").map { entry in
            let words = entry.split(separator: " ").map(String.init)
            var options = PoolOptions()
            let spec = World.specs[words.contains("v2") ? 1 : 0]
            if words.contains("confirm") { options.deletionPolicy = .confirm }
            if words.contains("retain") { options.deletionPolicy = .retain }
            if words.contains("observe") { options.mode = .observe }
            let preset = Preset(
                key: PresetKey(source: "s", name: words[0]), origin: Origin(file: "p.yaml", line: 1),
                spec: spec, instances: Int(words[1]) ?? 0,
                ttl: words.contains("ttl") ? .seconds(60) : nil,
                strategy: words.contains("recreate") ? .recreate : .standard,
                retirement: words.contains("deprecated") ? .deprecated(Deprecation()) : nil, options: options)
            return words.contains("gone") ? preset.pruned : preset
        }
    }

    func admit(_ revision: String, _ record: GuardRecord) -> DeletionGuard.Admission {
        let judge = DeletionGuard(of: "s", policy: policy, now: now)
        let latest = record.written(stored.values.sorted { $0.key < $1.key })
        let before = Dictionary(latest.map { ($0.key.name, $0) }) { first, _ in first }
        let changes = Self.presets(revision).filter { before[$0.key.name] != $0 }
            .map { PresetChange(before: before[$0.key.name], now: $0) }
        let judged = judge.changes(changes, record, stored: stored)
        return judge.admit(judged, record, stored: stored, facts, isFirst: stored.isEmpty)
    }
}
