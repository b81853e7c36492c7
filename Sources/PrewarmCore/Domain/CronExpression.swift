/// The five fields of a crontab line: minute, hour, day of month, month and day of week.
///
/// The fields are read as Vixie's cron reads them (see `CronParser`). If both day fields are restricted, one of the two
/// has to match: `0 0 13 * FRI` matches each 13th and each Friday. A field that begins with `*`, also `*/2`, is not
/// restricted; then both have to match.
package struct CronExpression: Hashable, Sendable {
    /// The expression as its author wrote it.
    package let text: String
    /// The minutes, one bit each: bit 0 is minute 0.
    let minutes: UInt64
    /// The hours, one bit each: bit 0 is hour 0.
    let hours: UInt64
    /// The days of the month, one bit each: bits 1 to 31.
    let daysOfMonth: UInt64
    /// The months, one bit each: bits 1 to 12.
    let months: UInt64
    /// The days of the week, one bit each: bits 0 to 6, Sunday is 0.
    let daysOfWeek: UInt64
    /// True if the minute or the hour begins with `*` or lists every value: cron's "wildcard" jobs. They follow the
    /// clock through a change to or from daylight saving time. Other jobs run once (see ``Schedule``).
    let followsClock: Bool
    /// True if it is enough that one of day of month and day of week matches.
    let eitherDaySuffices: Bool

    /// Reads an expression. Throws an error if cron would refuse it, or if it names only dates that do not exist, for
    /// example February 30.
    package init(_ text: String) throws(TextError) {
        let fields = try CronParser(text).fields()
        self.text = text
        minutes = fields.minute.bits
        hours = fields.hour.bits
        daysOfMonth = fields.dayOfMonth.bits
        months = fields.month.bits
        let weekdays = fields.dayOfWeek.bits
        daysOfWeek = (weekdays | weekdays >> 7) & 0x7f
        followsClock =
            fields.minute.hasStar || fields.hour.hasStar || minutes == Self.everyMinute || hours == Self.everyHour
        eitherDaySuffices = !fields.dayOfMonth.hasStar && !fields.dayOfWeek.hasStar
    }

    /// The largest number of minutes in a row that match, within an hour. Example: 30 for `0-29 * * * *`.
    package var longestRunOfMinutes: Int {
        var (longest, run) = (0, 0)
        for minute in 0..<60 {
            run = minutes >> UInt64(minute) & 1 == 1 ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }

    static let everyMinute: UInt64 = 1 << 60 - 1
    static let everyHour: UInt64 = 1 << 24 - 1

    /// Returns true if a date matches.
    /// - Parameter day: the number of days since 1970-01-01.
    func matches(daysSinceEpoch day: Int) -> Bool {
        let date = CivilTime.date(daysSinceEpoch: day)
        guard months >> UInt64(date.month) & 1 == 1 else { return false }
        let dayOfMonth = daysOfMonth >> UInt64(date.day) & 1 == 1
        let dayOfWeek = daysOfWeek >> UInt64(CivilTime.weekday(daysSinceEpoch: day)) & 1 == 1
        return eitherDaySuffices ? dayOfMonth || dayOfWeek : dayOfMonth && dayOfWeek
    }

    /// Returns true if a minute of the wall clock matches.
    /// - Parameter wallMinute: the number of minutes since 1970-01-01T00:00 on the wall clock.
    func matches(wallMinute: Int) -> Bool {
        let (day, minute) = wallMinute.flooredQuotientAndRemainder(dividingBy: 1440)
        return hours >> UInt64(minute / 60) & 1 == 1 && minutes >> UInt64(minute % 60) & 1 == 1
            && matches(daysSinceEpoch: day)
    }
}

extension CronExpression: CustomStringConvertible {
    package var description: String { text }
}

extension CronExpression: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(text)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        let text: String = try reader.read()
        do {
            try self.init(text)
        } catch {
            throw BinaryCodingError()
        }
    }
}
