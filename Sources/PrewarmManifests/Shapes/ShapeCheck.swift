import PrewarmCore

/// Holds a document against its shape and reports everything that differs, the first hundred errors in words.
struct ShapeCheck {
    let tree: YAMLTree
    private(set) var problems: [Diagnostic] = []
    /// The number of errors beyond those in ``problems``.
    private(set) var omitted = 0
    private var count: Int { problems.count + omitted }

    init(_ tree: YAMLTree) {
        self.tree = tree
    }

    mutating func check(_ index: Int, _ shape: Shape, name: PartName) {
        switch shape {
        case .described(let shape, _): check(index, shape, name: name)
        case .object(let object):
            guard tree.content(index) == .mapping else { return reportKind(index, shape, name) }
            check(index, object)
        case .map(let rule, let value):
            guard tree.content(index) == .mapping else { return reportKind(index, shape, name) }
            checkMap(index, rule, value, name: name)
        case .list(let element, let minimum, let maximum):
            guard tree.content(index) == .sequence else { return reportKind(index, shape, name) }
            checkList(index, element, minimum...maximum, name: name)
        case .either(let shapes): checkEither(index, shapes, name: name)
        default: checkScalar(index, shape, name: name)
        }
    }

    // MARK: Collections

    private mutating func checkList(_ index: Int, _ element: Shape, _ counts: ClosedRange<Int>, name: PartName) {
        var number = 0
        for child in tree.elements(index) {
            guard number < counts.upperBound else {
                return report(
                    tree.position(child), "\(shown(name)) has more than \(counts.upperBound) elements, the limit for it"
                )
            }
            check(child, element, name: .element(of: name, number))
            number += 1
        }
        if number < counts.lowerBound {
            report(tree.position(index), "\(shown(name)) is empty, expected at least \(counts.lowerBound)")
        }
    }

    private mutating func check(_ index: Int, _ object: ObjectShape) {
        let before = count
        var seen = SeenKeys(tree, of: index)
        var found: UInt64 = 0
        var position = 0
        for pair in tree.pairs(index) {
            defer { position += 1 }
            guard let number = object.number(ofKey: pair.key, in: tree), found >> UInt64(number) & 1 == 0 else {
                if isNew(pair.key, position, &seen, .text(object.name)) { reportUnknown(pair.key, object) }
                continue
            }
            found |= 1 << UInt64(number)
            if !object.keys[number].isRequired, tree.isNull(pair.value) { continue }
            check(pair.value, object.keys[number].bareShape, name: .key(pair.key))
        }
        if found & object.required != object.required {
            for (number, key) in object.keys.enumerated() where key.isRequired && found >> UInt64(number) & 1 == 0 {
                report(
                    tree.position(index), "\(object.name) lacks \"\(key.name)\", which is required", hint: key.hint)
            }
        }
        if count == before, let rule = object.rule {
            let present = tree.pairs(index).compactMap { pair in
                tree.isNull(pair.value) ? nil : tree.written(pair.key).map { ($0, pair.value) }
            }
            check(rule, Dictionary(present) { first, _ in first }, object, at: tree.position(index))
        }
    }

    private mutating func checkMap(_ index: Int, _ rule: TextRule, _ value: Shape, name: PartName) {
        var seen = SeenKeys(tree, of: index)
        var position = 0
        for pair in tree.pairs(index) {
            defer { position += 1 }
            guard isNew(pair.key, position, &seen, name) else { continue }
            if let problem = tree.problem(of: rule, pair.key) {
                report(
                    tree.position(pair.key),
                    "the key \"\(shownKey(pair.key))\" of \(shown(name)) is not allowed: \(problem.message)")
            }
            check(pair.value, value, name: .key(pair.key))
        }
    }

    /// False for a key that is reported: keys are text, `on: …` and `8080: …` too, as they are written, and none is
    /// there twice.
    private mutating func isNew(_ key: Int, _ number: Int, _ seen: inout SeenKeys, _ name: PartName) -> Bool {
        guard tree.isScalar(key) else {
            report(tree.position(key), "a key of \(shown(name)) is a collection, expected text")
            return false
        }
        guard let first = seen.first(like: key, number: number) else { return true }
        guard hasRoom() else { return false }
        report(
            tree.position(key),
            "the key \"\(shownKey(key))\" is in \(shown(name)) twice, first at line \(tree.position(first).line)",
            hint: "remove one of them")
        return false
    }

    private func shownKey(_ index: Int) -> String { tree.scalar(index)?.shown.shortened ?? "" }

    private func shown(_ name: PartName) -> String {
        switch name {
        case .text(let text): text
        case .element(let list, let number): "\(shown(list))[\(number)]"
        case .key(let index): shownKey(index)
        }
    }

    private mutating func reportUnknown(_ key: Int, _ object: ObjectShape) {
        guard hasRoom() else { return }
        report(
            tree.position(key), "\(object.name) has no key \"\(shownKey(key))\"",
            hint: hint(forUnknown: tree.written(key) ?? "", object.keys.map(\.name)))
    }

    private func hint(forUnknown key: String, _ names: [String]) -> String {
        if key == "<<" { return "YAML 1.2 has no merge keys: write the values out" }
        return names.closest(to: key).map { "did you mean \"\($0)\"?" }
            ?? "known are \(names.joined(separator: ", "))"
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
        guard let index else { return false }
        return tree.resolution(index) == .integer(0)
            || (tree.text(index).flatMap { IntOrPercent(percentText: $0) } == .percent(0))
    }

    // MARK: Scalars

    private mutating func checkEither(_ index: Int, _ shapes: [Shape], name: PartName) {
        let content = tree.content(index)
        if let shape = shapes.first(where: { $0.fits(content) }) {
            check(index, shape, name: name)
        } else {
            reportKind(index, .either(shapes), name)
        }
    }

    private mutating func checkScalar(_ index: Int, _ shape: Shape, name: PartName) {
        guard let resolution = tree.resolution(index) else { return reportKind(index, shape, name) }
        switch (shape, resolution) {
        case (.text(let rule), .text):
            if let problem = tree.problem(of: rule, index) { report(problem, of: rule, with: index, name) }
        case (.integer(let range), .integer(let value)):
            guard let value = Int(exactly: value), range.contains(value) else {
                let bounds =
                    range.upperBound == .max
                    ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
                return report(tree.position(index), "\(shown(name)) is \(value), expected \(bounds)")
            }
        case (.scalar, .integer), (.scalar, .boolean): checkSpelling(index, resolution, name)
        case (.scalar, .number(let value)) where value.isFinite: checkSpelling(index, resolution, name)
        case (.number, .integer), (.boolean, .boolean): break
        case (.scalar, .text):
            let count = tree.byteCount(index)
            guard count > 65_536 else { break }
            report(tree.position(index), "\(shown(name)) has \(count) bytes, at most 65536 are allowed")
        case (.number, .number(let value)) where value.isFinite: break
        default: reportKind(index, shape, name)
        }
    }

    /// A number or boolean reaches the provisioner in one way of writing: another one, as `012` or `1.20`, may be meant as
    /// text, and would silently become something else.
    private mutating func checkSpelling(_ index: Int, _ resolution: Resolution, _ name: PartName) {
        guard let written = tree.written(index), let canonical = resolution.canonicalText, written != canonical else {
            return
        }
        report(
            tree.position(index), "\(shown(name)) is \(written.shortened), which would become \(canonical)",
            hint: "put it in quotes to keep it as it is: \"\(written.limited(to: 200))\"; or write \(canonical)")
    }

    private mutating func report(
        _ problem: TextRule.Problem, of rule: TextRule, with index: Int, _ name: PartName
    ) {
        guard hasRoom(), let scalar = tree.scalar(index) else { return }
        let position = tree.position(index)
        let offset = problem.offset > 0 ? scalar.offset.map { $0 + problem.offset } ?? 0 : 0
        report(
            Position(line: position.line, column: position.column + offset),
            "\(shown(name)) is \"\(scalar.shown.shortened)\": \(problem.message)",
            hint: rule.choices.flatMap { $0.closest(to: scalar.text) }.map { "did you mean \"\($0)\"?" })
    }

    private mutating func reportKind(_ index: Int, _ shape: Shape, _ name: PartName) {
        guard hasRoom() else { return }
        report(
            tree.position(index), "\(shown(name)) is \(tree.found(index)), expected \(shape.expected)",
            hint: tree.scalar(index).flatMap { hint(for: $0, shape) })
    }

    /// How quotes, or their lack, made another kind of the scalar than was meant.
    private func hint(for scalar: Scalar, _ shape: Shape) -> String? {
        switch scalar.value {
        case .null: return nil
        case .integer, .number, .boolean:
            return shape.accepts(text: scalar.text)
                ? "put it in quotes to make it text: \"\(scalar.text.limited(to: 200))\"" : nil
        case .text(let text):
            let plain = Resolution(Array(text.utf8).span)
            if plain == .text {
                let isOldBoolean = ["yes", "no", "on", "off"].contains(text.lowercased())
                return isOldBoolean && shape.fits(.scalar(.boolean(true)))
                    ? "YAML 1.2 knows only true and false" : nil
            }
            guard shape.fits(.scalar(plain)) else { return nil }
            return scalar.shown == text ? "remove the quotes" : "what the environment gives is always text"
        }
    }

    private mutating func report(_ position: Position, _ message: String, hint: String? = nil) {
        guard hasRoom() else { return }
        problems.append(Diagnostic(.error, at: position, message, hint: hint))
    }

    /// False where an error is only counted: asked before a message is made that may be one of a hundred thousand.
    private mutating func hasRoom() -> Bool {
        if problems.count < Diagnostic.mostInFile { return true }
        omitted += 1
        return false
    }
}

extension YAMLTree {
    /// What is wrong with the text of a scalar.
    fileprivate func problem(of rule: TextRule, _ index: Int) -> TextRule.Problem? {
        let (node, texts) = (nodes[index], texts)
        if rule.surelyAccepts(texts.span.extracting(Int(node.start)..<Int(node.end))) { return nil }
        return rule.check(written(index) ?? "")
    }
}
