/// A date and time of day in the proleptic Gregorian calendar, without a time zone.
package struct CivilTime: Hashable, Sendable {
    package var year: Int
    /// The month, from 1 to 12.
    package var month: Int
    /// The day of the month, from 1 to 31.
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int
    package var millisecond: Int
    /// The day of the week, from 0 to 6. Sunday is 0, as in cron.
    package var weekday: Int

    /// Returns the date and time of an instant in UTC.
    package init(_ instant: Timestamp) {
        let (days, rest) = instant.milliseconds.flooredQuotientAndRemainder(dividingBy: 86_400_000)
        (year, month, day) = Self.date(daysSinceEpoch: Int(days))
        weekday = Self.weekday(daysSinceEpoch: Int(days))
        millisecond = Int(rest % 1000)
        let seconds = Int(rest / 1000)
        (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// Returns the number of days from 1970-01-01 to a date: Howard Hinnant's `days_from_civil`
    /// (https://howardhinnant.github.io/date_algorithms.html).
    package static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Returns the date of a day, as the inverse of ``daysSinceEpoch(year:month:day:)``: `civil_from_days` of the
    /// same source.
    package static func date(daysSinceEpoch days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// Returns the year in UTC of a second that is counted from 1970-01-01T00:00:00Z.
    package static func year(ofSecond second: Int64) -> Int {
        date(daysSinceEpoch: Int(second.flooredQuotientAndRemainder(dividingBy: 86_400).quotient)).year
    }

    /// Returns the day of the week: 0 is Sunday. 1970-01-01 was a Thursday, 4.
    package static func weekday(daysSinceEpoch days: Int) -> Int {
        (days + 4).flooredQuotientAndRemainder(dividingBy: 7).remainder
    }

    package static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    package static func days(inMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension FixedWidthInteger {
    /// Returns the quotient rounded down and the remainder, which is never negative. Example: −1 ÷ 60 is −1 with the
    /// remainder 59, so times before 1970 work.
    package func flooredQuotientAndRemainder(dividingBy divisor: Self) -> (quotient: Self, remainder: Self) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
