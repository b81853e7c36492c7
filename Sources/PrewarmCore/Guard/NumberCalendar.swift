/// The numbers of workspaces that demands ask for, now and at later moments.
///
/// The deletion guard compares an accepted demand with a new one at each moment at which one of them changes, because
/// a commit at 10:00 may lower the number that the schedule sets at 18:00.
struct NumberCalendar {
    /// The numbers of a demand over time.
    struct Course {
        /// The numbers with the times from which they apply, the first one from now on.
        var steps: [(at: Timestamp, number: Int)]
        /// False if the schedule has more changes than are looked at.
        var isComplete = true
    }

    private let now: Timestamp
    private let zones: [String: TimeZoneRules]
    /// The largest number of workspaces of a preset; nil for no limit.
    private let limit: Int?
    private var courses: [Demand: Course] = [:]
    /// The number of windows that may still be looked at. It bounds the time that many different schedules take.
    private var effort = 5_000_000

    /// The time for which every change of a schedule is looked at. Windows recur within a week, or are rare.
    static let horizon = Duration.seconds(7 * 86_400)
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
    func number(of demand: Demand, at moment: Timestamp) -> Int? {
        guard let schedule = demand.schedule else { return capped(demand.instances) }
        guard let zone = zones[schedule.timezone] else { return nil }
        return capped(schedule.window(at: moment, zone: zone)?.instances ?? demand.instances)
    }

    /// The largest number that the demand asks for at some time.
    func most(_ demand: Demand) -> Int { capped(demand.most) }

    /// The smallest number that the demand asks for at some time.
    func least(_ demand: Demand) -> Int { capped(demand.least) }

    private func capped(_ number: Int) -> Int { limit.map { min($0, number) } ?? number }

    /// Returns the numbers of the next seven days, and of the next begin and end of each rare window that is later; nil
    /// if the rules of the time zone are missing.
    ///
    /// Example: a window covers 08:00 to 17:59 from Monday to Friday, and another one 24 December. On 1 March the
    /// steps are now, the ten changes of the week, and midnight before and after 24 December.
    mutating func course(of demand: Demand) -> Course? {
        guard let schedule = demand.schedule else { return Course(steps: [(now, capped(demand.instances))]) }
        guard let zone = zones[schedule.timezone] else { return nil }
        if let known = courses[demand] { return known }
        let course = course(of: demand, schedule, zone)
        courses[demand] = course
        return course
    }

    private mutating func course(of demand: Demand, _ schedule: Schedule, _ zone: TimeZoneRules) -> Course {
        func number(_ moment: Timestamp) -> Int {
            capped(schedule.window(at: moment, zone: zone)?.instances ?? demand.instances)
        }
        var course = Course(steps: [(now, number(now))])
        var last = now
        while true {
            guard course.steps.count <= Self.mostChanges, effort > 0 else {
                course.isComplete = false
                return course
            }
            let change = schedule.nextChange(after: last, zone: zone)
            effort -= schedule.windows.count * (1 + Self.effort(from: last, to: change?.at))
            guard let change, change.at <= now + Self.horizon else { break }
            last = change.at
            course.steps.append((last, capped(change.instances ?? demand.instances)))
        }
        var moments: Set<Timestamp> = []
        for window in schedule.windows where !window.cron.isWeekly {
            guard effort > 0 else {
                course.isComplete = false
                break
            }
            let isOpen = window.covers(now, schedule, zone)
            let begin = isOpen ? now : window.nextChange(after: now, schedule, zone)
            let end = begin.flatMap { window.nextChange(after: $0, schedule, zone) }
            effort -= 1 + Self.effort(from: now, to: end)
            moments.formUnion([begin, end].compactMap(\.self).filter { $0 > last })
        }
        course.steps += moments.sorted().map { ($0, number($0)) }
        return course
    }

    /// Returns the number of workspaces that `new` may take away from `old` at a time that their courses do not show.
    /// Schedules whose next days look alike may differ later: a rare window may cover a lower number now, and a window
    /// may cover a rare one the next time only.
    ///
    /// Example: `old` asks for 20, and `new` for 0 with a window of 20 in January and February. On 15 January the next
    /// days are alike, and without the rare window 20 workspaces are lost.
    mutating func hiddenLoss(from old: Demand, to new: Demand) -> Int {
        guard old != new else { return 0 }
        guard let before = course(of: old), let after = course(of: new), before.isComplete, after.isComplete else {
            return max(0, most(old) - least(new))
        }
        guard let schedule = new.schedule, let zone = zones[schedule.timezone] else { return 0 }
        var loss = 0
        let rare = schedule.windows.filter { !$0.cron.isWeekly }
        if !rare.isEmpty, let before = course(of: old.weekly), let after = course(of: new.weekly) {
            for step in Self.compare(before, after) { loss = max(loss, step.old - step.new) }
        }
        let known = Set(old.schedule?.windows ?? [])
        for window in rare where !known.contains(window) {
            guard effort > 0 else { return max(0, most(old) - least(new)) }
            let isOpen = window.covers(now, schedule, zone)
            let next = isOpen ? now : window.nextChange(after: now, schedule, zone)
            effort -= 1 + Self.effort(from: now, to: next)
            guard let begin = next else { continue }
            loss = max(loss, (number(of: old, at: begin) ?? most(old)) - capped(window.instances))
        }
        return loss
    }

    /// Returns the effort of finding the next change of one window, which is looked for day by day: a look at a window
    /// takes as long as 16 days. Without a change, all days of five years are passed.
    private static func effort(from begin: Timestamp, to end: Timestamp?) -> Int {
        guard let end else { return 120 }
        return Int(max(0, end.wholeSeconds - begin.wholeSeconds) / (16 * 86_400))
    }

    /// Returns the numbers of two courses at each moment at which one of them changes.
    static func compare(_ old: Course, _ new: Course) -> [(at: Timestamp, old: Int, new: Int)] {
        var (olds, news) = (old.steps[...], new.steps[...])
        var result: [(at: Timestamp, old: Int, new: Int)] = []
        result.reserveCapacity(olds.count + news.count)
        var numbers = (old: olds.first?.number ?? 0, new: news.first?.number ?? 0)
        while let at = [olds.first?.at, news.first?.at].compactMap(\.self).min() {
            if olds.first?.at == at { numbers.old = olds.removeFirst().number }
            if news.first?.at == at { numbers.new = news.removeFirst().number }
            result.append((at, numbers.old, numbers.new))
        }
        return result
    }
}

extension Schedule.Window {
    private func alone(_ schedule: Schedule) -> Schedule { Schedule(timezone: schedule.timezone, windows: [self]) }

    fileprivate func covers(_ moment: Timestamp, _ schedule: Schedule, _ zone: TimeZoneRules) -> Bool {
        alone(schedule).window(at: moment, zone: zone) != nil
    }

    fileprivate func nextChange(after moment: Timestamp, _ schedule: Schedule, _ zone: TimeZoneRules) -> Timestamp? {
        alone(schedule).nextChange(after: moment, zone: zone)?.at
    }
}

extension CronExpression {
    /// True if the expression matches the same minutes in each week.
    fileprivate var isWeekly: Bool { months & 0x1ffe == 0x1ffe && daysOfMonth & 0xffff_fffe == 0xffff_fffe }
}

extension Demand {
    /// The demand without the windows that do not recur each week.
    fileprivate var weekly: Demand {
        guard let schedule else { return self }
        let windows = schedule.windows.filter(\.cron.isWeekly)
        return Demand(
            instances: instances,
            schedule: windows.isEmpty ? nil : Schedule(timezone: schedule.timezone, windows: windows))
    }
}
