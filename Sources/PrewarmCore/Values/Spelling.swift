extension Sequence<String> {
    /// Returns the name that is a typing error away from `name`, the first of equally close ones.
    ///
    /// Names longer than 100 bytes and names that differ by more than 4 bytes are never close, so that a look through
    /// ten thousand names takes a few milliseconds, whatever they are.
    package func closest(to name: String) -> String? {
        guard (1...Spelling.longestName).contains(name.utf8.count) else { return nil }
        let bytes = Array(name.utf8)
        let limit = Swift.max(1, Swift.min(Spelling.largestDistance, name.unicodeScalars.count / 3))
        var best: (distance: Int, name: String)?
        for candidate in self {
            guard let distance = Spelling.distance(from: Array(candidate.utf8), to: bytes, limit: limit) else {
                continue
            }
            if let best, (best.distance, best.name) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best?.name
    }
}

/// The suggestions that may still be made for one file or source: whoever misspells thousands of names needs no more.
package struct SuggestionBudget {
    /// The number of suggestions for one file or source.
    package static let standard = 20

    private var rest: Int

    package init(_ count: Int = SuggestionBudget.standard) {
        rest = count
    }

    /// Returns the hint "did you mean …?" for a name that is a typing error away from one of `names`; nil where none is,
    /// and once the budget is used up.
    package mutating func hint(for name: String, among names: some Sequence<String>) -> String? {
        guard rest > 0 else { return nil }
        rest -= 1
        return names.closest(to: name).map { "did you mean \"\($0)\"?" }
    }
}

private enum Spelling {
    static let longestName = 100
    static let largestDistance = 4

    /// Returns Levenshtein's distance in bytes; nil where it is larger than `limit`. Only cells within `limit` of the
    /// diagonal are looked at.
    static func distance(from left: [UInt8], to right: [UInt8], limit: Int) -> Int? {
        guard abs(left.count - right.count) <= limit else { return nil }
        let far = limit + 1
        var previous = (0...right.count).map { min($0, far) }
        var current = [Int](repeating: far, count: right.count + 1)
        for row in left.indices {
            let (low, high) = (max(0, row - limit), min(right.count, row + limit + 1))
            current[low] = low == 0 ? min(row + 1, far) : far
            var best = current[low]
            for column in low..<max(low, high) {
                let change = previous[column] + (left[row] == right[column] ? 0 : 1)
                let cost = min(previous[column + 1] + 1, current[column] + 1, change, far)
                current[column + 1] = cost
                best = min(best, cost)
            }
            guard best < far else { return nil }
            if high < right.count { current[high + 1] = far }
            swap(&previous, &current)
        }
        return previous[right.count] < far ? previous[right.count] : nil
    }
}
