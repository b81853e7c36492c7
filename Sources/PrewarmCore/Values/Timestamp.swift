/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
///
/// It is read and written as RFC 3339 in UTC, by hand: Foundation's formatters are a thousand times slower and not
/// safe across threads. Years 0001 to 9999.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package init(seconds: Int64) {
        self.milliseconds = seconds * 1000
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    package var wholeSeconds: Int64 {
        milliseconds.flooredQuotientAndRemainder(dividingBy: 1000).quotient
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// Saturates instead of overflowing, so that an absurd `ttl` means "never".
    package static func + (instant: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = instant.milliseconds.addingReportingOverflow(duration.wholeMilliseconds)
        return overflow ? Timestamp(milliseconds: duration < .zero ? .min : .max) : Timestamp(milliseconds: sum)
    }

    package static func - (instant: Timestamp, duration: Duration) -> Timestamp {
        instant + (.zero - duration)
    }

    /// The time from `right` to `left`; negative where `left` is the earlier.
    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        return .milliseconds(overflow ? (left < right ? Int64.min : Int64.max) : difference)
    }
}

extension Timestamp {
    /// Returns true if a wait that ends at this time is over.
    ///
    /// A wait ends at most `longest` after it was decided. If it seems to end later, the clock was put back since, and the
    /// wait is over, too: a clock that is put back by two hours delays nothing for two hours. Only for what prewarm
    /// decides itself: a time that a person or a token names is compared as it is.
    package func hasCome(at now: Timestamp, atMost longest: Duration) -> Bool {
        self <= now || self > now + longest
    }

    /// The rest of such a wait; zero if it is over.
    package func wait(from now: Timestamp, atMost longest: Duration) -> Duration {
        hasCome(at: now, atMost: longest) ? .zero : self - now
    }
}

extension Duration {
    /// Milliseconds, rounded towards zero, saturating at the limits of 64 bits.
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}

extension Timestamp: CustomStringConvertible {
    /// `2026-11-23T21:36:00Z`, with milliseconds only where there are some.
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

    /// Reads RFC 3339 (`2026-11-23T21:36:00Z`, `2026-11-23T22:36:00.5+01:00`); nil where the text is not one.
    ///
    /// A leap second (`:60`) is read as the first second after it, digits past the millisecond are dropped.
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
        // An offset may lead out of the years that have a text.
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

    /// Milliseconds of an optional fraction; nil for a point that no digit follows.
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
