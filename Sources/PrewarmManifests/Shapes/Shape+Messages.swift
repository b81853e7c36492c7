import PrewarmCore

/// What a message calls a part of a document. It is put together only where there is a message.
enum PartName {
    case text(String)
    indirect case element(of: PartName, Int)
    /// As this key of a mapping.
    case key(Int)
}

extension Shape {
    /// For an error: what should be there.
    var expected: String {
        switch self {
        case .object, .map: "a mapping"
        case .list: "a list"
        case .text(let rule): rule.expected
        case .integer: "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .scalar: "text, a number, true or false"
        case .either(let shapes): shapes.map(\.expected).joined(separator: " or ")
        case .described(let shape, _): shape.expected
        }
    }

    /// Whether it would be good as text, were it in quotes.
    func accepts(text: String) -> Bool {
        switch self {
        case .text(let rule): rule.check(text) == nil
        case .scalar: true
        case .described(let shape, _): shape.accepts(text: text)
        case .either(let shapes): shapes.contains { $0.accepts(text: text) }
        default: false
        }
    }

    /// Whether the kind of a node is right, whatever its value.
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
    var hint: String? {
        if case .described(_, let text) = shape { return "\(name): \(text)" }
        return nil
    }
}

extension YAMLTree {
    /// For an error: what is there.
    func found(_ index: Int) -> String {
        guard let scalar = scalar(index) else { return content(index) == .mapping ? "a mapping" : "a list" }
        return switch scalar.value {
        case .null: "empty"
        case .boolean: scalar.text
        case .integer, .number: "the number \(scalar.text.shortened)"
        case .text: "the text \"\(scalar.shown.shortened)\""
        }
    }
}
