/// What a part of a document looks like. Both the check and the JSON Schema follow from it.
indirect enum Shape: Sendable {
    case object(ObjectShape)
    /// Any keys that fit the rule, all values of one shape.
    case map(key: TextRule, value: Shape)
    case list(Shape, minimum: Int)
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

struct ObjectShape: Sendable {
    struct Key: Sendable {
        let name: String
        let shape: Shape
        let isRequired: Bool
    }

    /// As errors call it: `spec`.
    let name: String
    let keys: [Key]
    /// A rule between keys, checked where the keys themselves are right.
    let rule: ObjectRule?

    init(_ name: String, rule: ObjectRule? = nil, _ keys: [Key]) {
        self.name = name
        self.keys = keys
        self.rule = rule
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
struct TextRule: Sendable {
    /// `a duration as 90s, 15m, 24h or 7d`.
    let expected: String
    var pattern: String?
    var choices: [String]?
    var minimumLength: Int?
    var maximumLength: Int?
    /// More than lengths, choices and pattern say; nil where nothing is wrong.
    let problem: @Sendable (String) -> Problem?

    struct Problem: Sendable {
        let message: String
        /// Scalars after the beginning of the text.
        var offset = 0
    }

    init(
        _ expected: String, pattern: String? = nil, choices: [String]? = nil, minimumLength: Int? = nil,
        maximumLength: Int? = nil, problem: @escaping @Sendable (String) -> Problem? = { _ in nil }
    ) {
        self.expected = expected
        self.pattern = pattern
        self.choices = choices
        self.minimumLength = minimumLength
        self.maximumLength = maximumLength
        self.problem = problem
    }

    /// Nil where the text is as expected.
    func check(_ text: String) -> Problem? {
        if let choices, !choices.contains(text) { return Problem(message: "expected \(expected)") }
        let length = text.unicodeScalars.count
        if let minimumLength, length < minimumLength { return Problem(message: "expected \(expected)") }
        if let maximumLength, length > maximumLength {
            return Problem(message: "has \(length) characters, at most \(maximumLength) are allowed")
        }
        return problem(text)
    }
}
