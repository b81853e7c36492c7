/// A parser of ``CronExpression`` that reads the fields as Vixie's cron and cronie do (`entry.c`).
///
/// A field may contain `*`, numbers, three-letter names of months and days in any case, ranges, `*/step`, `range/step`
/// and lists of these. As in cron, a range that ends before it begins and a step after a single number are errors. A
/// range may end in `SUN` (7), which cron refuses. `@daily`, `L`, `W`, `#`, `?` and `~` are not supported.
struct CronParser {
    struct Field {
        /// The values, one bit each.
        var bits: UInt64 = 0
        /// True if the field begins with `*`, so that cron does not count it as restricted.
        var hasStar = false
    }

    private let bytes: [UInt8]

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    private func error(_ message: String, at byte: Int) -> TextError {
        TextError(message: message, offset: String(decoding: bytes[..<byte], as: UTF8.self).unicodeScalars.count)
    }

    struct Fields {
        let minute, hour, dayOfMonth, month, dayOfWeek: Field
    }

    func fields() throws(TextError) -> Fields {
        let ranges = try fieldRanges()
        let minute = try field(.minute, ranges[0])
        let hour = try field(.hour, ranges[1])
        let dayOfMonth = try field(.dayOfMonth, ranges[2])
        let month = try field(.month, ranges[3])
        let dayOfWeek = try field(.dayOfWeek, ranges[4])
        let firstDay = dayOfMonth.bits.trailingZeroBitCount
        // 2000 is a leap year. Within 400 years each date falls on each day of the week.
        let isPossible = (1...12).contains {
            month.bits >> UInt64($0) & 1 == 1 && firstDay <= CivilTime.days(inMonth: $0, year: 2000)
        }
        guard isPossible || !(dayOfMonth.hasStar || dayOfWeek.hasStar) else {
            throw error(
                "the expression never matches: none of its months has a day \(firstDay)",
                at: ranges[2].lowerBound)
        }
        return Fields(minute: minute, hour: hour, dayOfMonth: dayOfMonth, month: month, dayOfWeek: dayOfWeek)
    }

    private func fieldRanges() throws(TextError) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(5)
        var start: Int?
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                if let begin = start { ranges.append(begin..<index) }
                start = nil
            } else if start == nil {
                start = index
            }
        }
        if let begin = start { ranges.append(begin..<bytes.count) }
        if let first = ranges.first, bytes[first.lowerBound] == UInt8(ascii: "@") {
            throw error(
                "`\(text(first))` is not supported: write five fields, for example `0 0 * * *` for @daily",
                at: first.lowerBound)
        }
        guard ranges.count == 5 else {
            throw error(
                "expected five fields (minute, hour, day of month, month, day of week), found \(ranges.count)",
                at: ranges.count > 5 ? ranges[5].lowerBound : bytes.count)
        }
        return ranges
    }

    private func field(_ kind: CronFieldKind, _ range: Range<Int>) throws(TextError) -> Field {
        var field = Field(hasStar: bytes[range.lowerBound] == UInt8(ascii: "*"))
        var start = range.lowerBound
        while true {
            let end = bytes[start..<range.upperBound].firstIndex(of: UInt8(ascii: ",")) ?? range.upperBound
            field.bits |= try item(kind, start..<end)
            if end == range.upperBound { return field }
            start = end + 1
        }
    }

    /// Reads `*`, a value or a range, with or without a step.
    private func item(_ kind: CronFieldKind, _ range: Range<Int>) throws(TextError) -> UInt64 {
        let slash = bytes[range].firstIndex(of: UInt8(ascii: "/"))
        let base = range.lowerBound..<(slash ?? range.upperBound)
        var step = 1
        if let slash { step = try self.step(slash + 1..<range.upperBound) }
        let values: ClosedRange<Int>
        if base.count == 1, bytes[base.lowerBound] == UInt8(ascii: "*") {
            values = kind.values
        } else if let dash = bytes[base].firstIndex(of: UInt8(ascii: "-")) {
            values = try self.values(kind, base.lowerBound..<dash, dash + 1..<base.upperBound)
        } else {
            let value = try self.value(kind, base)
            if slash != nil {
                throw error(
                    "a step needs a range: write `\(value)-\(kind.last)/\(step)` "
                        + "for every \(ordinal(step)) \(kind.name) from \(value) on",
                    at: range.lowerBound)
            }
            values = value...value
        }
        if step == 1 { return (1 << UInt64(values.count) - 1) << UInt64(values.lowerBound) }
        var bits: UInt64 = 0
        for value in stride(from: values.lowerBound, through: values.upperBound, by: step) {
            bits |= 1 << UInt64(value)
        }
        return bits
    }

    private func values(
        _ kind: CronFieldKind, _ first: Range<Int>, _ last: Range<Int>
    ) throws(TextError) -> ClosedRange<Int> {
        let low = try value(kind, first)
        var high = try value(kind, last)
        // `SUN` is 0 and 7. At the end of a range only 7 makes sense.
        if kind == .dayOfWeek, high == 0, low > 0, bytes[last.lowerBound] != UInt8(ascii: "0") { high = 7 }
        guard low <= high else {
            let (begin, end) = (text(first), text(last))
            let wrapped = "`\(begin)-\(kind.last),\(kind.values.lowerBound)-\(end)`"
            throw error(
                "the range `\(begin)-\(end)` ends before it begins: write \(wrapped)",
                at: first.lowerBound)
        }
        return low...high
    }

    private func step(_ range: Range<Int>) throws(TextError) -> Int {
        guard let step = number(range), (1...99).contains(step) else {
            throw error("expected a step of 1 to 99, found \(quoted(range))", at: range.lowerBound)
        }
        return step
    }

    private func value(_ kind: CronFieldKind, _ range: Range<Int>) throws(TextError) -> Int {
        if let number = number(range), kind.values.contains(number) { return number }
        let letters = bytes[range].map { $0 | 0x20 }
        if let index = kind.names.firstIndex(where: { $0.utf8.elementsEqual(letters) }) {
            return index + kind.firstNamed
        }
        throw error("expected \(kind.expectation), found \(quoted(range))", at: range.lowerBound)
    }

    /// Returns the number of at most three digits; nil for other text. Four digits are out of every range.
    private func number(_ range: Range<Int>) -> Int? {
        guard (1...3).contains(range.count), bytes[range].allSatisfy({ (48...57).contains($0) }) else { return nil }
        return bytes[range].reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range].prefix(40), as: UTF8.self)
    }

    private func quoted(_ range: Range<Int>) -> String {
        range.isEmpty ? "nothing" : "`\(text(range))`"
    }

    private func ordinal(_ number: Int) -> String {
        switch (number % 100, number % 10) {
        case (11...13, _): "\(number)th"
        case (_, 1): "\(number)st"
        case (_, 2): "\(number)nd"
        case (_, 3): "\(number)rd"
        default: "\(number)th"
        }
    }
}

/// One of the five fields, with its values and names.
private enum CronFieldKind {
    case minute, hour, dayOfMonth, month, dayOfWeek

    /// The allowed values. Days of the week go up to 7, so that `*/7`, `5-7` and `7` have the meaning that cron gives
    /// them.
    var values: ClosedRange<Int> {
        switch self {
        case .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...7
        }
    }

    /// The last value that is not the same as the first: 6 for the day of the week.
    var last: Int { self == .dayOfWeek ? 6 : values.upperBound }

    var name: String {
        switch self {
        case .minute: "minute"
        case .hour: "hour"
        case .dayOfMonth: "day of the month"
        case .month: "month"
        case .dayOfWeek: "day of the week"
        }
    }

    var names: [String] {
        switch self {
        case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        default: []
        }
    }

    var firstNamed: Int { values.lowerBound }

    var expectation: String {
        let numbers = "\(self == .hour ? "an" : "a") \(name) from \(values.lowerBound) to \(values.upperBound)"
        switch self {
        case .month: return numbers + " or JAN to DEC"
        case .dayOfWeek: return numbers + " or SUN to SAT"
        default: return numbers
        }
    }
}
