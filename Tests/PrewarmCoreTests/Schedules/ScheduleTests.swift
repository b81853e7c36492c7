import PrewarmCore
import Testing

@Suite("Schedules")
struct ScheduleTests {
    private func time(_ text: String) throws -> Timestamp {
        try #require(Timestamp(text), "\(text)")
    }

    @Test("The first window that matches sets the number")
    func order() throws {
        let schedule = try schedule(("* 8-18 * * 1-5", 20), ("* 12 * * *", 5), ("* 7-19 * * *", 2))
        let berlin = try systemZone("Europe/Berlin")
        func instances(_ text: String) throws -> Int? {
            schedule.window(at: try time(text), zone: berlin)?.instances
        }
        #expect(try instances("2026-11-23T12:30:00+01:00") == 20)
        #expect(try instances("2026-11-22T12:30:00+01:00") == 5)
        #expect(try instances("2026-11-22T13:30:00+01:00") == 2)
        #expect(try instances("2026-11-22T20:30:00+01:00") == nil)
    }

    /// Each case has an expression, a zone, a start and the changes after it: a time and the number from then on.
    @Test(
        "The next changes of a window are found, also when the clock changes",
        arguments: [
            // Friday evening to Monday morning, over a weekend.
            (
                "* 8-18 * * 1-5", "Europe/Berlin", "2026-11-20T17:30:00Z",
                ["2026-11-20T18:00:00Z -", "2026-11-23T07:00:00Z 1", "2026-11-23T18:00:00Z -"]
            ),
            ("0 0 29 2 *", "UTC", "2026-11-20T17:30:00Z", ["2028-02-29T00:00:00Z 1", "2028-02-29T00:01:00Z -"]),
            ("* * * * *", "Europe/Berlin", "2026-11-20T17:30:00Z", []),
            ("0-29 * * * *", "Asia/Kolkata", "2026-11-20T17:40:00Z", ["2026-11-20T18:00:00Z -"]),
            // 02:00 becomes 03:00 on 2026-03-29 (01:00Z). The skipped window matches in the first minute after the
            // change.
            (
                "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z",
                ["2026-03-29T01:00:00Z 1", "2026-03-29T01:01:00Z -", "2026-03-30T00:30:00Z 1"]
            ),
            // This window follows the clock, so it is skipped with the hour.
            (
                "* 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z",
                ["2026-03-30T00:00:00Z 1", "2026-03-30T01:00:00Z -"]
            ),
            (
                "* 1-3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z",
                ["2026-03-29T00:00:00Z 1", "2026-03-29T02:00:00Z -"]
            ),
            // 03:00 becomes 02:00 on 2026-10-25 (01:00Z). This window matches once.
            (
                "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z",
                ["2026-10-25T00:30:00Z 1", "2026-10-25T00:31:00Z -", "2026-10-26T01:30:00Z 1"]
            ),
            // This window follows the clock and has no gap.
            (
                "* 0-3 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z",
                ["2026-10-24T22:00:00Z 1", "2026-10-25T03:00:00Z -", "2026-10-25T23:00:00Z 1"]
            ),
            (
                "0-59 0-3 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z",
                ["2026-10-24T22:00:00Z 1", "2026-10-25T03:00:00Z -"]
            ),
            // This window matches in each hour.
            (
                "30 * * * *", "Europe/Berlin", "2026-10-25T00:29:00Z",
                [
                    "2026-10-25T00:30:00Z 1", "2026-10-25T00:31:00Z -", "2026-10-25T01:30:00Z 1",
                    "2026-10-25T01:31:00Z -", "2026-10-25T02:30:00Z 1",
                ]
            ),
            // The clock changes by half an hour at 02:00 on 2026-10-04 (2026-10-03T15:30Z).
            (
                "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
                ["2026-10-03T15:30:00Z 1", "2026-10-03T15:31:00Z -", "2026-10-04T15:15:00Z 1"]
            ),
            // Midnight is skipped on 2018-11-04 (03:00Z).
            (
                "0 0 4 11 *", "America/Sao_Paulo", "2018-11-01T00:00:00Z",
                ["2018-11-04T03:00:00Z 1", "2018-11-04T03:01:00Z -", "2019-11-04T03:00:00Z 1"]
            ),
            // The whole day 2011-12-30 is skipped, which is a change of the calendar.
            ("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", ["2012-12-29T22:00:00Z 1"]),
        ] as [(String, String, String, [String])])
    func changes(cron: String, zone: String, start: String, expected: [String]) throws {
        let schedule = try schedule((cron, 1))
        let rules = try systemZone(zone)
        var instant = try time(start)
        if expected.isEmpty { #expect(schedule.nextChange(after: instant, zone: rules) == nil) }
        for line in expected {
            let change = try #require(schedule.nextChange(after: instant, zone: rules))
            #expect("\(change.at) \(change.instances.map { "\($0)" } ?? "-")" == line)
            instant = change.at
        }
    }

    @Test("A change of the window that keeps the number is not a change")
    func sameNumber() throws {
        let halves = try schedule(("*/2 * * * *", 3), ("1-59/2 * * * *", 3))
        #expect(halves.nextChange(after: try time("2026-11-23T12:00:00Z"), zone: .utc) == nil)
        let stairs = try schedule(("* 8-11 * * *", 3), ("* 8-15 * * *", 3), ("* 8-19 * * *", 0))
        let change = stairs.nextChange(after: try time("2026-11-23T09:00:00Z"), zone: .utc)
        #expect(change?.at == (try time("2026-11-23T16:00:00Z")))
        #expect(change?.instances == 0)
    }

    @Test("Times outside the years 1 to 9999 do not crash and have no next change")
    func extremes() throws {
        let schedule = try schedule(("30 2 * * *", 1))
        let berlin = try systemZone("Europe/Berlin")
        for milliseconds in [Int64.min, Int64.max, -62_135_596_800_000, 253_402_300_799_999] {
            let instant = Timestamp(milliseconds: milliseconds)
            _ = schedule.window(at: instant, zone: berlin)
            _ = schedule.nextChange(after: instant, zone: berlin)
        }
        #expect(schedule.nextChange(after: Timestamp(milliseconds: .max), zone: berlin) == nil)
    }
}
