import PrewarmCore

/// Checks a document against its shape and reports all errors. It writes messages for the first hundred, and counts the
/// others.
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
                    tree.position(child),
                    "invalid \(shown(name)): expected at most \(counts.upperBound) elements, found more"
                )
            }
            check(child, element, name: .element(of: name, number))
            number += 1
        }
        if number < counts.lowerBound {
            report(
                tree.position(index),
                "invalid \(shown(name)): expected at least \(counts.lowerBound.counted("element")), found \(number)")
        }
    }

    private mutating func check(_ index: Int, _ object: ObjectShape) {
        let before = count
        var seen = SeenKeys(tree, of: index)
        var found: UInt64 = 0
        /// The required keys that an unknown key is probably meant to be.
        var misspelled: UInt64 = 0
        var position = 0
        for pair in tree.pairs(index) {
            defer { position += 1 }
            guard let number = object.number(ofKey: pair.key, in: tree), found >> UInt64(number) & 1 == 0 else {
                if isNew(pair.key, position, &seen, .text(object.name)) {
                    if let meant = object.number(ofMisspelled: tree.written(pair.key) ?? "") {
                        misspelled |= 1 << UInt64(meant)
                    }
                    reportUnknown(pair.key, object)
                }
                continue
            }
            found |= 1 << UInt64(number)
            if !object.keys[number].isRequired, tree.isNull(pair.value) { continue }
            check(pair.value, object.keys[number].bareShape, name: .key(pair.key))
        }
        found |= misspelled
        if found & object.required != object.required {
            for (number, key) in object.keys.enumerated() where key.isRequired && found >> UInt64(number) & 1 == 0 {
                report(
                    tree.position(index), "invalid \(object.name): the required key \"\(key.name)\" is missing",
                    hint: key.hint)
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
            if let problem = rule.check(tree.written(pair.key) ?? "") {
                report(
                    tree.position(pair.key),
                    "invalid key \"\(shownKey(pair.key))\" in \(shown(name)): \(problem.message)")
            }
            check(pair.value, value, name: .key(pair.key))
        }
    }

    /// Reports a key that is a collection or a duplicate, and returns false for it. All scalar keys are text, as they
    /// are written, also in `on: …` and `8080: …`.
    private mutating func isNew(_ key: Int, _ number: Int, _ seen: inout SeenKeys, _ name: PartName) -> Bool {
        guard tree.isScalar(key) else {
            report(tree.position(key), "invalid key in \(shown(name)): expected text, found \(tree.found(key))")
            return false
        }
        guard let first = seen.first(like: key, number: number) else { return true }
        guard hasRoom() else { return false }
        report(
            tree.position(key),
            "invalid \(shown(name)): duplicate key \"\(shownKey(key))\", first at line \(tree.position(first).line)",
            hint: "remove one of the two")
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
            tree.position(key), "invalid \(object.name): unknown key \"\(shownKey(key))\"",
            hint: hint(forUnknown: tree.written(key) ?? "", object.keys.map(\.name)))
    }

    private func hint(forUnknown key: String, _ names: [String]) -> String {
        if key == "<<" { return "write the values here: YAML 1.2 has no merge keys" }
        return names.closest(to: key).map { "did you mean \"\($0)\"?" }
            ?? "use one of \(names.joined(separator: ", "))"
    }

    private mutating func check(
        _ rule: ObjectRule, _ present: [String: Int], _ object: ObjectShape, at position: Position
    ) {
        let names = object.keys.map(\.name).filter { present[$0] != nil }
        switch rule {
        case .exactlyOne(let keys):
            let found = names.filter { keys.contains($0) }
            guard found.count != 1 else { break }
            let expected = "invalid \(object.name): expected exactly one of \(keys.joined(separator: ", "))"
            if found.isEmpty {
                report(position, "\(expected), found none", hint: "add one of these keys")
            } else {
                report(
                    position, "\(expected), found \(found.joined(separator: " and "))",
                    hint: "keep one of these keys and remove the others")
            }
        case .atMostOne(let keys):
            let found = names.filter { keys.contains($0) }
            if found.count > 1 {
                report(
                    position,
                    "invalid \(object.name): expected at most one of \(keys.joined(separator: ", ")), found "
                        + found.joined(separator: " and "),
                    hint: "keep one of these keys and remove the others")
            }
        case .needs(let key, let others):
            if names.contains(key), !names.contains(where: { others.contains($0) }) {
                let needed = "\"\(others.joined(separator: "\" or \""))\""
                report(
                    position, "invalid \(object.name): \"\(key)\" requires \(needed)",
                    hint: "add \(needed), or remove \"\(key)\"")
            }
        case .notBoth(let first, let second):
            if names.contains(first), names.contains(second) {
                report(
                    position, "invalid \(object.name): \"\(first)\" and \"\(second)\" cannot be used together",
                    hint: "remove one of the two")
            }
        case .all(let rules): for rule in rules { check(rule, present, object, at: position) }
        case .notBothZero(let first, let second):
            if isZero(present[first]), isZero(present[second]) {
                report(
                    position,
                    "invalid \(object.name): \(first) and \(second) are both 0, so no workspace could be replaced",
                    hint: "set one of the two to at least 1")
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
            if let problem = rule.check(tree.written(index) ?? "") { report(problem, of: rule, with: index, name) }
        case (.integer(let range), .integer(let value)):
            guard let value = Int(exactly: value), range.contains(value) else {
                return report(
                    tree.position(index), "invalid \(shown(name)): expected \(shape.expected), found \(value)")
            }
        case (.scalar, .integer), (.scalar, .boolean): checkSpelling(index, resolution, name)
        case (.scalar, .number(let value)) where value.isFinite: checkSpelling(index, resolution, name)
        case (.number, .integer), (.boolean, .boolean): break
        case (.scalar, .text):
            let count = tree.byteCount(index)
            guard count > 65_536 else { break }
            report(tree.position(index), "invalid \(shown(name)): expected at most 65536 bytes, found \(count)")
        case (.number, .number(let value)) where value.isFinite: break
        default: reportKind(index, shape, name)
        }
    }

    /// Reports a number or boolean that the provisioner would receive in another spelling than it is written. For
    /// example, `1.20` would become `1.2`, although it may be meant as text.
    private mutating func checkSpelling(_ index: Int, _ resolution: Resolution, _ name: PartName) {
        guard let written = tree.written(index), let canonical = resolution.canonicalText, written != canonical else {
            return
        }
        report(
            tree.position(index),
            "invalid \(shown(name)): the provisioner would receive \(written.shortened) as \(canonical)",
            hint: "to keep the text, write \(corrected(name, "\"\(written.limited(to: 200))\"")). "
                + "Otherwise, write \(corrected(name, canonical))")
    }

    private mutating func report(
        _ problem: TextError, of rule: TextRule, with index: Int, _ name: PartName
    ) {
        guard hasRoom(), let scalar = tree.scalar(index) else { return }
        let position = tree.position(index)
        let offset = problem.offset > 0 ? scalar.offset.map { $0 + problem.offset } ?? 0 : 0
        report(
            Position(line: position.line, column: position.column + offset),
            "invalid \(shown(name)) \"\(scalar.shown.shortened)\": \(problem.message)",
            hint: rule.choices.flatMap { $0.closest(to: scalar.text) }.map { "did you mean \"\($0)\"?" })
    }

    private mutating func reportKind(_ index: Int, _ shape: Shape, _ name: PartName) {
        guard hasRoom() else { return }
        report(
            tree.position(index), "invalid \(shown(name)): expected \(shape.expected), found \(tree.found(index))",
            hint: tree.scalar(index).flatMap { hint(for: $0, shape, name) })
    }

    /// Returns the hint for a scalar that has the wrong kind because quotes are missing or superfluous.
    private func hint(for scalar: Scalar, _ shape: Shape, _ name: PartName) -> String? {
        switch scalar.value {
        case .null: return nil
        case .integer, .number, .boolean:
            return shape.accepts(text: scalar.text)
                ? "add quotes: \(corrected(name, "\"\(scalar.text.limited(to: 200))\""))" : nil
        case .text(let text):
            let plain = Resolution(Array(text.utf8).span)
            if plain == .text {
                let isOldBoolean = ["yes", "no", "on", "off"].contains(text.lowercased())
                guard isOldBoolean, shape.fits(.scalar(.boolean(true))) else { return nil }
                let value = ["yes", "on"].contains(text.lowercased())
                return "write \(corrected(name, "\(value)")). YAML 1.2 has only the booleans true and false"
            }
            guard shape.fits(.scalar(plain)) else { return nil }
            return scalar.shown == text
                ? "remove the quotes: \(corrected(name, text.limited(to: 200)))"
                : "write the value itself: the value of a variable is always text"
        }
    }

    /// Returns the corrected entry, for example `version: "1.0"`, or the value alone if the part is no entry of a
    /// mapping.
    private func corrected(_ name: PartName, _ value: String) -> String {
        if case .key = name { "\(shown(name)): \(value)" } else { value }
    }

    private mutating func report(_ position: Position, _ message: String, hint: String? = nil) {
        guard hasRoom() else { return }
        problems.append(Diagnostic(.error, at: position, message, hint: hint))
    }

    /// Returns false and counts the error if the limit of messages is reached. It is called before a message is built,
    /// because a file may have 100,000 errors.
    private mutating func hasRoom() -> Bool {
        if problems.count < Diagnostic.mostInFile { return true }
        omitted += 1
        return false
    }
}

extension ObjectShape {
    /// Returns the number of the key that an unknown key is probably meant to be; nil if no key is like it.
    fileprivate func number(ofMisspelled key: String) -> Int? {
        keys.map(\.name).closest(to: key).flatMap { name in keys.firstIndex { $0.name == name } }
    }
}
