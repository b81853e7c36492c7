/// A set of Unicode scalars: a class of a ``Pattern``.
struct ScalarSet: Hashable, Sendable {
    /// The ranges of the set in ascending order, without overlaps.
    let ranges: [ClosedRange<UInt32>]

    init(_ ranges: [ClosedRange<UInt32>]) {
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    /// The set of all other scalars.
    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var start: UInt32 = 0
        for range in ranges {
            if range.lowerBound > start { gaps.append(start...range.lowerBound - 1) }
            start = range.upperBound + 1
        }
        if start <= 0x10ffff { gaps.append(start...0x10ffff) }
        return ScalarSet(gaps)
    }

    /// Returns true if the scalar is in the set. It takes logarithmic time.
    func contains(_ scalar: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= scalar
    }

    /// The scalars that `\d` matches.
    static let digit = ScalarSet([48...57])
    /// The scalars that `\w` matches.
    static let word = ScalarSet([48...57, 65...90, 95...95, 97...122])
    /// The scalars that `\s` matches: ECMA-262's WhiteSpace and LineTerminator.
    static let space = ScalarSet([
        0x09...0x0d, 0x20...0x20, 0xa0...0xa0, 0x1680...0x1680, 0x2000...0x200a, 0x2028...0x2029, 0x202f...0x202f,
        0x205f...0x205f, 0x3000...0x3000, 0xfeff...0xfeff,
    ])
    /// The scalars that `.` does not match: ECMA-262's LineTerminator.
    static let lineTerminator = ScalarSet([0x0a...0x0a, 0x0d...0x0d, 0x2028...0x2029])
}
