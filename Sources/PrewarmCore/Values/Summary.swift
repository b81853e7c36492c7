extension [String] {
    /// The first five texts and the number of the others, for example `a, b, c, d, e and 4 more`.
    package var summary: String {
        let rest = count - 5
        return prefix(5).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}
