/// The numbers of workspaces that demands ask for, now and at later moments.
///
/// The deletion guard compares an accepted demand with a new one at each moment at which one of them changes, because
/// a commit at 10:00 may lower the number that the schedule sets at 18:00.
struct NumberCalendar {
    private let now: Timestamp
    private let zones: [String: TimeZoneRules]
    /// The largest number of workspaces of a preset; nil for no limit.
    private let limit: Int?
    private var numbers: [Demand: [Timestamp: Int]] = [:]
    private var changes: [Schedule: [Timestamp]] = [:]

    /// The time for which every change of a schedule is looked at. Windows recur within a week, or are rare.
    private static let horizon = Duration.seconds(7 * 86_400)
    /// The largest number of changes of one schedule within the horizon that are looked at. It bounds the time that a
    /// schedule with a window for each minute takes.
    private static let mostChanges = 200

    /// - Parameter zones: The rules of the time zones of the demands' schedules, as far as they can be read.
    init(from now: Timestamp, zones: [String: TimeZoneRules], limit: Int?) {
        self.now = now
        self.zones = zones
        self.limit = limit
    }

    /// Returns the number at a moment; nil if the rules of the time zone are missing.
    mutating func number(of demand: Demand, at moment: Timestamp) -> Int? {
        guard let schedule = demand.schedule else { return capped(demand.instances) }
        guard let zone = zones[schedule.timezone] else { return nil }
        if let known = numbers[demand]?[moment] { return known }
        let number = capped(schedule.window(at: moment, zone: zone)?.instances ?? demand.instances)
        numbers[demand, default: [:]][moment] = number
        return number
    }

    /// The largest number that the demand asks for at some time.
    func most(_ demand: Demand) -> Int { capped(demand.most) }

    private func capped(_ number: Int) -> Int { limit.map { min($0, number) } ?? number }

    /// Returns now and the moments at which the demand changes: those of the next seven days, and for each window that
    /// does not begin within them, its next begin and end.
    ///
    /// Example: a window covers 08:00 to 17:59 from Monday to Friday, and another one 24 December. On 1 March the
    /// moments are now, the ten changes of the week, and midnight before and after 24 December.
    mutating func moments(of demand: Demand) -> [Timestamp] {
        guard let schedule = demand.schedule, let zone = zones[schedule.timezone] else { return [now] }
        if let known = changes[schedule] { return known }
        var moments = [now]
        while moments.count <= Self.mostChanges, let last = moments.last,
            let change = schedule.nextChange(after: last, zone: zone), change.at <= now + Self.horizon
        {
            moments.append(change.at)
        }
        let last = moments.last ?? now
        for window in schedule.windows {
            let alone = Schedule(timezone: schedule.timezone, windows: [window])
            guard alone.window(at: now, zone: zone) == nil,
                let begin = alone.nextChange(after: now, zone: zone)?.at, begin > last
            else { continue }
            moments.append(begin)
            if let end = alone.nextChange(after: begin, zone: zone)?.at { moments.append(end) }
        }
        changes[schedule] = moments
        return moments
    }
}
