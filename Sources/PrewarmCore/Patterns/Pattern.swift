/// A regular expression of ECMA-262, as JSON Schema's `pattern` uses it: it matches anywhere in a text, unless it is
/// anchored.
///
/// It may contain literals, `.`, classes, `\d \w \s \b` and their negations, `^ $`, groups, alternatives and
/// quantifiers. It works on Unicode scalars, as with the flag `u`. Backreferences, lookahead and lookbehind are
/// refused, since they cannot be matched in linear time. Text that engines read in different ways, for example a lone
/// `]`, is refused, too.
///
/// The matcher follows all states at the same time (Thompson 1968) and never goes back, so every match ends.
package struct Pattern: Hashable, Sendable {
    /// The largest number of instructions of a pattern. Counts are expanded: `a{3}` takes three instructions.
    package static let maximumInstructions = 2_000
    /// The largest depth of nested groups.
    package static let maximumDepth = 100

    enum Assertion {
        case start, end, wordBoundary, noWordBoundary
    }

    enum Instruction: Hashable {
        /// Continues with the next instruction if the next scalar is this one.
        case scalar(UInt32)
        /// Continues with the next instruction if the next scalar is in the set with this index.
        case set(Int)
        case assertion(Assertion)
        /// Continues at both instructions.
        case split(Int, Int)
        case jump(Int)
        case match
    }

    private(set) var program: [Instruction] = []
    let sets: [ScalarSet]

    /// Compiles a pattern. Throws an error if the pattern is invalid, unsupported or too large.
    package init(_ text: String) throws(TextError) {
        var parser = PatternParser(text)
        let fragment = try parser.parse()
        sets = parser.sets
        emit(fragment.node)
        program.append(.match)
    }

    private mutating func emit(_ node: PatternNode) {
        switch node {
        case .empty: break
        case .scalar(let scalar): program.append(.scalar(scalar.value))
        case .set(let index): program.append(.set(index))
        case .assertion(let assertion): program.append(.assertion(assertion))
        case .sequence(let nodes): for node in nodes { emit(node) }
        case .alternatives(let nodes): emit(alternatives: nodes)
        case .repetition(let node, let minimum, let maximum?): emit(node, minimum, maximum)
        case .repetition(let node, let minimum, nil): emit(node, minimum)
        }
    }

    private mutating func emit(alternatives nodes: [PatternNode]) {
        var jumps: [Int] = []
        for node in nodes.dropLast() {
            let split = program.count
            program.append(.split(split + 1, 0))
            emit(node)
            jumps.append(program.count)
            program.append(.jump(0))
            program[split] = .split(split + 1, program.count)
        }
        if let last = nodes.last { emit(last) }
        for jump in jumps { program[jump] = .jump(program.count) }
    }

    private mutating func emit(_ node: PatternNode, _ minimum: Int, _ maximum: Int) {
        for _ in 0..<minimum { emit(node) }
        var splits: [Int] = []
        for _ in minimum..<maximum {
            splits.append(program.count)
            program.append(.split(0, 0))
            emit(node)
        }
        for split in splits { program[split] = .split(split + 1, program.count) }
    }

    private mutating func emit(_ node: PatternNode, _ minimum: Int) {
        var start = program.count
        guard minimum > 0 else {
            program.append(.split(0, 0))
            emit(node)
            program.append(.jump(start))
            program[start] = .split(start + 1, program.count)
            return
        }
        for _ in 0..<minimum {
            start = program.count
            emit(node)
        }
        program.append(.split(start, program.count + 1))
    }
}

/// A node of a parsed pattern. Nodes are nested as deep as groups are.
indirect enum PatternNode: Sendable {
    case empty
    case scalar(Unicode.Scalar)
    case set(Int)
    case assertion(Pattern.Assertion)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    case repetition(PatternNode, minimum: Int, maximum: Int?)
}
