extension [String] {
    /// The one that is a typing error away from `name`, if there is one.
    package func closest(to name: String) -> String? {
        let best = map { (distance: $0.editDistance(to: name), name: $0) }.min { $0 < $1 }
        return best.flatMap { $0.distance <= Swift.max(1, name.count / 3) ? $0.name : nil }
    }
}

extension String {
    /// Levenshtein's, in bytes.
    fileprivate func editDistance(to other: String) -> Int {
        let (left, right) = (Array(utf8), Array(other.utf8))
        var previous = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, otherByte) in right.enumerated() {
                current.append(
                    Swift.min(
                        previous[column + 1] + 1, current[column] + 1, previous[column] + (byte == otherByte ? 0 : 1)))
            }
            previous = current
        }
        return previous[right.count]
    }
}
