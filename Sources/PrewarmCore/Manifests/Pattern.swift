/// A regular expression of ECMA-262 as JSON Schema's `pattern` uses it: found anywhere in a text, unless it is anchored.
///
/// Taken are literals, `.`, classes, `\d \w \s \b` and their negations, `^ $`, groups, alternatives and quantifiers,
/// over Unicode scalars and as with the flag `u`. What can't be matched in linear time, as backreferences and
/// lookaround, is refused, and so is what engines read in different ways, as a lone `]`.
///
/// The text is followed through all states at once (Thompson 1968), never back: any pattern and any text end.
package struct Pattern: Sendable {
    /// The largest number of instructions that a pattern may become, once its counts are written out.
    package static let maximumInstructions = 2_000
    package static let maximumDepth = 100

    enum Assertion: Sendable {
        case start, end, wordBoundary, noWordBoundary
    }

    enum Instruction: Sendable {
        /// Goes on behind itself where the next scalar is this one.
        case scalar(UInt32)
        /// The same for a set, by its index.
        case set(Int)
        case assertion(Assertion)
        /// Goes on at both.
        case split(Int, Int)
        case jump(Int)
        case match
    }

    private(set) var program: [Instruction] = []
    let sets: [ScalarSet]

    package init(_ text: String) throws(PatternError) {
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

/// What a pattern says that can't be taken.
package struct PatternError: Error, Hashable, Sendable {
    /// With what to write in its place, where that can be known.
    package let message: String
    /// Where the bad part begins, in scalars from the start of the pattern.
    package let offset: Int
}

/// A part of a pattern; its depth is that of the groups.
indirect enum PatternNode: Sendable {
    case empty
    case scalar(Unicode.Scalar)
    case set(Int)
    case assertion(Pattern.Assertion)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    case repetition(PatternNode, minimum: Int, maximum: Int?)
}
