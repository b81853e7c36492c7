import PrewarmCore

/// The form of a part of a document. The check of documents and the JSON Schemas are both derived from it.
indirect enum Shape: Sendable {
    case object(ObjectShape)
    /// A mapping with any keys that satisfy the rule. All values have the same shape.
    case map(key: TextRule, value: Shape)
    /// A list. The maximum bounds the work for each preset: each value is compared with all values of an `enum`, and
    /// each plan reads all windows of a schedule.
    case list(Shape, minimum: Int, maximum: Int = 1_000)
    case text(TextRule)
    case integer(ClosedRange<Int>)
    case number
    case boolean
    /// Text, a finite number or a boolean.
    case scalar
    /// The first of the shapes that fits the kind of the node.
    case either([Shape])
    /// A shape with a description for the JSON Schema.
    case described(Shape, String)
}

/// A mapping with known keys. It is a class because it is read for each mapping of each file, and must not be copied.
final class ObjectShape: Sendable {
    struct Key: Sendable {
        let name: String
        let shape: Shape
        let isRequired: Bool
        /// The value that the parser takes if the key is left out. Nil if there is no default, or if it depends on
        /// other values. In the second case, the description says "(default: …)".
        let standard: DefaultValue?
        /// The shape without its description.
        let bareShape: Shape

        init(name: String, shape: Shape, isRequired: Bool, standard: DefaultValue? = nil) {
            self.name = name
            self.shape = shape
            self.isRequired = isRequired
            self.standard = standard
            bareShape = if case .described(let bare, _) = shape { bare } else { shape }
        }
    }

    /// The name of the object in error messages, for example `spec`.
    let name: String
    let keys: [Key]
    /// A rule between keys. It is checked only if all keys are valid by themselves.
    let rule: ObjectRule?
    /// The set of required keys, as one bit for each of ``keys``. So an object has at most 64 keys.
    let required: UInt64

    init(_ name: String, rule: ObjectRule? = nil, _ keys: [Key]) {
        self.name = name
        self.keys = keys
        self.rule = rule
        required = keys.indices.reduce(0) { keys[$1].isRequired ? $0 | 1 << UInt64($1) : $0 }
    }

    /// Returns the index in ``keys`` of the key that a node names. Nil if there is no such key or the node is a
    /// collection.
    func number(ofKey index: Int, in tree: YAMLTree) -> Int? {
        tree.written(index).flatMap { name in keys.firstIndex { $0.name == name } }
    }
}

/// A rule between the keys of an object.
enum ObjectRule: Sendable {
    /// Exactly one of the keys is present.
    case exactlyOne([String])
    /// At most one of the keys is present.
    case atMostOne([String])
    /// If the first key is present, at least one of the others is present, too.
    case needs(String, [String])
    /// At most one of the two keys is present.
    case notBoth(String, String)
    case all([ObjectRule])
    /// The two values are not both zero, as numbers or percentages. Kubernetes has the same rule for a rolling update.
    case notBothZero(String, String)
}

extension ObjectShape.Key {
    static func required(_ name: String, _ shape: Shape, _ description: String) -> Self {
        Self(name: name, shape: .described(shape, description), isRequired: true)
    }

    static func optional(
        _ name: String, _ shape: Shape, _ description: String, default standard: DefaultValue? = nil
    ) -> Self {
        Self(name: name, shape: .described(shape, description), isRequired: false, standard: standard)
    }
}

/// The constraints on a text. The JSON Schema states the pattern (ECMA-262). In the parser, ``problem`` decides if there
/// is one, and otherwise the same pattern. Tests compare the two.
final class TextRule: Sendable {
    /// The description of a valid text in error messages, for example `a duration, for example 90s, 15m, 24h or 7d`.
    let expected: String
    let pattern: String?
    let choices: [String]?
    let minimumLength: Int?
    let maximumLength: Int?
    /// The check beyond lengths and choices. It returns nil if the text is valid.
    let problem: @Sendable (String) -> TextError?

    /// - Parameter message: The message for a text that does not match the pattern (default: "expected …").
    init(
        _ expected: String, pattern: String? = nil, choices: [String]? = nil, minimumLength: Int? = nil,
        maximumLength: Int? = nil, message: String? = nil, problem: (@Sendable (String) -> TextError?)? = nil
    ) {
        self.expected = expected
        self.pattern = pattern
        self.choices = choices
        self.minimumLength = minimumLength
        self.maximumLength = maximumLength
        let mismatch = TextError(message: message ?? "expected \(expected)")
        let compiled = problem == nil ? pattern.map { try? Pattern($0) } : nil
        self.problem = problem ?? { text in compiled.map { $0?.matches(text) == true } ?? true ? nil : mismatch }
    }

    /// Creates the rule of a text that a type reads.
    convenience init<Value>(
        reading read: @escaping @Sendable (String) throws(TextError) -> Value, _ expected: String,
        pattern: String? = nil, minimumLength: Int? = nil, maximumLength: Int? = nil
    ) {
        self.init(expected, pattern: pattern, minimumLength: minimumLength, maximumLength: maximumLength) { text in
            do throws(TextError) {
                _ = try read(text)
                return nil
            } catch {
                return error
            }
        }
    }

    /// Returns the problem with a text; nil if the text is valid.
    func check(_ text: String) -> TextError? {
        if let choices, !choices.contains(text) { return TextError(message: "expected \(expected)") }
        // A character has at least one byte.
        if let minimumLength, text.utf8.count < minimumLength || minimumLength > 1,
            text.unicodeScalars.count < minimumLength
        {
            return TextError(message: "expected \(expected)")
        }
        if let maximumLength, text.utf8.count > maximumLength {
            let length = text.unicodeScalars.count
            if length > maximumLength {
                return TextError(message: "expected at most \(maximumLength) characters, found \(length)")
            }
        }
        return problem(text)
    }
}
