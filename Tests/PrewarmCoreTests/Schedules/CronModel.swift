import Foundation

/// A slow model of cron, as its manual describes it. ``ScheduleModelTests`` compares schedules with it.
struct CronModel {
    private let fields: [String]
    private let values: [Set<Int>]

    init(_ text: String) {
        fields = text.split(separator: " ").map(String.init)
        let ranges = [0...59, 0...23, 1...31, 1...12, 0...7]
        values = zip(fields, ranges).map { field, range in
            Set(field.split(separator: ",").flatMap { Self.expand(String($0), range) })
        }
    }

    private static func expand(_ item: String, _ all: ClosedRange<Int>) -> [Int] {
        let halves = item.split(separator: "/").map(String.init)
        let step = halves.count == 2 ? Int(halves[1]) ?? 0 : 1
        if halves[0] == "*" { return all.filter { ($0 - all.lowerBound) % step == 0 } }
        let ends = halves[0].split(separator: "-").compactMap { Int($0) }
        return (ends[0]...(ends.last ?? ends[0])).filter { ($0 - ends[0]) % step == 0 }
    }

    /// True for cron's jobs with a wildcard and for those that list every value.
    private var followsClock: Bool {
        fields[0].hasPrefix("*") || fields[1].hasPrefix("*") || values[0].count == 60 || values[1].count == 24
    }

    /// Returns true if a minute of the wall clock, counted from 1970, matches.
    private func matches(_ minute: Int) -> Bool {
        var seconds = time_t(minute * 60)
        var date = tm()
        gmtime_r(&seconds, &date)
        guard values[0].contains(Int(date.tm_min)), values[1].contains(Int(date.tm_hour)),
            values[3].contains(Int(date.tm_mon) + 1)
        else { return false }
        let isDay = values[2].contains(Int(date.tm_mday))
        let isWeekday = values[4].contains(Int(date.tm_wday)) || date.tm_wday == 0 && values[4].contains(7)
        let needsBoth = fields[2].hasPrefix("*") || fields[4].hasPrefix("*")
        return needsBoth ? isDay && isWeekday : isDay || isWeekday
    }

    /// Returns for each of a sequence of minutes whether the expression matches.
    /// - Parameter wall: the minute that the wall clock shows, for each minute of the sequence.
    func holds(onWall wall: [Int]) -> [Bool] {
        var lastShown: [Int: Int] = [:]
        return wall.indices.map { index in
            guard !followsClock, index > 0 else { return matches(wall[index]) }
            defer { lastShown[wall[index]] = index }
            if let earlier = lastShown[wall[index]], index - earlier < 180 { return false }
            let skipped = wall[index] - wall[index - 1] - 1
            if (1..<180).contains(skipped), (1...skipped).contains(where: { matches(wall[index] - $0) }) { return true }
            return matches(wall[index])
        }
    }
}
