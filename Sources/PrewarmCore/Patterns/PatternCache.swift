/// The compiled patterns of one file or source, and the number of steps that matching may still take.
package struct PatternCache {
    /// The largest number of steps for one value, which take some milliseconds.
    static let stepsPerValue = 1_000_000
    /// The largest number of steps for all values of a source. 10,000 presets with five patterns each need about as
    /// many.
    package static let stepsPerSource = 50_000_000
    /// The largest number of steps for the defaults of the templates of one file.
    package static let stepsPerFile = 5_000_000
    /// The largest number of instructions in the cache, which take some megabytes.
    private static let maximumInstructions = 100_000

    private var compiled: [String: Result<Pattern, TextError>] = [:]
    private var instructions = 0
    private var steps: Int

    package init(steps: Int = PatternCache.stepsPerSource) {
        self.steps = steps
    }

    /// The reason why a text could not be matched with a pattern.
    enum Failure: Error {
        case unusable(TextError)
        /// The value takes more than ``stepsPerValue`` steps.
        case valueTooExpensive
        /// All values together take more steps than the budget.
        case budgetUsedUp
    }

    /// Returns true if the pattern matches somewhere in the text.

    mutating func matches(_ text: String, _ pattern: String) throws(Failure) -> Bool {
        guard steps > 0 else { throw .budgetUsedUp }
        let compiled: Pattern
        switch self.pattern(pattern) {
        case .success(let pattern): compiled = pattern
        case .failure(let error): throw .unusable(error)
        }
        let allowed = min(steps, Self.stepsPerValue)
        var rest = allowed
        let isMatch = compiled.matches(text, steps: &rest)
        steps -= allowed - rest
        guard let isMatch else { throw steps > 0 ? Failure.valueTooExpensive : Failure.budgetUsedUp }
        return isMatch
    }

    /// Returns the compiled pattern. Compiling counts as steps, too, since a source with more patterns than fit in
    /// the cache compiles them again for each preset.
    private mutating func pattern(_ text: String) -> Result<Pattern, TextError> {
        if let known = compiled[text] { return known }
        let result = Result { () throws(TextError) in try Pattern(text) }
        let size = (try? result.get())?.program.count ?? 1
        steps -= 10 * size
        if instructions + size > Self.maximumInstructions { (compiled, instructions) = ([:], 0) }
        instructions += size
        compiled[text] = result
        return result
    }
}
