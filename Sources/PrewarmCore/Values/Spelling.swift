extension Sequence<String> {
    /// Returns the closest name that differs from `name` by a typing error; nil if there is no such name. If several
    /// are equally close, it returns the first in alphabetical order.
    ///
    /// The largest distance is a third of the length, from 1 to 4 bytes, and the names share at least one byte: `x` is no
    /// typing error of `c`. Names longer than 100 bytes have no close
    /// name. So a search through 10,000 names takes a few milliseconds.
    package func closest(to name: String) -> String? {
        guard (1...Spelling.longestName).contains(name.utf8.count) else { return nil }
        let bytes = Array(name.utf8)
        let limit = Swift.max(1, Swift.min(Spelling.largestDistance, name.unicodeScalars.count / 3))
        var best: (distance: Int, name: String)?
        for candidate in self {
            guard let distance = Spelling.distance(from: Array(candidate.utf8), to: bytes, limit: limit),
                distance < Swift.max(candidate.utf8.count, bytes.count)
            else { continue }
            if let best, (best.distance, best.name) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best?.name
    }
}

/// The number of suggestions that may still be made for one file or source. A file with thousands of misspelled names
/// needs only a few.
package struct SuggestionBudget {
    /// The default number of suggestions for one file or source.
    package static let standard = 20

    private var rest: Int

    package init(_ count: Int = SuggestionBudget.standard) {
        rest = count
    }

    /// Returns the hint "did you mean …?" for a name that differs from one of `names` by a typing error; nil if no
    /// name is close, or if the budget is used up.
    package mutating func hint(for name: String, among names: some Sequence<String>) -> String? {
        guard rest > 0 else { return nil }
        rest -= 1
        return names.closest(to: name).map { "did you mean \"\($0)\"?" }
    }
}

private enum Spelling {
    static let longestName = 100
    static let largestDistance = 4

    /// Returns the number of changes from one name to the other; nil if it is larger than `limit`. A change inserts,
    /// deletes or replaces a byte, or swaps two neighboring bytes, and no byte changes twice (the distance of optimal
    /// string alignment). It computes only the cells within `limit` of the diagonal.
    static func distance(from left: [UInt8], to right: [UInt8], limit: Int) -> Int? {
        guard abs(left.count - right.count) <= limit else { return nil }
        let far = limit + 1
        var previous = (0...right.count).map { min($0, far) }
        var current = [Int](repeating: far, count: right.count + 1)
        // The row before the previous one.
        var earlier = current
        for row in left.indices {
            let (low, high) = (max(0, row - limit), min(right.count, row + limit + 1))
            current[low] = low == 0 ? min(row + 1, far) : far
            var best = current[low]
            for column in low..<max(low, high) {
                let change = previous[column] + (left[row] == right[column] ? 0 : 1)
                var cost = min(previous[column + 1] + 1, current[column] + 1, change, far)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, earlier[column - 1] + 1)
                }
                current[column + 1] = cost
                best = min(best, cost)
            }
            guard best < far else { return nil }
            if high < right.count { current[high + 1] = far }
            swap(&earlier, &current)
            swap(&previous, &earlier)
        }
        return previous[right.count] < far ? previous[right.count] : nil
    }
}
