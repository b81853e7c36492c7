import Foundation
import PrewarmCore
import Testing

@Suite("Time zones")
struct TimeZoneRulesTests {
    @Test(
        "A time has the offset of its zone at that time",
        arguments: [
            ("Europe/Berlin", "2026-03-29T00:59:59.999Z", 3600), ("Europe/Berlin", "2026-03-29T01:00:00Z", 7200),
            ("Europe/Berlin", "2026-10-25T00:59:59Z", 7200), ("Europe/Berlin", "2026-10-25T01:00:00Z", 3600),
            // These times are after the last transition of the file, or after the 400 years that are expanded.
            ("Europe/Berlin", "2099-07-01T00:00:00Z", 7200), ("Europe/Berlin", "9999-07-01T00:00:00Z", 7200),
            ("Europe/Berlin", "9999-12-01T00:00:00Z", 3600), ("Europe/Berlin", "1700-01-01T00:00:00Z", 3208),
            ("Australia/Sydney", "2050-01-01T00:00:00Z", 39_600), ("Asia/Kathmandu", "2026-01-01T00:00:00Z", 20_700),
            ("Etc/GMT+5", "2026-01-01T00:00:00Z", -18_000), ("Pacific/Apia", "2011-12-30T10:00:00Z", 50_400),
            ("America/Nuuk", "2030-03-31T00:59:59Z", -7200), ("America/Nuuk", "2030-03-31T01:00:00Z", -3600),
        ])
    func offset(name: String, time: String, expected: Int) throws {
        #expect(try systemZone(name).offset(at: try #require(Timestamp(time))) == expected)
    }

    /// The rules of these zones have not changed for years, since Foundation's tables are of another release.
    @Test(
        "A zone has the same offsets as in Foundation",
        arguments: [
            "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Lisbon", "Europe/Moscow",
            "Europe/Istanbul",
            "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
            "America/St_Johns", "America/Sao_Paulo", "America/Santiago", "Australia/Sydney", "Australia/Adelaide",
            "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati",
            "Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Jerusalem", "Asia/Singapore", "Africa/Johannesburg",
            "Africa/Lagos", "Atlantic/Azores",
        ])
    func foundation(name: String) throws {
        let rules = try systemZone(name)
        let foundation = try #require(TimeZone(identifier: name))
        var generator = SplitMix64(seed: UInt64(name.utf8.count))
        for range in [0..<2_145_916_800, 2_145_916_800..<Int64(9_000_000_000)] {
            for _ in 0..<2000 {
                let second = Int64.random(in: range, using: &generator)
                let expected = foundation.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
                #expect(rules.offset(at: Timestamp(seconds: second)) == expected, "\(Timestamp(seconds: second))")
            }
        }
    }

    @Test(
        "A POSIX rule gives the offset",
        arguments: [
            ("UTC0", "2026-07-01T00:00:00Z", 0), ("<+0330>-3:30<+0430>,J79/24,J263/24", "2026-07-01T00:00:00Z", 16_200),
            ("EST5EDT,M3.2.0,M11.1.0", "2026-07-01T00:00:00Z", -14_400),
            // Daylight saving time all year, as RFC 8536 writes it.
            ("EST5EDT,0/0,J365/25", "2026-01-01T04:59:59Z", -14_400),
            ("EST5EDT,0/0,J365/25", "2026-12-31T23:00:00Z", -14_400),
            // The day after February 28, and the 60th day.
            ("AAA0BBB-1,J60/0,J61/0", "2028-03-01T12:00:00Z", 3600),
            ("AAA0BBB-1,59/0,60/0", "2028-02-29T12:00:00Z", 3600),
            ("AAA0BBB-2:30,J60/-1,J61/0", "2026-02-28T23:00:00Z", 9000),
        ])
    func rule(text: String, time: String, expected: Int) throws {
        let rules = try TimeZoneRules(tzif: tzif(footer: text))
        #expect(rules.offset(at: try #require(Timestamp(time))) == expected)
    }

    @Test(
        "A text that is not a POSIX rule is refused",
        arguments: [
            "EST", "5", "EST5EDT", "EST5EDT,", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0",
            "EST5EDT,J0,J1", "EST5EDT,366,1", "EST25", "<+03-3", "UTC0x", "EST5EDT,0/168,1", "UTC0:60",
        ])
    func badRule(text: String) {
        #expect(throws: TimeZoneError.self) { try TimeZoneRules(tzif: tzif(footer: text)) }
    }

    @Test("Damaged bytes throw an error and do not crash")
    func damage() throws {
        let good = [UInt8](try Data(contentsOf: URL(filePath: "\(zoneDirectory)/Europe/Berlin")))
        for length in [0, 1, 43, 44, 100, good.count - 1] {
            #expect(throws: TimeZoneError.self) { try TimeZoneRules(tzif: Array(good.prefix(length))) }
        }
        var generator = SplitMix64(seed: 3)
        for _ in 0..<1000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            let rules = try? TimeZoneRules(tzif: bytes)
            _ = rules?.offset(at: Timestamp(milliseconds: .max))
            _ = rules?.offset(at: Timestamp(milliseconds: .min))
        }
        #expect(throws: TimeZoneError.self) { try TimeZoneRules(tzif: leapSeconds(good)) }
    }

    /// Returns a file of version 2 without transitions.
    private func tzif(footer: String) -> [UInt8] {
        let header = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
        let counts: [UInt8] = [0, 0, 0, 0, 1, 4].flatMap { [0, 0, 0, $0] as [UInt8] }
        let block = header + counts + [0, 0, 0, 0, 0, 0] + Array("UTC\0".utf8)
        return block + block + Array("\n\(footer)\n".utf8)
    }

    /// Returns a file of version 1 that counts one leap second.
    private func leapSeconds(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes[4] = 0
        bytes[31] = 1
        return bytes
    }
}
