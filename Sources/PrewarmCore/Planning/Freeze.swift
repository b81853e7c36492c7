/// A time in which the pools of a source are left as they are, but for what stays allowed. Claims go on.
package struct Freeze: Hashable, Sendable {
    /// The minutes in which it begins.
    package let cron: CronExpression
    package let duration: Duration
    /// An IANA name.
    package let timezone: String
    /// Of creates and deletes, what goes on. A create that was not asked for is cancelled at any time.
    package let allowed: Set<Action.Kind>

    package init(cron: CronExpression, duration: Duration, timezone: String, allowed: Set<Action.Kind>) {
        self.cron = cron
        self.duration = duration
        self.timezone = timezone
        self.allowed = allowed
    }

    /// When the freeze that is in force ends; nil: none is.
    package func end(at now: Timestamp, zone: TimeZoneRules) -> Timestamp? {
        let schedule = Schedule(timezone: timezone, windows: [.init(cron: cron, instances: 1)])
        if schedule.window(at: now, zone: zone) != nil { return now.startOfMinute + duration }
        // Short spans first: the last begin counts, and there may be one a minute.
        for span in [Duration.seconds(3600), .seconds(86_400), duration] {
            let reach = min(span, duration)
            if let begin = Self.lastBegin(of: schedule, from: now - reach, to: now, zone: zone) {
                let end = begin + duration
                return end > now ? end : nil
            }
            if reach == duration { break }
        }
        return nil
    }

    /// Minutes in a row begin it again and again: the last one counts.
    private static func lastBegin(
        of schedule: Schedule, from start: Timestamp, to now: Timestamp, zone: TimeZoneRules
    ) -> Timestamp? {
        var last: Timestamp?
        var instant = start
        while true {
            if schedule.window(at: instant, zone: zone) != nil {
                guard let change = schedule.nextChange(after: instant, zone: zone)?.at, change <= now else {
                    return last
                }
                last = (change - .milliseconds(1)).startOfMinute
                instant = change
            } else {
                guard let change = schedule.nextChange(after: instant, zone: zone), change.at <= now else {
                    return last
                }
                instant = change.at
            }
        }
    }
}

extension Timestamp {
    fileprivate var startOfMinute: Timestamp {
        Timestamp(seconds: wholeSeconds.flooredQuotientAndRemainder(dividingBy: 60).quotient * 60)
    }
}
