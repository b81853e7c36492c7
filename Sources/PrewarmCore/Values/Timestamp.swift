/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
///
/// It is read and written as RFC 3339 in UTC, for the years 0001 to 9999. It does not use Foundation's formatters,
/// which are a thousand times slower and not safe across threads.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package init(seconds: Int64) {
        self.milliseconds = seconds * 1000
    }

    /// The whole seconds since 1970-01-01T00:00:00Z, rounded down.
    package var wholeSeconds: Int64 {
        milliseconds.flooredQuotientAndRemainder(dividingBy: 1000).quotient
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// Returns the sum, or the largest or smallest timestamp if it overflows. So a very long `ttl` means "never".
    package static func + (instant: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = instant.milliseconds.addingReportingOverflow(duration.wholeMilliseconds)
        return overflow ? Timestamp(milliseconds: duration < .zero ? .min : .max) : Timestamp(milliseconds: sum)
    }

    package static func - (instant: Timestamp, duration: Duration) -> Timestamp {
        instant + (.zero - duration)
    }

    /// Returns the time from `right` to `left`, which is negative if `left` is earlier.
    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        return .milliseconds(overflow ? (left < right ? Int64.min : Int64.max) : difference)
    }
}

extension Timestamp {
    /// Returns true if a wait until this time has ended.
    ///
    /// A wait ends at most `longest` after it was decided. If it would end later, the clock was set back in the
    /// meantime, and the wait counts as ended. So a clock that is set back by two hours delays nothing by two hours.
    /// Example: `longest` is 5 min and the wait ends at 12:00. It has ended at 12:00, and also at 10:00, since 12:00
    /// is after 10:05.
    ///
    /// This is only for waits that prewarm decides. A time that a person or a token names is compared directly.
    package func hasCome(at now: Timestamp, atMost longest: Duration) -> Bool {
        self <= now || self > now + longest
    }

    /// Returns the rest of a wait until this time; zero if it has ended (see ``hasCome(at:atMost:)``).
    package func wait(from now: Timestamp, atMost longest: Duration) -> Duration {
        hasCome(at: now, atMost: longest) ? .zero : self - now
    }
}

extension Duration {
    /// The duration in milliseconds, rounded towards zero, and cut to 64 bits.
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}

extension Timestamp: CustomStringConvertible {
    /// The RFC 3339 form, for example `2026-11-23T21:36:00Z`. Milliseconds are written only if they are not 0.
    package var description: String {
        let civil = CivilTime(self)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        func append(_ value: Int, width: Int) {
            var divisor = 1
            for _ in 1..<width { divisor *= 10 }
            while divisor > 0 {
                bytes.append(UInt8(48 + value / divisor % 10))
                divisor /= 10
            }
        }
        append(civil.year, width: 4)
        bytes.append(UInt8(ascii: "-"))
        append(civil.month, width: 2)
        bytes.append(UInt8(ascii: "-"))
        append(civil.day, width: 2)
        bytes.append(UInt8(ascii: "T"))
        append(civil.hour, width: 2)
        bytes.append(UInt8(ascii: ":"))
        append(civil.minute, width: 2)
        bytes.append(UInt8(ascii: ":"))
        append(civil.second, width: 2)
        if civil.millisecond != 0 {
            bytes.append(UInt8(ascii: "."))
            append(civil.millisecond, width: 3)
        }
        bytes.append(UInt8(ascii: "Z"))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The RFC 3339 form without milliseconds, for sentences. For example, `2026-11-23T21:36:00Z`.
    package var inSentence: String { Timestamp(seconds: wholeSeconds).description }

    /// Reads RFC 3339, for example `2026-11-23T21:36:00Z` or `2026-11-23T22:36:00.5+01:00`; nil for other text.
    ///
    /// A leap second (`:60`) is read as the next second. Digits after the milliseconds are ignored.
    package init?(_ text: some StringProtocol) {
        var reader = DigitReader(Array(text.utf8))
        guard let year = reader.digits(4), reader.skip("-"), let month = reader.digits(2), reader.skip("-"),
            let day = reader.digits(2), reader.skip("T") || reader.skip("t") || reader.skip(" "),
            let hour = reader.digits(2), reader.skip(":"), let minute = reader.digits(2), reader.skip(":"),
            let second = reader.digits(2), let millisecond = reader.fraction(), let offset = reader.zoneOffsetSeconds(),
            reader.isAtEnd, year >= 1, (1...12).contains(month),
            day >= 1, day <= CivilTime.days(inMonth: month, year: year), hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = CivilTime.daysSinceEpoch(year: year, month: month, day: day)
        let seconds = Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + second - offset)
        self.init(milliseconds: seconds * 1000 + Int64(millisecond))
        // The offset may move the time out of the years 0001 to 9999.
        guard (1...9999).contains(CivilTime(self).year) else { return nil }
    }
}

private struct DigitReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { index == bytes.count }

    mutating func digits(_ count: Int) -> Int? {
        guard index + count <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[index..<index + count] {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        index += count
        return value
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, UInt32(bytes[index]) == character.value else { return false }
        index += 1
        return true
    }

    /// Reads the milliseconds of an optional fraction; nil if no digit follows the point.
    mutating func fraction() -> Int? {
        guard skip(".") else { return 0 }
        var milliseconds = 0
        var count = 0
        while let digit = digits(1) {
            if count < 3 { milliseconds = milliseconds * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in min(count, 3)..<3 { milliseconds *= 10 }
        return milliseconds
    }

    mutating func zoneOffsetSeconds() -> Int? {
        if skip("Z") || skip("z") { return 0 }
        let sign = skip("+") ? 1 : skip("-") ? -1 : 0
        guard sign != 0, let hours = digits(2), skip(":"), let minutes = digits(2), hours < 24, minutes < 60 else {
            return nil
        }
        return sign * (hours * 3600 + minutes * 60)
    }
}
