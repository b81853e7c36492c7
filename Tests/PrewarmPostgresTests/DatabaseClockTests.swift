import PrewarmCore
import Testing

@testable import PrewarmPostgres

@Suite("The clock of the database")
struct DatabaseClockTests {
    private let start = ContinuousClock.now

    private func note(_ clock: DatabaseClock, server: Int64, asked: Int64, answered: Int64) {
        clock.note(
            server: server * 1000, asked: start + .milliseconds(asked), answered: start + .milliseconds(answered))
    }

    /// Returns the time of the clock without the time that passed since the start of the test, in milliseconds.
    private func reading(_ clock: DatabaseClock) -> Int64? {
        let passed = (ContinuousClock.now - start) / .milliseconds(1)
        return clock.now.map { $0.milliseconds - Int64(passed) }
    }

    @Test("It follows the server, whatever the wall clock of this machine says")
    func follows() throws {
        let clock = DatabaseClock()
        #expect(clock.now == nil)
        note(clock, server: 7_000_004, asked: 0, answered: 8)
        let found = try #require(reading(clock))
        #expect((6_999_995...7_000_005).contains(found))
    }

    @Test("A fast answer counts more than a slow one, in both orders", arguments: [true, false])
    func narrows(slowFirst: Bool) throws {
        let clock = DatabaseClock()
        // The server's clock is 7,000 s ahead. The slow question was answered late by the server.
        let answers: [(Int64, Int64, Int64)] = [(7_004_950, 0, 5000), (7_005_002, 5000, 5004)]
        for answer in slowFirst ? answers : answers.reversed() {
            note(clock, server: answer.0, asked: answer.1, answered: answer.2)
        }
        let found = try #require(reading(clock))
        #expect((6_999_990...7_000_010).contains(found))
        #expect(clock.jumps == 0)
    }

    @Test(
        "A server with another clock replaces what is known, and counts as a jump", arguments: [-3_600_000, 3_600_000])
    func jumps(by jump: Int64) throws {
        let clock = DatabaseClock()
        note(clock, server: 7_000_000, asked: 0, answered: 2)
        note(clock, server: 7_000_010 + jump, asked: 10, answered: 12)
        let found = try #require(reading(clock))
        #expect((6_999_990 + jump...7_000_010 + jump).contains(found))
        #expect(clock.jumps == 1)
    }

    @Test("Clocks that drift apart are followed without a jump")
    func drift() throws {
        let clock = DatabaseClock()
        // 100 microseconds a second, asked every 10 s.
        for second in stride(from: Int64(0), to: 600, by: 10) {
            clock.note(
                server: 7_000_000_000 + second * 1_000_100, asked: start + .seconds(second),
                answered: start + .seconds(second) + .microseconds(300))
        }
        #expect(clock.jumps == 0)
    }
}
