/// A parser of ``Pattern``, by the grammar of ECMA-262 with the flag `u` (21.2.1, Patterns).
struct PatternParser {
    /// A parsed part of a pattern.
    struct Fragment {
        let node: PatternNode
        /// The number of instructions that the part takes.
        let size: Int

        static let empty = Fragment(node: .empty, size: 0)
    }

    let scalars: [Unicode.Scalar]
    var index = 0
    private(set) var sets: [ScalarSet] = []

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    mutating func parse() throws(TextError) -> Fragment {
        let fragment = try alternatives(depth: 0)
        // Before the end of the text, alternatives end only at a `)`.
        if next != nil { throw error("the ) has no (: write \\) to match the character") }
        try check(size: fragment.size, at: 0)
        return fragment
    }

    var next: Unicode.Scalar? { peek(0) }

    func peek(_ distance: Int) -> Unicode.Scalar? {
        scalars.indices.contains(index + distance) ? scalars[index + distance] : nil
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        index += 1
        return true
    }

    func error(_ message: String, at offset: Int? = nil) -> TextError {
        TextError(message: message, offset: offset ?? index)
    }

    private func check(size: Int, at offset: Int) throws(TextError) {
        guard size < Pattern.maximumInstructions else {
            let limit = Pattern.maximumInstructions
            throw error("the pattern takes more than \(limit) steps when its counts are expanded", at: offset)
        }
    }

    private mutating func alternatives(depth: Int) throws(TextError) -> Fragment {
        var fragments = [try sequence(depth: depth)]
        while take("|") { fragments.append(try sequence(depth: depth)) }
        guard fragments.count > 1 else { return fragments[0] }
        let size = fragments.reduce(2 * (fragments.count - 1)) { $0 + $1.size }
        return Fragment(node: .alternatives(fragments.map(\.node)), size: size)
    }

    private mutating func sequence(depth: Int) throws(TextError) -> Fragment {
        var nodes: [PatternNode] = []
        var size = 0
        while let scalar = next, scalar != "|", scalar != ")" {
            let start = index
            let fragment = try term(depth: depth)
            guard fragment.size > 0 else { continue }
            nodes.append(fragment.node)
            size += fragment.size
            try check(size: size, at: start)
        }
        if nodes.count == 1 { return Fragment(node: nodes[0], size: size) }
        return nodes.isEmpty ? .empty : Fragment(node: .sequence(nodes), size: size)
    }

    private mutating func term(depth: Int) throws(TextError) -> Fragment {
        let fragment = try atom(depth: depth)
        let start = index
        guard let counts = try quantifier() else { return fragment }
        if case .assertion = fragment.node, scalars[start - 1] != ")" {
            throw error("the \(scalars[start]) follows an assertion, which cannot be repeated", at: start)
        }
        _ = take("?")
        if let next, "*+?{".unicodeScalars.contains(next) {
            throw error("the \(next) follows another quantifier: put the repeated part into (?: )")
        }
        // Repeating an empty part has no effect. Expanding nested counts of it would never end.
        guard fragment.size > 0, counts.maximum != 0 else { return .empty }
        let (minimum, maximum) = counts
        let size =
            maximum.map { fragment.size * minimum + (fragment.size + 1) * ($0 - minimum) }
            ?? (minimum > 0 ? fragment.size * minimum + 1 : fragment.size + 2)
        try check(size: size, at: start)
        return Fragment(
            node: .repetition(fragment.node, minimum: minimum, maximum: maximum), size: size)
    }

    private mutating func quantifier() throws(TextError) -> (minimum: Int, maximum: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let start = index
        guard take("{") else { return nil }
        if let minimum = number() {
            if take("}") { return (minimum, minimum) }
            if take(",") {
                if take("}") { return (minimum, nil) }
                if let maximum = number(), take("}") {
                    guard minimum <= maximum else {
                        throw error("the first count of the quantifier is larger than the second", at: start)
                    }
                    return (minimum, maximum)
                }
            }
        }
        throw error(
            "expected a quantifier, for example {2}, {2,} or {2,3}: write \\{ to match the character", at: start)
    }

    /// Reads a count; nil if no digit follows. Counts that are too large for any program are cut to one more than
    /// ``Pattern/maximumInstructions``.
    private mutating func number() -> Int? {
        var number: Int?
        while let digit = next, ("0"..."9").contains(digit) {
            number = min((number ?? 0) * 10 + Int(digit.value - 48), Pattern.maximumInstructions + 1)
            index += 1
        }
        return number
    }

    private mutating func atom(depth: Int) throws(TextError) -> Fragment {
        guard let scalar = next else { return .empty }
        switch scalar {
        case "(": return try group(depth: depth)
        case "[": return set(try characterClass())
        case "\\":
            switch try escape(inClass: false) {
            case .scalar(let scalar): return Fragment(node: .scalar(scalar), size: 1)
            case .set(let escaped): return set(escaped)
            case .assertion(let assertion): return Fragment(node: .assertion(assertion), size: 1)
            }
        case "*", "+", "?":
            throw error("nothing precedes the \(scalar) to repeat: write \\\(scalar) to match the character")
        case "{", "}", "]": throw error("the \(scalar) is unmatched: write \\\(scalar) to match the character")
        default: break
        }
        index += 1
        switch scalar {
        case "^": return Fragment(node: .assertion(.start), size: 1)
        case "$": return Fragment(node: .assertion(.end), size: 1)
        case ".": return set(ScalarSet.lineTerminator.inverted)
        default: return Fragment(node: .scalar(scalar), size: 1)
        }
    }

    private mutating func set(_ set: ScalarSet) -> Fragment {
        sets.append(set)
        return Fragment(node: .set(sets.count - 1), size: 1)
    }

    private mutating func group(depth: Int) throws(TextError) -> Fragment {
        let start = index
        guard depth < Pattern.maximumDepth else {
            throw error("groups are nested more than \(Pattern.maximumDepth) deep")
        }
        index += 1
        if next == "?" {
            guard peek(1) == ":" else { throw unsupportedGroup(at: start) }
            index += 2
        }
        let fragment = try alternatives(depth: depth + 1)
        guard take(")") else { throw error("the ( has no ): write \\( to match the character", at: start) }
        return fragment
    }

    private func unsupportedGroup(at start: Int) -> TextError {
        let message =
            switch (peek(1), peek(2)) {
            case ("=", _), ("!", _):
                "lookahead is not supported: use anchors, classes and alternatives, or `enum`"
            case ("<", "="), ("<", "!"):
                "lookbehind is not supported: use anchors, classes and alternatives, or `enum`"
            case ("<", _), ("P", _), ("'", _): "named groups are not supported: use ( ) or (?: )"
            case (">", _): "atomic groups are not supported: use (?: )"
            case ("#", _): "comments are not supported: use the rule's `description`"
            default: "flags are not supported: use (?: ), and a class for both cases, for example [aA]"
            }
        return error(message, at: start)
    }
}
