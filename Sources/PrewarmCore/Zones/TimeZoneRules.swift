/// The reason why a time zone cannot be read, as a sentence that begins with the time zone.
package struct TimeZoneError: Error, Hashable, Sendable {
    package let message: String

    package init(_ message: String) {
        self.message = message
    }
}

/// The offsets of one time zone from UTC, in the past and in the future.
///
/// The rule for the years after the last known transition is expanded for 400 years, after which the calendar
/// repeats. So each look-up is one binary search.
package struct TimeZoneRules: Hashable, Sendable {
    /// The seconds since 1970 at which the offset changes, in ascending order.
    private var starts: [Int64] = []
    /// The offsets. There is one more than in `starts`: the first one applies before the first change.
    private var offsets: [Int32]
    /// The second from which the offsets repeat those of 400 years earlier.
    private var repetition = Int64.max

    package static let utc = TimeZoneRules(fixedOffset: 0)

    /// Returns the rules of a zone with one offset.
    /// - Parameter fixedOffset: the seconds east of UTC.
    package init(fixedOffset: Int32) {
        offsets = [fixedOffset]
    }

    /// Returns the offset at an instant, in seconds east of UTC.
    package func offset(at instant: Timestamp) -> Int {
        period(at: instant.wholeSeconds).offset
    }

    /// Adds a transition. Transitions must be added in ascending order. If two have the same second, the later one
    /// counts. A transition to the same offset is dropped.
    mutating func append(at second: Int64, offset: Int32) {
        if starts.last == second {
            starts.removeLast()
            offsets.removeLast()
        }
        guard offsets.last != offset else { return }
        starts.append(second)
        offsets.append(offset)
    }

    /// Adds the transitions of a rule after the transition `last`, but not before the year 1900.
    mutating func append(_ rule: PosixTimeZone, after last: Int64?) {
        guard rule.daylight != nil else { return }
        let firstYear = max(1900, last.map { CivilTime.year(ofSecond: $0) } ?? 1900)
        let repeatedYear = firstYear + 2
        for year in firstYear...repeatedYear + 401 {
            for transition in rule.transitions(inYear: year) where last.map({ transition.second > $0 }) ?? true {
                append(at: transition.second, offset: transition.offset)
            }
        }
        repetition = Int64(CivilTime.daysSinceEpoch(year: repeatedYear, month: 1, day: 1)) * 86_400
    }

    private static let cycleSeconds: Int64 = 146_097 * 86_400
}

extension TimeZoneRules {
    /// A period of time with one offset.
    struct Period: Hashable {
        /// The first second, counted from 1970.
        let start: Int64
        /// The first second after the period.
        let end: Int64
        let offset: Int
        /// The offset of the previous period. In the first period it is `offset`.
        let previousOffset: Int
    }

    /// A second before every ``Timestamp``. It is far enough from the limits of 64 bits to add an offset.
    static let distantPast: Int64 = -1 << 59
    /// A second after every ``Timestamp``.
    static let distantFuture: Int64 = 1 << 59

    func period(at second: Int64) -> Period {
        let cycles = second < repetition ? 0 : (second - repetition) / Self.cycleSeconds
        let shift = cycles * Self.cycleSeconds
        let index = count(ofStartsUpTo: second - shift)
        return Period(
            start: index == 0 ? Self.distantPast : starts[index - 1] + shift,
            end: index == starts.count ? Self.distantFuture : starts[index] + shift,
            offset: Int(offsets[index]), previousOffset: Int(offsets[max(index - 1, 0)]))
    }

    private func count(ofStartsUpTo second: Int64) -> Int {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= second { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
