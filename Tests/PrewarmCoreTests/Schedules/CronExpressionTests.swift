import PrewarmCore
import Testing

@Suite("Cron expressions")
struct CronExpressionTests {
    /// Returns true if the expression matches at a time in UTC.
    private func matches(_ text: String, _ time: String) throws -> Bool {
        let schedule = Schedule(
            timezone: "UTC", windows: [Schedule.Window(cron: try CronExpression(text), instances: 1)])
        return schedule.window(at: try #require(Timestamp(time)), zone: .utc) != nil
    }

    // 2026-11-23 is a Monday.
    @Test(
        "An expression matches the minutes that cron matches",
        arguments: [
            ("* * * * *", "2026-11-23T21:36:59Z", true),
            ("36 21 23 11 1", "2026-11-23T21:36:00Z", true),
            ("37 21 23 11 1", "2026-11-23T21:36:00Z", false),
            ("* 8-18 * * 1-5", "2026-11-23T08:00:00Z", true),
            ("* 8-18 * * 1-5", "2026-11-23T18:59:59.999Z", true),
            ("* 8-18 * * 1-5", "2026-11-23T19:00:00Z", false),
            ("* 8-18 * * MON-FRI", "2026-11-22T12:00:00Z", false),
            ("*/15 * * * *", "2026-11-23T21:45:00Z", true),
            ("*/15 * * * *", "2026-11-23T21:50:00Z", false),
            ("1-10/3 * * * *", "2026-11-23T21:10:00Z", true),
            ("1-10/3 * * * *", "2026-11-23T21:13:00Z", false),
            ("0,30,59 * * * *", "2026-11-23T21:59:00Z", true),
            ("0 0 * nov *", "2026-11-23T00:00:00Z", true),
            ("0 0 * JAN-oct,Dec *", "2026-11-23T00:00:00Z", false),
            // Sunday is 0 and 7.
            ("0 0 * * 0", "2026-11-22T00:00:00Z", true),
            ("0 0 * * 7", "2026-11-22T00:00:00Z", true),
            ("0 0 * * 5-7", "2026-11-22T00:00:00Z", true),
            ("0 0 * * FRI-SUN", "2026-11-22T00:00:00Z", true),
            ("0 0 * * FRI-SUN", "2026-11-23T00:00:00Z", false),
            ("0 0 * * SUN-TUE", "2026-11-23T00:00:00Z", true),
            ("0 0 * * */7", "2026-11-22T00:00:00Z", true),
            // Both days are restricted: one match is enough.
            ("0 0 13 * FRI", "2026-11-13T00:00:00Z", true),
            ("0 0 13 * FRI", "2026-11-20T00:00:00Z", true),
            ("0 0 13 * FRI", "2026-12-13T00:00:00Z", true),
            ("0 0 13 * FRI", "2026-11-23T00:00:00Z", false),
            // A day that begins with a star is not restricted: both must match.
            ("0 0 */2 * MON", "2026-11-23T00:00:00Z", true),
            ("0 0 */2 * MON", "2026-11-16T00:00:00Z", false),
            ("0 0 */2 * MON", "2026-11-25T00:00:00Z", false),
            ("0 0 13 * */1", "2026-11-13T00:00:00Z", true),
            ("0 0 13 * */1", "2026-11-14T00:00:00Z", false),
            // February 31 does not exist, but Mondays in February do.
            ("0 0 31 2 1", "2026-02-02T00:00:00Z", true),
            ("0 0 29 2 *", "2028-02-29T00:00:00Z", true),
            ("  \t0 0\t\t1  * * ", "2026-11-01T00:00:00Z", true),
        ])
    func match(text: String, time: String, expected: Bool) throws {
        #expect(try matches(text, time) == expected)
    }

    @Test(
        "An expression that cron refuses is refused with the place and the expected text",
        arguments: [
            ("", 0, "found 0"),
            ("* * * *", 7, "found 4"),
            ("* * * * * *", 10, "found 6"),
            (" @daily", 1, "`@daily` is not supported"),
            ("60 * * * *", 0, "expected a minute from 0 to 59, found `60`"),
            ("* 24 * * *", 2, "expected an hour from 0 to 23, found `24`"),
            ("* * 0 * *", 4, "expected a day of the month from 1 to 31, found `0`"),
            ("* * * 13 *", 6, "expected a month from 1 to 12 or JAN to DEC, found `13`"),
            ("* * * * 8", 8, "expected a day of the week from 0 to 7 or SUN to SAT, found `8`"),
            ("* * * * MONDAY", 8, "found `MONDAY`"),
            ("* * * MON *", 6, "found `MON`"),
            ("* * * * 1,JAN", 10, "found `JAN`"),
            ("* * L * *", 4, "found `L`"),
            ("? * * * *", 0, "found `?`"),
            ("*5 * * * *", 0, "found `*5`"),
            ("-5 * * * *", 0, "found nothing"),
            ("1,,2 * * * *", 2, "found nothing"),
            ("1, * * * *", 2, "found nothing"),
            ("1- * * * *", 2, "found nothing"),
            ("1-2-3 * * * *", 2, "found `2-3`"),
            ("99999999999999999999 * * * *", 0, "found `99999999999999999999`"),
            ("ä * * * *", 0, "found `ä`"),
            ("*/0 * * * *", 2, "expected a step of 1 to 99, found `0`"),
            ("*/ * * * *", 2, "expected a step of 1 to 99, found nothing"),
            ("*/5/5 * * * *", 2, "found `5/5`"),
            ("5/15 * * * *", 0, "write `5-59/15`"),
            ("* * * * FRI-MON", 8, "`FRI-MON` ends before it begins: write `FRI-6,0-MON`"),
            ("* 22-6 * * *", 2, "`22-6` ends before it begins: write `22-23,0-6`"),
            ("* * * * 5-0", 8, "`5-0` ends before it begins"),
            ("0 0 31 2 *", 4, "the expression never matches: none of its months has a day 31"),
            ("0 0 30,31 FEB */2", 4, "none of its months has a day 30"),
            ("0 0 31 4,6,9,11 *", 4, "the expression never matches"),
        ])
    func refusal(text: String, offset: Int, message: String) {
        do {
            _ = try CronExpression(text)
            Issue.record("\(text) was accepted")
        } catch {
            #expect(error.offset == offset)
            #expect(error.message.contains(message), "\(error.message)")
        }
    }

    @Test("An expression is stored as its text, and a damaged text is refused")
    func coding() throws {
        let expression = try CronExpression("*/5 8-18 * * MON-FRI")
        #expect(try CronExpression(binary: expression.binary) == expression)
        #expect(throws: BinaryCodingError.self) { try CronExpression(binary: "61 * * * *".binary) }
    }

    @Test("Random bytes do not crash the parser")
    func noise() {
        var generator = SplitMix64(seed: 7)
        let alphabet = Array("0123456789*/-, \tJANsun@L?ä".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            _ = try? CronExpression(String(decoding: bytes, as: UTF8.self))
        }
    }
}
