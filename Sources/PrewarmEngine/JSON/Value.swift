internal import PrewarmCore

/// A JSON document. Its keys keep the order in which they are documented.
package enum Value: Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    /// A number with the digits of the document that it was read from.
    case number(String)
    case string(String)
    case array([Value])
    case object([(key: String, value: Value)])

    /// Returns an object without the keys whose value is nil: an absent key means unknown.
    package static func object(known pairs: KeyValuePairs<String, Value?>) -> Value {
        var known: [(key: String, value: Value)] = []
        // The exact capacity saves memory: documents of thousands of presets are in memory at once.
        known.reserveCapacity(pairs.count { $0.value != nil })
        for case (let key, let value?) in pairs { known.append((key, value)) }
        return .object(known)
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension Value {
    /// The document as JSON, indented by two spaces, with a newline at the end. Equal documents give equal text.
    package var json: String { text(isCompact: false) + "\n" }

    /// The document as JSON in one line, without a newline at the end.
    package var compactJSON: String { text(isCompact: true) }

    private func text(isCompact: Bool) -> String {
        let output = JSONOutput(isCompact: isCompact)
        output.tree(self)
        return output.text
    }
}

// MARK: YAML

extension Value {
    /// The document as block YAML. Text that YAML could read as another type is in double quotes, as in JSON.
    package var yaml: String {
        var lines: [String] = []
        appendYAML(to: &lines, indent: "", lead: "")
        return lines.joined(separator: "\n") + "\n"
    }

    private func appendYAML(to lines: inout [String], indent: String, lead: String) {
        switch self {
        case .array(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() {
                element.appendYAML(to: &lines, indent: indent + "  ", lead: (index == 0 ? lead : indent) + "- ")
            }
        case .object(let pairs) where !pairs.isEmpty:
            for (index, pair) in pairs.enumerated() {
                let start = (index == 0 ? lead : indent) + Self.scalar(pair.key) + ":"
                switch pair.value {
                case .array(let elements) where !elements.isEmpty:
                    lines.append(start)
                    pair.value.appendYAML(to: &lines, indent: indent + "  ", lead: indent + "  ")
                case .object(let inner) where !inner.isEmpty:
                    lines.append(start)
                    pair.value.appendYAML(to: &lines, indent: indent + "  ", lead: indent + "  ")
                default: lines.append(start + " " + pair.value.inline)
                }
            }
        default: lines.append(lead + inline)
        }
    }

    private var inline: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .double(let value): String(describing: value)
        case .number(let text): text
        case .string(let value): Self.scalar(value)
        case .array: "[]"
        case .object: "{}"
        }
    }

    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.utf8.first.map { (65...90).contains($0) || (97...122).contains($0) } == true
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "@")]
                        .contains(byte)
            }
        let isTaken = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
        if isPlain, !isTaken { return text }
        let output = JSONOutput(isCompact: true)
        output.string(text)
        return output.text
    }
}
