/// Five fields of a crontab line: minute, hour, day of month, month, day of week.
///
/// The fields are read as Vixie's cron reads them (see `CronParser`). Where both days are restricted, either is
/// enough; a field that begins with `*` (`*/2` too) doesn't count as restricted, and then both must match.
package struct CronExpression: Hashable, Sendable {
    /// As written.
    package let text: String
    /// One bit for each value: bit 0 is minute 0.
    let minutes: UInt64
    let hours: UInt64
    /// Bits 1 to 31.
    let daysOfMonth: UInt64
    /// Bits 1 to 12.
    let months: UInt64
    /// Bits 0 to 6; Sunday is 0.
    let daysOfWeek: UInt64
    /// Whether the minute or the hour takes every value, or begins with `*`: cron's "wildcard" jobs. They follow the
    /// clock through a change to or from summer time; the others run once, skipped or repeated.
    let followsClock: Bool
    /// Whether one matching field of day of month and day of week is enough.
    let eitherDaySuffices: Bool

    /// Throws for what cron would refuse, and for dates that no year has.
    package init(_ text: String) throws(CronError) {
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

    /// The largest number of minutes in a row, within an hour, that match.
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

    /// Whether the date matches, counted in days from 1970-01-01.
    func matches(daysSinceEpoch day: Int) -> Bool {
        let date = CivilTime.date(daysSinceEpoch: day)
        guard months >> UInt64(date.month) & 1 == 1 else { return false }
        let dayOfMonth = daysOfMonth >> UInt64(date.day) & 1 == 1
        let dayOfWeek = daysOfWeek >> UInt64(CivilTime.weekday(daysSinceEpoch: day)) & 1 == 1
        return eitherDaySuffices ? dayOfMonth || dayOfWeek : dayOfMonth && dayOfWeek
    }

    /// Whether a minute of the wall clock matches, counted in minutes from 1970-01-01T00:00 on that clock.
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
