/// Patterns that were compiled, as those of a template are needed for each of its presets.
struct PatternCache {
    private static let maximumCount = 64

    private var compiled: [String: Result<Pattern, PatternError>] = [:]

    mutating func pattern(_ text: String) -> Result<Pattern, PatternError> {
        if let known = compiled[text] { return known }
        let result = Result { () throws(PatternError) in try Pattern(text) }
        if compiled.count == Self.maximumCount { compiled.removeAll() }
        compiled[text] = result
        return result
    }
}
