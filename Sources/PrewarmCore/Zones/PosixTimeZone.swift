/// The `TZ` rule at the end of a compiled time zone, for example `CET-1CEST,M3.5.0,M10.5.0/3`. It gives the offsets
/// after the last transition. The syntax is that of POSIX.1-2017 chapter 8.3, with the hours from -167 to 167 of RFC
/// 8536.
struct PosixTimeZone {
    struct Daylight {
        let offset: Int32
        let start: Change
        let end: Change
    }

    /// A change of the offset each year.
    struct Change {
        let day: Day
        /// The seconds after midnight of the day. They may be negative or more than a day.
        let seconds: Int
    }

    enum Day {
        /// The day of the year from 1 to 365. February 29 is not counted.
        case julian(Int)
        /// The day of the year from 0 to 365. February 29 is counted.
        case ordinal(Int)
        /// A weekday of a month. Week 5 is the last one.
        case weekday(month: Int, week: Int, day: Int)
    }

    /// The offset in seconds east of UTC. The text counts west.
    let standardOffset: Int32
    let daylight: Daylight?

    /// Returns the changes of one year in ascending order, with the new offsets.
    func transitions(inYear year: Int) -> [(second: Int64, offset: Int32)] {
        guard let daylight else { return [] }
        let start = (daylight.start.second(inYear: year) - Int64(standardOffset), daylight.offset)
        let end = (daylight.end.second(inYear: year) - Int64(daylight.offset), standardOffset)
        return start.0 < end.0 ? [start, end] : [end, start]
    }
}

extension PosixTimeZone.Change {
    /// Returns the second of the change in a year, as if the wall clock showed UTC.
    func second(inYear year: Int) -> Int64 {
        Int64(daysSinceEpoch(inYear: year)) * 86_400 + Int64(seconds)
    }

    private func daysSinceEpoch(inYear year: Int) -> Int {
        let newYear = CivilTime.daysSinceEpoch(year: year, month: 1, day: 1)
        switch day {
        case .julian(let number):
            return newYear + number - (CivilTime.isLeap(year) && number >= 60 ? 0 : 1)
        case .ordinal(let number):
            return newYear + number
        case .weekday(let month, let week, let day):
            let first = CivilTime.daysSinceEpoch(year: year, month: month, day: 1)
            let untilFirst = (day - CivilTime.weekday(daysSinceEpoch: first) + 7) % 7
            let date = untilFirst + (week - 1) * 7
            return first + (date < CivilTime.days(inMonth: month, year: year) ? date : date - 7)
        }
    }
}

extension PosixTimeZone {
    init(_ text: ArraySlice<UInt8>) throws(TimeZoneError) {
        var reader = PosixTimeZoneReader(text)
        guard let rule = reader.rule(), reader.isAtEnd else {
            throw TimeZoneError("its rule `\(String(decoding: text.prefix(80), as: UTF8.self))` is not a POSIX TZ rule")
        }
        self = rule
    }
}

/// A reader of `TZ` rules. Each method returns nil if the text does not match.
private struct PosixTimeZoneReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: ArraySlice<UInt8>) {
        rest = text
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func rule() -> PosixTimeZone? {
        guard skipName(), let west = time(maximumHours: 24) else { return nil }
        let standard = Int32(-west)
        if isAtEnd { return PosixTimeZone(standardOffset: standard, daylight: nil) }
        guard skipName() else { return nil }
        var offset = standard + 3600
        if rest.first != UInt8(ascii: ",") {
            guard let west = time(maximumHours: 24) else { return nil }
            offset = Int32(-west)
        }
        guard skip(","), let start = change(), skip(","), let end = change() else { return nil }
        return PosixTimeZone(standardOffset: standard, daylight: .init(offset: offset, start: start, end: end))
    }

    private mutating func change() -> PosixTimeZone.Change? {
        guard let day = day() else { return nil }
        guard skip("/") else { return .init(day: day, seconds: 7200) }
        guard let seconds = time(maximumHours: 167) else { return nil }
        return .init(day: day, seconds: seconds)
    }

    private mutating func day() -> PosixTimeZone.Day? {
        if skip("J") { return number(1...365).map { .julian($0) } }
        guard skip("M") else { return number(0...365).map { .ordinal($0) } }
        guard let month = number(1...12), skip("."), let week = number(1...5), skip("."), let day = number(0...6) else {
            return nil
        }
        return .weekday(month: month, week: week, day: day)
    }

    /// Reads `[+-]hh[:mm[:ss]]` as seconds.
    private mutating func time(maximumHours: Int) -> Int? {
        let sign = skip("-") ? -1 : 1
        if sign == 1 { _ = skip("+") }
        guard let hours = number(0...maximumHours) else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] {
            guard skip(":") else { break }
            guard let value = number(0...59) else { return nil }
            seconds += value * unit
        }
        return sign * seconds
    }

    /// Skips the name of a zone, for example `CEST` or `<+03>`.
    private mutating func skipName() -> Bool {
        if skip("<") {
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
            rest = rest[(end + 1)...]
            return true
        }
        let name = rest.prefix { (65...90).contains($0 & 0xdf) }
        rest = rest.dropFirst(name.count)
        return name.count >= 3
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix { (48...57).contains($0) }
        guard (1...3).contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
        return range.contains(value) ? value : nil
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest = rest.dropFirst()
        return true
    }
}
