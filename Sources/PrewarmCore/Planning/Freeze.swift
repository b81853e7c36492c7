/// A recurring time window in which prewarm does not change the pools of a source, except for the allowed kinds of
/// action. Claims and releases continue.
package struct Freeze: Hashable, Sendable {
    /// The minutes in which a freeze begins.
    package let cron: CronExpression
    /// The time from the beginning of a freeze to its end.
    package let duration: Duration
    /// The IANA name of the time zone of ``cron``, for example `Europe/Berlin`.
    package let timezone: String
    /// The kinds of action, of create and delete, that continue during a freeze. Cancels always continue.
    package let allowed: Set<Action.Kind>

    package init(cron: CronExpression, duration: Duration, timezone: String, allowed: Set<Action.Kind>) {
        self.cron = cron
        self.duration = duration
        self.timezone = timezone
        self.allowed = allowed
    }

    /// Returns the time at which the active freeze ends; nil if no freeze is active.
    package func end(at now: Timestamp, zone: TimeZoneRules) -> Timestamp? {
        let schedule = Schedule(timezone: timezone, windows: [.init(cron: cron, instances: 1)])
        if schedule.window(at: now, zone: zone) != nil { return now.startOfMinute + duration }
        // The last begin counts. There may be one each minute, so a short time before now is searched first.
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

    /// Returns the last minute in which a freeze begins between `start` and `now`; nil if none begins. If several
    /// minutes in a row match, each of them begins the freeze anew, so the last one is returned.
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
