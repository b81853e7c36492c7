import PrewarmCore

/// Holds a document against its shape and reports everything that differs.
struct ShapeCheck {
    let tree: YAMLTree
    private(set) var problems: [Diagnostic] = []

    init(_ tree: YAMLTree) {
        self.tree = tree
    }

    mutating func check(_ index: Int, _ shape: Shape, name: String) {
        let node = tree[index]
        switch shape {
        case .described(let shape, _): check(index, shape, name: name)
        case .object(let object):
            guard case .mapping(let range) = node.content else { return reportKind(index, shape, name) }
            check(tree.pairs(range), object, at: node.position)
        case .map(let rule, let value):
            guard case .mapping(let range) = node.content else { return reportKind(index, shape, name) }
            checkMap(tree.pairs(range), rule, value, name: name)
        case .list(let element, let minimum):
            guard case .sequence(let range) = node.content else { return reportKind(index, shape, name) }
            if range.count < minimum { report(node.position, "\(name) is empty, expected at least \(minimum)") }
            for (offset, child) in tree.elements(range).enumerated() {
                check(child, element, name: "\(name)[\(offset)]")
            }
        case .either(let shapes): checkEither(index, shapes, name: name)
        default: checkScalar(index, shape, name: name)
        }
    }

    // MARK: Collections

    private mutating func check(_ pairs: [(key: Int, value: Int)], _ object: ObjectShape, at position: Position) {
        let before = problems.count
        var seen: [String: Position] = [:]
        for pair in pairs {
            guard let key = keyText(pair.key, in: object.name) else { continue }
            if !note(key, at: pair.key, in: &seen, of: object.name) { continue }
            guard let known = object.keys.first(where: { $0.name == key }) else {
                reportUnknown(key, at: pair.key, object)
                continue
            }
            if !known.isRequired, isNull(pair.value) { continue }
            check(pair.value, known.shape, name: key)
        }
        for key in object.keys where key.isRequired && seen[key.name] == nil {
            report(position, "\(object.name) lacks \"\(key.name)\", which is required", hint: key.hint)
        }
        if problems.count == before, let rule = object.rule {
            let present = pairs.compactMap { pair in
                isNull(pair.value) ? nil : keyName(pair.key).map { ($0, pair.value) }
            }
            check(rule, Dictionary(present) { first, _ in first }, object, at: position)
        }
    }

    private mutating func checkMap(
        _ pairs: [(key: Int, value: Int)], _ rule: TextRule, _ value: Shape, name: String
    ) {
        var seen: [String: Position] = [:]
        for pair in pairs {
            guard let key = keyText(pair.key, in: name), note(key, at: pair.key, in: &seen, of: name) else { continue }
            if let problem = rule.check(key) {
                report(
                    tree[pair.key].position,
                    "the key \"\(shownKey(pair.key))\" of \(name) is not allowed: \(problem.message)")
            }
            check(pair.value, value, name: shownKey(pair.key))
        }
    }

    /// Keys are text; `on: …` and `8080: …` are too, as they are written.
    private mutating func keyText(_ index: Int, in name: String) -> String? {
        if let text = keyName(index) { return text }
        report(tree[index].position, "a key of \(name) is a collection, expected text")
        return nil
    }

    private func keyName(_ index: Int) -> String? {
        if case .scalar(let scalar) = tree[index].content { return scalar.text }
        return nil
    }

    private func shownKey(_ index: Int) -> String {
        if case .scalar(let scalar) = tree[index].content { return scalar.shown.shortened }
        return ""
    }

    private mutating func note(
        _ key: String, at index: Int, in seen: inout [String: Position], of name: String
    ) -> Bool {
        let position = tree[index].position
        if let first = seen[key] {
            report(
                position, "the key \"\(shownKey(index))\" is in \(name) twice, first at line \(first.line)",
                hint: "remove one of them")
            return false
        }
        seen[key] = position
        return true
    }

    private mutating func reportUnknown(_ key: String, at index: Int, _ object: ObjectShape) {
        let names = object.keys.map(\.name)
        let hint =
            key == "<<"
            ? "YAML 1.2 has no merge keys: write the values out"
            : names.closest(to: key).map { "did you mean \"\($0)\"?" } ?? "known are \(names.joined(separator: ", "))"
        report(tree[index].position, "\(object.name) has no key \"\(shownKey(index))\"", hint: hint)
    }

    private func isNull(_ index: Int) -> Bool {
        if case .scalar(let scalar) = tree[index].content { return scalar.value == .null }
        return false
    }

    private mutating func check(
        _ rule: ObjectRule, _ present: [String: Int], _ object: ObjectShape, at position: Position
    ) {
        let names = object.keys.map(\.name).filter { present[$0] != nil }
        switch rule {
        case .exactlyOne(let keys):
            let found = names.filter { keys.contains($0) }
            if found.count > 1 {
                report(position, "\(object.name) has \(found.joined(separator: " and ")), expected only one of them")
            } else if found.isEmpty {
                report(position, "\(object.name) has none of \(keys.joined(separator: ", ")), expected one of them")
            }
        case .needs(let key, let others):
            if names.contains(key), !names.contains(where: { others.contains($0) }) {
                report(
                    position,
                    "\(object.name) has \"\(key)\", but no \"\(others.joined(separator: "\" or \""))\" with it")
            }
        case .notBoth(let first, let second):
            if names.contains(first), names.contains(second) {
                report(position, "\(object.name) has \(first) and \(second), expected only one of them")
            }
        case .all(let rules): for rule in rules { check(rule, present, object, at: position) }
        case .notBothZero(let first, let second):
            if isZero(present[first]), isZero(present[second]) {
                report(
                    position, "\(first) and \(second) are both 0, so that nothing could ever be replaced",
                    hint: "let one of them be at least 1")
            }
        }
    }

    private func isZero(_ index: Int?) -> Bool {
        guard let index, case .scalar(let scalar) = tree[index].content else { return false }
        return scalar.value == .integer(0)
            || (tree.text(index).flatMap { IntOrPercent(percentText: $0) } == .percent(0))
    }

    // MARK: Scalars

    private mutating func checkEither(_ index: Int, _ shapes: [Shape], name: String) {
        if let shape = shapes.first(where: { $0.fits(tree[index].content) }) {
            check(index, shape, name: name)
        } else {
            reportKind(index, .either(shapes), name)
        }
    }

    private mutating func checkScalar(_ index: Int, _ shape: Shape, name: String) {
        guard case .scalar(let scalar) = tree[index].content else { return reportKind(index, shape, name) }
        switch (shape, scalar.value) {
        case (.text(let rule), .text(let text)):
            guard let problem = rule.check(text) else { return }
            let position = tree[index].position
            let offset = problem.offset > 0 ? scalar.offset.map { $0 + problem.offset } ?? 0 : 0
            report(
                Position(line: position.line, column: position.column + offset),
                "\(name) is \"\(scalar.shown.shortened)\": \(problem.message)",
                hint: rule.choices.flatMap { $0.closest(to: text) }.map { "did you mean \"\($0)\"?" })
        case (.integer(let range), .integer(let value)):
            guard let value = Int(exactly: value), range.contains(value) else {
                let bounds =
                    range.upperBound == .max
                    ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
                return report(tree[index].position, "\(name) is \(value), expected \(bounds)")
            }
        case (.number, .integer), (.boolean, .boolean), (.scalar, .integer), (.scalar, .boolean), (.scalar, .text):
            break
        case (.number, .number(let value)) where value.isFinite, (.scalar, .number(let value)) where value.isFinite:
            break
        default: reportKind(index, shape, name)
        }
        if case .scalar = shape, case .text(let text) = scalar.value, text.utf8.count > 65_536 {
            report(tree[index].position, "\(name) has \(text.utf8.count) bytes, at most 65536 are allowed")
        }
    }

    private mutating func reportKind(_ index: Int, _ shape: Shape, _ name: String) {
        var hint: String?
        if case .scalar(let scalar) = tree[index].content { hint = self.hint(for: scalar, shape) }
        report(
            tree[index].position, "\(name) is \(tree[index].content.found), expected \(shape.expected)", hint: hint)
    }

    /// How quotes, or their lack, made another kind of the scalar than was meant.
    private func hint(for scalar: Scalar, _ shape: Shape) -> String? {
        switch scalar.value {
        case .null: return nil
        case .integer, .number, .boolean:
            return shape.accepts(text: scalar.text)
                ? "put it in quotes to make it text: \"\(scalar.text.shortened)\"" : nil
        case .text(let text):
            let plain = Scalar(text: text, isPlain: true)
            if case .text = plain.value {
                let isOldBoolean = ["yes", "no", "on", "off"].contains(text.lowercased())
                return isOldBoolean && shape.fits(.scalar(Scalar(text: "true", isPlain: true)))
                    ? "YAML 1.2 knows only true and false" : nil
            }
            guard shape.fits(.scalar(plain)) else { return nil }
            return scalar.shown == text ? "remove the quotes" : "what the environment gives is always text"
        }
    }

    private mutating func report(_ position: Position, _ message: String, hint: String? = nil) {
        problems.append(Diagnostic(.error, at: position, message, hint: hint))
    }
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
        case (.text, .scalar(let scalar)): if case .text = scalar.value { true } else { false }
        case (.integer, .scalar(let scalar)): if case .integer = scalar.value { true } else { false }
        case (.boolean, .scalar(let scalar)): if case .boolean = scalar.value { true } else { false }
        case (.number, .scalar(let scalar)), (.scalar, .scalar(let scalar)): scalar.value != .null
        case (.either(let shapes), _): shapes.contains { $0.fits(content) }
        default: false
        }
    }
}

extension ObjectShape.Key {
    fileprivate var hint: String? {
        if case .described(_, let text) = shape { return "\(name): \(text)" }
        return nil
    }
}

extension YAMLTree.Content {
    /// For an error: what is there.
    var found: String {
        switch self {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar(let scalar):
            switch scalar.value {
            case .null: "empty"
            case .boolean: scalar.text
            case .integer, .number: "the number \(scalar.text.shortened)"
            case .text: "the text \"\(scalar.shown.shortened)\""
            }
        }
    }
}

extension String {
    /// For a message: one line, not too long.
    var shortened: String {
        let line = split(separator: "\n").first.map(String.init) ?? ""
        return line.count > 60 ? line.prefix(59) + "…" : line
    }
}
