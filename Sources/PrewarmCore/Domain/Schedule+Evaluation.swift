extension Schedule {
    /// Returns the window that sets the number in the minute of `instant`; nil if no window does.
    package func window(at instant: Timestamp, zone: TimeZoneRules) -> Window? {
        let second = instant.wholeSeconds
        let period = zone.period(at: second)
        let minute = period.wallMinute(atSecond: second)
        return windows.first { $0.cron.holds(inWallMinute: minute, of: period) }
    }

    /// Returns the next time after `instant` at which the number changes, and the new number; nil if it does not change
    /// within five years. The new number is nil if no window sets it, so that the preset's `instances` applies.
    ///
    /// It takes microseconds if a change is near, and less than a millisecond for a few windows that never change.
    package func nextChange(after instant: Timestamp, zone: TimeZoneRules) -> (at: Timestamp, instances: Int?)? {
        var second = instant.wholeSeconds
        guard Self.supportedSeconds.contains(second) else { return nil }
        let current = window(at: instant, zone: zone)?.instances
        let horizon = second + Self.horizonSeconds
        while second < horizon {
            let period = zone.period(at: second)
            let end = min(period.end, horizon)
            if let minute = firstWallMinute(from: second, to: end, of: period, notWanting: current) {
                let start = max(Int64(minute) * 60 - Int64(period.offset), period.start)
                let change = Timestamp(seconds: start)
                return (change, window(at: change, zone: zone)?.instances)
            }
            second = end
        }
        return nil
    }

    /// The years 0001 to 9999, the range of ``Timestamp``.
    private static let supportedSeconds: Range<Int64> = -62_135_596_800..<253_402_300_800
    private static let horizonSeconds: Int64 = 5 * 366 * 86_400

    /// Returns the first minute of a period in which the number is not `current`; nil if it is `current` in all of
    /// them.
    ///
    /// It goes through the hours of the period. A day on which no window matches takes one step.
    /// - Parameters:
    ///   - start: the first second, since 1970-01-01T00:00:00Z.
    ///   - end: the first second after the range.
    private func firstWallMinute(
        from start: Int64, to end: Int64, of period: TimeZoneRules.Period, notWanting current: Int?
    ) -> Int? {
        let first = period.wallMinute(atSecond: start)
        let last = period.wallMinute(atSecond: end - 1)
        var hour = first.flooredQuotientAndRemainder(dividingBy: 60).quotient
        let lastHour = last.flooredQuotientAndRemainder(dividingBy: 60).quotient
        let settledHour = period.firstSettledWallHour
        var masks: [DayMask] = []
        masks.reserveCapacity(windows.count)
        while hour <= lastHour {
            let day = hour.flooredQuotientAndRemainder(dividingBy: 24).quotient
            masks.removeAll(keepingCapacity: true)
            for window in windows where window.cron.matches(daysSinceEpoch: day) {
                masks.append(DayMask(window, current: current))
            }
            let isIdle = current == nil && masks.isEmpty
            let lastOfDay = min(lastHour, day * 24 + 23)
            while hour <= lastOfDay, !(isIdle && hour >= settledHour) {
                var minutes: UInt64
                if hour >= settledHour {
                    minutes = Self.minutes(inHour: hour - day * 24, masks, isFreeWanted: current == nil)
                } else {
                    minutes = unsettledMinutes(inWallHour: hour, of: period, notWanting: current)
                }
                if hour * 60 < first { minutes &= .max << UInt64(first - hour * 60) }
                if hour == lastHour { minutes &= .max >> UInt64(hour * 60 + 63 - last) }
                if minutes != 0 { return hour * 60 + minutes.trailingZeroBitCount }
                hour += 1
            }
            hour = day * 24 + 24
        }
        return nil
    }

    /// The hours and minutes of one window on a day that it matches, in a compact form for the loop over hours.
    private struct DayMask {
        let hours: UInt64
        let minutes: UInt64
        let isCurrent: Bool

        init(_ window: Window, current: Int?) {
            hours = window.cron.hours
            minutes = window.cron.minutes
            isCurrent = window.instances == current
        }
    }

    /// Returns the minutes of an hour, one bit each, in which the number is not the current one.
    /// - Parameter isFreeWanted: true if no window sets the current number, so that minutes without a window are no
    ///   change.
    private static func minutes(inHour hour: Int, _ masks: [DayMask], isFreeWanted: Bool) -> UInt64 {
        var free = CronExpression.everyMinute
        var other: UInt64 = 0
        for mask in masks where mask.hours >> UInt64(hour) & 1 == 1 {
            if !mask.isCurrent { other |= free & mask.minutes }
            free &= ~mask.minutes
        }
        return isFreeWanted ? other : other | free
    }

    /// Returns the same bits as `minutes(inHour:)` for an hour near a change of the clock, minute by minute.
    private func unsettledMinutes(
        inWallHour hour: Int, of period: TimeZoneRules.Period, notWanting current: Int?
    ) -> UInt64 {
        (0..<60).reduce(0) { bits, minute in
            let window = windows.first { $0.cron.holds(inWallMinute: hour * 60 + minute, of: period) }
            return window?.instances == current ? bits : bits | 1 << UInt64(minute)
        }
    }
}

extension CronExpression {
    /// Returns true if the minute is in the window, by the rules for changes of the clock (see ``Schedule``).
    func holds(inWallMinute minute: Int, of period: TimeZoneRules.Period) -> Bool {
        guard !followsClock else { return matches(wallMinute: minute) }
        if minute * 60 < period.repeatedUntil { return false }
        if minute == period.firstWallMinute, period.skippedWallMinutes.contains(where: matches(wallMinute:)) {
            return true
        }
        return matches(wallMinute: minute)
    }
}

/// Minutes, hours and seconds on the wall clock are counted from 1970-01-01T00:00 on the clock of the zone.
extension TimeZoneRules.Period {
    /// The longest change of the clock, as in cron. A longer jump is a change of the calendar.
    private static let longestJumpSeconds = 3 * 3600

    func wallMinute(atSecond second: Int64) -> Int {
        (Int(second) + offset).flooredQuotientAndRemainder(dividingBy: 60).quotient
    }

    var firstWallMinute: Int { wallMinute(atSecond: start) }

    /// The second on the wall clock at which the previous period ended, if the clock was set back to begin this one;
    /// otherwise the smallest integer. Minutes before it come twice.
    var repeatedUntil: Int {
        let isBackward = offset < previousOffset && previousOffset - offset < Self.longestJumpSeconds
        return isBackward ? Int(start) + previousOffset : .min
    }

    /// The minutes that were skipped, if the clock was set forward to begin this period; otherwise empty.
    var skippedWallMinutes: Range<Int> {
        guard offset > previousOffset, offset - previousOffset < Self.longestJumpSeconds else { return 0..<0 }
        let end = firstWallMinute
        let begin = (Int(start) + previousOffset + 59).flooredQuotientAndRemainder(dividingBy: 60).quotient
        return min(begin, end)..<end
    }

    /// The first hour on the wall clock in which no minute is repeated and none is the first of the period.
    var firstSettledWallHour: Int {
        let afterFirst = firstWallMinute.flooredQuotientAndRemainder(dividingBy: 60).quotient + 1
        let repeated = repeatedUntil
        guard repeated > .min else { return afterFirst }
        return max(afterFirst, (repeated + 3599).flooredQuotientAndRemainder(dividingBy: 3600).quotient)
    }
}
