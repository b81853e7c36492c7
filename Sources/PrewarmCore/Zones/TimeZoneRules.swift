/// Why bytes are no time zone, or a name leads to none.
package struct TimeZoneError: Error, Hashable, Sendable {
    package let message: String

    package init(_ message: String) {
        self.message = message
    }
}

/// The offsets of one time zone from UTC, past and to come.
///
/// What a rule says of the years after the last known transition is laid out for 400 years, after which the calendar
/// repeats; so each look-up is one binary search.
package struct TimeZoneRules: Hashable, Sendable {
    /// Seconds since 1970 at which the offset changes, ascending.
    private var starts: [Int64] = []
    /// One more than `starts`: the first holds before all of them.
    private var offsets: [Int32]
    /// From here on what lies 400 years earlier holds.
    private var repetition = Int64.max

    package static let utc = TimeZoneRules(fixedOffset: 0)

    /// Seconds east of UTC, for ever.
    package init(fixedOffset: Int32) {
        offsets = [fixedOffset]
    }

    /// The offset that holds at an instant, in seconds east of UTC.
    package func offset(at instant: Timestamp) -> Int {
        period(at: instant.wholeSeconds).offset
    }

    /// Transitions must come in ascending order. One that changes no offset is dropped, and the later of two at one
    /// instant counts.
    mutating func append(at second: Int64, offset: Int32) {
        if starts.last == second {
            starts.removeLast()
            offsets.removeLast()
        }
        guard offsets.last != offset else { return }
        starts.append(second)
        offsets.append(offset)
    }

    /// Lays out `rule` from the transition `last` on, and from 1900 at the earliest.
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
    /// A stretch of time with one offset.
    struct Period: Hashable {
        /// Seconds since 1970.
        let start: Int64
        /// The first second that is not in it.
        let end: Int64
        let offset: Int
        /// What held before; the same as `offset` in the first period.
        let previousOffset: Int
    }

    /// Beyond every ``Timestamp``, and far enough from the limits of 64 bits to add an offset.
    static let distantPast: Int64 = -1 << 59
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
