import PrewarmCore
import Testing

@Suite("Losses that the deletion guard has to find")
struct HiddenLossTests {
    private static let now = Timestamp(seconds: 1_800_000_000)  // 2027-01-15T08:00:00Z, a Friday.

    private func preset(
        _ name: String, _ instances: Int, _ windows: [(String, Int)] = [], version: Int = 0,
        strategy: RolloutStrategy = .standard
    ) throws -> Preset {
        let schedule =
            windows.isEmpty
            ? nil
            : Schedule(
                timezone: "UTC",
                windows: try windows.map { .init(cron: try CronExpression($0.0), instances: $0.1) })
        return Preset(
            key: PresetKey(source: "s", name: name), origin: Origin(file: "p.yaml", line: 1),
            spec: World.specs[version], instances: instances, schedule: schedule, strategy: strategy)
    }

    private func held(
        _ accepted: [Preset], _ revision: [Preset], _ record: GuardRecord = GuardRecord(), policy: Policy = Policy()
    ) -> [String] {
        var facts = DeletionGuard.Facts()
        facts.presets = accepted
        facts.everReady = Set(accepted.map(\.key.name))
        facts.zones = ["UTC": .utc]
        let stored = Dictionary(accepted.map { ($0.key.name, $0) }) { first, _ in first }
        for preset in accepted {
            facts.unclaimed[preset.key.name] = preset.instances
            facts.oldestReady[preset.key.name] = Self.now - .seconds(86_400)
        }
        let judge = DeletionGuard(of: "s", policy: policy, now: Self.now)
        let changes = revision.filter { stored[$0.key.name] != $0 }
            .map { PresetChange(before: stored[$0.key.name], now: $0) }
        let judged = judge.changes(changes, record, stored: stored)
        return judge.admit(judged, record, stored: stored, facts, isFirst: false).record.held.keys.sorted()
    }

    @Test("A window that covers now and ends after a week hides no lower number")
    func longWindow() throws {
        let accepted = [try preset("a", 20), try preset("b", 4)]
        #expect(held(accepted, [try preset("a", 0, [("* * * 1-2 *", 20)]), accepted[1]]) == ["a"])
    }

    @Test("A schedule with very many changes hides no lower number")
    func manyChanges() throws {
        let accepted = [try preset("a", 20), try preset("b", 4)]
        let windows = [("*/2 0-20 * * *", 20), ("1-59/2 0-20 * * *", 19)]
        #expect(held(accepted, [try preset("a", 0, windows), accepted[1]]) == ["a"])
    }

    @Test("A rare window that an earlier one covers the next time hides no lower number")
    func coveredOnce() throws {
        let accepted = [try preset("a", 20), try preset("b", 4)]
        // 2027-02-12 is a Friday, 2027-03-12 too, 2027-04-12 is a Monday.
        let windows = [("* * * * 5", 20), ("* * 12 * *", 0)]
        #expect(held(accepted, [try preset("a", 20, windows), accepted[1]]) == ["a"])
    }

    @Test("Many moments with small losses hide no large loss")
    func decoy() throws {
        let names = (0..<10).map { "a\($0)" }
        let accepted = try [preset("d", 3), preset("k", 3)] + names.map { try preset($0, 2) }
        let revision =
            try [preset("d", 3, [("*/2 * * * *", 0)]), accepted[1]]
            + names.enumerated().map { try preset($1, 2, [("\($0)-59 18 * * *", 0), ("* 19-23 * * *", 0)]) }
        #expect(held(accepted, revision).count == 11)
    }

    @Test("Many losses that begin one after the other add up")
    func oneAfterTheOther() throws {
        let accepted = try (0..<300).map { try preset("p\($0)", 1) }
        let revision = try (0..<300).map { index in
            let (hour, minute) = (10 + index / 60, index % 60)
            return try preset("p\(index)", 1, [("\(minute)-59 \(hour) * * *", 0), ("* \(hour + 1)-23 * * *", 0)])
        }
        #expect(held(accepted, revision).count == 300)
    }

    @Test("A lower number together with a new version counts what both take at once")
    func loweredAtOnce() throws {
        let strategy = RolloutStrategy.rollingUpdate(maxSurge: .count(0), maxUnavailable: .count(10))
        let accepted = [try preset("a", 20, strategy: strategy), try preset("b", 1)]
        #expect(held(accepted, [try preset("a", 11, version: 1, strategy: strategy), accepted[1]]) == ["a"])
    }

    @Test("A new version counts what it takes of the number now, not of the largest one")
    func atOnceNow() throws {
        let strategy = RolloutStrategy.rollingUpdate(maxSurge: .count(0), maxUnavailable: .count(40))
        let windows = [("* * 1 6 *", 100)]
        let accepted = [try preset("a", 40, windows, strategy: strategy), try preset("b", 1)]
        #expect(held(accepted, [try preset("a", 40, windows, version: 1, strategy: strategy), accepted[1]]) == ["a"])
    }

    @Test("Losses at a moment are compared with the base of that moment, however many moments there are")
    func manyMoments() throws {
        let odd = "1-59/2 * * * *"
        let accepted = [try preset("a", 11, [(odd, 12)]), try preset("b", 1, [(odd, 1000)])]
        #expect(held(accepted, [try preset("a", 0), accepted[1]]) == ["a"])
    }

    @Test("The same schedule with another label is no loss")
    func sameSchedule() throws {
        let windows = [("*/2 0-20 * * *", 20), ("1-59/2 0-20 * * *", 19)]
        let accepted = [try preset("a", 0, windows), try preset("b", 1)]
        #expect(held(accepted, [try preset("a", 0, windows, version: 1), accepted[1]]) == [])
    }

    @Test("A window in December may change without a hold")
    func rareWindow() throws {
        let week = [("* 8-17 * * 1-5", 20)]
        let accepted = [try preset("a", 2, [("* * 24 12 *", 0)] + week), try preset("b", 40)]
        #expect(held(accepted, [try preset("a", 2, [("* * 24-25 12 *", 0)] + week), accepted[1]]) == [])
        let january = [("* * * 1 *", 30), ("* * 24 12 *", 0)]
        #expect(held(accepted, [try preset("a", 2, january + week), accepted[1]]) == [])
    }

    @Test("Business hours of many presets in many zones may become a little smaller")
    func many() throws {
        func presets(_ most: Int) throws -> [Preset] {
            try (0..<300).map { try preset("p\($0)", 2, [("\($0 % 60)-59 \($0 / 60)-17 * * 1-5", most)]) }
        }
        #expect(held(try presets(20), try presets(11)) == [])
        #expect(held(try presets(20), try presets(9)).count == 300)
    }

    @Test("Very many schedules with very many windows are judged in a limited time")
    func effort() throws {
        func presets(_ step: Int) throws -> [Preset] {
            try (0..<400).map { index in
                let windows = (0..<100).map { ("\(($0 + index) % 60) 0-23/2 * * *", 10 + ($0 * step + index) % 7) }
                return try preset("p\(index)", 10, windows)
            }
        }
        let clock = ContinuousClock.now
        #expect(held(try presets(1), try presets(2)).count == 0)
        #expect(ContinuousClock.now - clock < .seconds(60))
    }

    @Test("The base is not larger than a limit of all workspaces")
    func limited() throws {
        var policy = Policy()
        policy.limits.instancesPerSource = 20
        let accepted = [try preset("a", 12), try preset("b", 1000)]
        #expect(held(accepted, [try preset("a", 0), accepted[1]], policy: policy) == ["a"])
        #expect(held(accepted, [try preset("a", 0), accepted[1]]) == [])
    }

    @Test("Beyond the number of gains that are kept, the base is as small as the losses")
    func manyGains() throws {
        let accepted = [try preset("a", 12), try preset("b", 1000)]
        var record = GuardRecord()
        record.gains = (0..<10_000).map { .init(preset: "p\($0)", earlier: 0, at: Self.now - .seconds(60)) }
        #expect(held(accepted, [try preset("a", 0), accepted[1]], record) == ["a"])
        #expect(held(accepted, [try preset("a", 7), accepted[1]], record) == [])
    }
}
