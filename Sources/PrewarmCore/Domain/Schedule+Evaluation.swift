extension Schedule {
    /// The window that sets the number in the minute that contains `instant`; nil where none does.
    package func window(at instant: Timestamp, zone: TimeZoneRules) -> Window? {
        let second = instant.wholeSeconds
        let period = zone.period(at: second)
        let minute = period.wallMinute(atSecond: second)
        return windows.first { $0.cron.holds(inWallMinute: minute, of: period) }
    }

    /// The next instant after `instant` at which the number changes, and to what: nil is the preset's own `instances`.
    ///
    /// Looks five years ahead; takes microseconds where a change is near, and less than a millisecond for a few
    /// windows that never change.
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

    /// The years 0001 to 9999, as of ``Timestamp``.
    private static let supportedSeconds: Range<Int64> = -62_135_596_800..<253_402_300_800
    private static let horizonSeconds: Int64 = 5 * 366 * 86_400

    /// Goes through the hours of a period; a day in which no window holds is one step.
    private func firstWallMinute(
        from start: Int64, to end: Int64, of period: TimeZoneRules.Period, notWanting current: Int?
    ) -> Int? {
        let first = period.wallMinute(atSecond: start)
        let last = period.wallMinute(atSecond: end - 1)
        var hour = first.flooredQuotientAndRemainder(dividingBy: 60).quotient
        let lastHour = last.flooredQuotientAndRemainder(dividingBy: 60).quotient
        var hoursOfWindows: [UInt64] = []
        while hour <= lastHour {
            let day = hour.flooredQuotientAndRemainder(dividingBy: 24).quotient
            hoursOfWindows.removeAll(keepingCapacity: true)
            for window in windows {
                hoursOfWindows.append(window.cron.matches(daysSinceEpoch: day) ? window.cron.hours : 0)
            }
            let isIdle = current == nil && hoursOfWindows.allSatisfy { $0 == 0 }
            let lastOfDay = min(lastHour, day * 24 + 23)
            while hour <= lastOfDay, !(isIdle && period.isSettled(inWallHour: hour)) {
                var minutes = minutes(inWallHour: hour, hoursOfWindows, of: period, notWanting: current)
                if hour * 60 < first { minutes &= .max << UInt64(first - hour * 60) }
                if hour == lastHour { minutes &= .max >> UInt64(hour * 60 + 63 - last) }
                if minutes != 0 { return hour * 60 + minutes.trailingZeroBitCount }
                hour += 1
            }
            hour = day * 24 + 24
        }
        return nil
    }

    /// The minutes of an hour, as bits, in which another number holds than `current`.
    private func minutes(
        inWallHour hour: Int, _ hoursOfWindows: [UInt64], of period: TimeZoneRules.Period, notWanting current: Int?
    ) -> UInt64 {
        let isSettled = period.isSettled(inWallHour: hour)
        let hourOfDay = UInt64(hour.flooredQuotientAndRemainder(dividingBy: 24).remainder)
        var free = CronExpression.everyMinute
        var other: UInt64 = 0
        for (window, hours) in zip(windows, hoursOfWindows) {
            let held: UInt64
            if isSettled {
                held = hours >> hourOfDay & 1 == 1 ? window.cron.minutes : 0
            } else {
                held = window.cron.minutes(heldInWallHour: hour, of: period)
            }
            if window.instances != current { other |= free & held }
            free &= ~held
        }
        return current == nil ? other : other | free
    }
}

extension CronExpression {
    /// Whether the minute is in the window, by the rules for jumps that stand at ``Schedule``.
    func holds(inWallMinute minute: Int, of period: TimeZoneRules.Period) -> Bool {
        guard !followsClock else { return matches(wallMinute: minute) }
        if minute * 60 < period.repeatedUntil { return false }
        if minute == period.firstWallMinute, period.skippedWallMinutes.contains(where: matches(wallMinute:)) {
            return true
        }
        return matches(wallMinute: minute)
    }

    fileprivate func minutes(heldInWallHour hour: Int, of period: TimeZoneRules.Period) -> UInt64 {
        (0..<60).reduce(0) { bits, minute in
            holds(inWallMinute: hour * 60 + minute, of: period) ? bits | 1 << UInt64(minute) : bits
        }
    }
}

/// Wall minutes and hours are counted from 1970-01-01T00:00 on the clock of the zone, seconds there likewise.
extension TimeZoneRules.Period {
    /// Below it a jump is one of the clock, above one of the calendar. Cron has the same limit.
    private static let longestJumpSeconds = 3 * 3600

    func wallMinute(atSecond second: Int64) -> Int {
        (Int(second) + offset).flooredQuotientAndRemainder(dividingBy: 60).quotient
    }

    var firstWallMinute: Int { wallMinute(atSecond: start) }

    /// The second on the wall clock at which the period before ended, if the clock was put back to begin this one.
    var repeatedUntil: Int {
        let isBackward = offset < previousOffset && previousOffset - offset < Self.longestJumpSeconds
        return isBackward ? Int(start) + previousOffset : .min
    }

    /// The minutes of which no second came, if the clock was put forward.
    var skippedWallMinutes: Range<Int> {
        guard offset > previousOffset, offset - previousOffset < Self.longestJumpSeconds else { return 0..<0 }
        let end = firstWallMinute
        let begin = (Int(start) + previousOffset + 59).flooredQuotientAndRemainder(dividingBy: 60).quotient
        return min(begin, end)..<end
    }

    /// Whether no minute of the hour is first in the period or repeated.
    func isSettled(inWallHour hour: Int) -> Bool {
        hour * 60 > firstWallMinute && hour * 3600 >= repeatedUntil
    }
}
