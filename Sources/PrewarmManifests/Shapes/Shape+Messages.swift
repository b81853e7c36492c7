import PrewarmCore

/// The name of a part of a document in messages. The text is built only if a message needs it.
enum PartName {
    case text(String)
    indirect case element(of: PartName, Int)
    /// The part is the value of this key of a mapping.
    case key(Int)
}

extension Shape {
    /// The description of a valid value in error messages, for example `a whole number`.
    var expected: String {
        switch self {
        case .object, .map: "a mapping"
        case .list: "a list"
        case .text(let rule): rule.expected
        case .integer(let range) where range.upperBound == .max: "a whole number of at least \(range.lowerBound)"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number: "a number"
        case .boolean: "true or false"
        case .scalar: "text, a number, true or false"
        case .either(let shapes): shapes.map(\.expected).joined(separator: ", or ")
        case .described(let shape, _): shape.expected
        }
    }

    /// Returns true if the text would be valid as text, in quotes.
    func accepts(text: String) -> Bool {
        switch self {
        case .text(let rule): rule.check(text) == nil
        case .scalar: true
        case .described(let shape, _): shape.accepts(text: text)
        case .either(let shapes): shapes.contains { $0.accepts(text: text) }
        default: false
        }
    }

    /// Returns true if the kind of a node is valid. The value is not checked.
    func fits(_ content: YAMLTree.Content) -> Bool {
        switch (self, content) {
        case (.described(let shape, _), _): shape.fits(content)
        case (.object, .mapping), (.map, .mapping), (.list, .sequence): true
        case (.text, .scalar(.text)), (.integer, .scalar(.integer)), (.boolean, .scalar(.boolean)): true
        case (.number, .scalar(let value)), (.scalar, .scalar(let value)): value != .null
        case (.either(let shapes), _): shapes.contains { $0.fits(content) }
        default: false
        }
    }
}

extension ObjectShape.Key {
    /// The hint for a missing key: its name and the first sentence of its description.
    var hint: String? {
        guard case .described(_, let text) = shape else { return nil }
        let sentence = text.prefix(upTo: text.firstRange(of: ". ")?.lowerBound ?? text.endIndex)
        let phrase = sentence.hasSuffix(".") ? sentence.dropLast() : sentence
        return "add \"\(name)\": \(phrase.prefix(1).lowercased())\(phrase.dropFirst())"
    }
}

extension YAMLTree {
    /// The description of a node in error messages, for example `the number 3`.
    func found(_ index: Int) -> String {
        guard let scalar = scalar(index) else { return content(index) == .mapping ? "a mapping" : "a list" }
        return switch scalar.value {
        case .null: "an empty value"
        case .boolean: scalar.text
        case .integer, .number: "the number \(scalar.text.shortened)"
        case .text: "the text \"\(scalar.shown.shortened)\""
        }
    }
}
