/// What a part of a document looks like. Both the check and the JSON Schema follow from it.
indirect enum Shape: Sendable {
    case object(ObjectShape)
    /// Any keys that fit the rule, all values of one shape.
    case map(key: TextRule, value: Shape)
    /// Each preset is checked against all values of an `enum`, and each plan looks at all windows of a schedule: no list
    /// is as long as a file may be.
    case list(Shape, minimum: Int, maximum: Int = 1_000)
    case text(TextRule)
    case integer(ClosedRange<Int>)
    case number
    case boolean
    /// Text, a finite number or a boolean.
    case scalar
    /// The first whose kind of node fits.
    case either([Shape])
    /// With a sentence for the schema.
    case described(Shape, String)
}

/// A class, as one is looked at for each mapping of each file.
final class ObjectShape: Sendable {
    struct Key: Sendable {
        let name: String
        let shape: Shape
        let isRequired: Bool
        /// Without the sentence for the schema.
        let bareShape: Shape
        private let utf8: [UInt8]

        init(name: String, shape: Shape, isRequired: Bool) {
            self.name = name
            self.shape = shape
            self.isRequired = isRequired
            bareShape = if case .described(let bare, _) = shape { bare } else { shape }
            utf8 = Array(name.utf8)
        }

        func isNamed(_ text: borrowing Span<UInt8>) -> Bool {
            guard text.count == utf8.count else { return false }
            for index in text.indices where text[index] != utf8[index] { return false }
            return true
        }
    }

    /// As errors call it: `spec`.
    let name: String
    let keys: [Key]
    /// A rule between keys, checked where the keys themselves are right.
    let rule: ObjectRule?
    /// One bit for each of ``keys`` that may not be left out; so there are at most 64.
    let required: UInt64

    init(_ name: String, rule: ObjectRule? = nil, _ keys: [Key]) {
        self.name = name
        self.keys = keys
        self.rule = rule
        required = keys.indices.reduce(0) { keys[$1].isRequired ? $0 | 1 << UInt64($1) : $0 }
    }

    /// Which of ``keys`` a node names; none, where it is a collection.
    func number(ofKey index: Int, in tree: YAMLTree) -> Int? {
        let (node, texts) = (tree.nodes[index], tree.texts)
        guard node.kind.isScalar else { return nil }
        let text = texts.span.extracting(Int(node.start)..<Int(node.end))
        for number in keys.indices where keys[number].isNamed(text) { return number }
        return nil
    }
}

enum ObjectRule: Sendable {
    case exactlyOne([String])
    /// The first comes with one of the others.
    case needs(String, [String])
    /// At most one of the two.
    case notBoth(String, String)
    case all([ObjectRule])
    /// Not both zero, be it a number or a percentage (Kubernetes).
    case notBothZero(String, String)
}

extension ObjectShape.Key {
    static func required(_ name: String, _ shape: Shape, _ description: String) -> Self {
        Self(name: name, shape: .described(shape, description), isRequired: true)
    }

    static func optional(_ name: String, _ shape: Shape, _ description: String) -> Self {
        Self(name: name, shape: .described(shape, description), isRequired: false)
    }
}

/// What a text must be. The pattern (ECMA 262) says it to the schema, the check to the decoder; a test holds them
/// against each other.
final class TextRule: Sendable {
    /// `a duration as 90s, 15m, 24h or 7d`.
    let expected: String
    let pattern: String?
    let choices: [String]?
    let minimumLength: Int?
    let maximumLength: Int?
    /// Good are all texts that it accepts, and more than these only where ``problem`` finds nothing.
    let bytes: ByteRule?
    /// More than lengths, choices and pattern say; nil where nothing is wrong.
    let problem: (@Sendable (String) -> Problem?)?

    struct Problem: Sendable {
        let message: String
        /// Scalars after the beginning of the text.
        var offset = 0
    }

    init(
        _ expected: String, pattern: String? = nil, choices: [String]? = nil, minimumLength: Int? = nil,
        maximumLength: Int? = nil, bytes: ByteRule? = nil, problem: (@Sendable (String) -> Problem?)? = nil
    ) {
        self.expected = expected
        self.pattern = pattern
        self.choices = choices
        self.minimumLength = minimumLength
        self.maximumLength = maximumLength
        self.bytes = bytes
        self.problem = problem
    }

    /// Whether a text is good without a closer look at it; false says nothing.
    func surelyAccepts(_ text: borrowing Span<UInt8>) -> Bool {
        if let bytes { return bytes.accepts(text) }
        // A character has one byte or more.
        return problem == nil && choices == nil && minimumLength ?? 0 <= 1 && text.count > 0
            && text.count <= maximumLength ?? .max
    }

    /// Nil where the text is as expected.
    func check(_ text: String) -> Problem? {
        if let choices, !choices.contains(text) { return Problem(message: "expected \(expected)") }
        // A character has one byte or more.
        if let minimumLength, text.utf8.count < minimumLength || minimumLength > 1,
            text.unicodeScalars.count < minimumLength
        {
            return Problem(message: "expected \(expected)")
        }
        if let maximumLength, text.utf8.count > maximumLength {
            let length = text.unicodeScalars.count
            if length > maximumLength {
                return Problem(message: "has \(length) characters, at most \(maximumLength) are allowed")
            }
        }
        if let bytes, bytes.accepts(text.utf8.span) { return nil }
        return problem?(text)
    }
}
