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

// MARK: JSON

extension Value {
    /// The document as JSON, indented by two spaces, with a newline at the end. Equal documents give equal text.
    package var json: String { json(isCompact: false) + "\n" }

    /// The document as JSON in one line, without a newline at the end.
    package var compactJSON: String { json(isCompact: true) }

    private func json(isCompact: Bool) -> String {
        var writer = JSONWriter(isCompact: isCompact)
        writer.write(self, indent: 0)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

private struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    let isCompact: Bool

    init(isCompact: Bool = false) {
        self.isCompact = isCompact
    }

    mutating func write(_ value: Value, indent: Int) {
        switch value {
        case .null: write("null")
        case .bool(let value): write(value ? "true" : "false")
        case .int(let value): write(String(value))
        case .double(let value): write(value.isFinite ? String(describing: value) : "null")
        case .number(let text): write(text)
        case .string(let value): write(quoted: value)
        case .array(let elements):
            write(elements, between: ("[", "]"), indent: indent) { writer, element in
                writer.write(element, indent: indent + 2)
            }
        case .object(let pairs):
            write(pairs, between: ("{", "}"), indent: indent) { writer, pair in
                writer.write(quoted: pair.key)
                writer.write(writer.isCompact ? ":" : ": ")
                writer.write(pair.value, indent: indent + 2)
            }
        }
    }

    private mutating func write<Element>(
        _ elements: [Element], between brackets: (String, String), indent: Int,
        _ body: (inout JSONWriter, Element) -> Void
    ) {
        write(brackets.0)
        for (index, element) in elements.enumerated() {
            if index > 0 { write(",") }
            breakLine(indent: indent + 2)
            body(&self, element)
        }
        if !elements.isEmpty { breakLine(indent: indent) }
        write(brackets.1)
    }

    private mutating func breakLine(indent: Int) {
        if isCompact { return }
        write("\n")
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
    }

    private mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func write(quoted text: String) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy({ $0 < 0x80 }) {
            for byte in text.utf8 { write(ascii: byte) }
        } else {
            for scalar in text.unicodeScalars { write(scalar) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(ascii byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): write("\\\"")
        case UInt8(ascii: "\\"): write("\\\\")
        case UInt8(ascii: "\n"): write("\\n")
        case UInt8(ascii: "\r"): write("\\r")
        case UInt8(ascii: "\t"): write("\\t")
        case 0..<0x20, 0x7f: write(escaped: UInt16(byte))
        default: bytes.append(byte)
        }
    }

    /// Escapes characters that control a terminal, change the direction of text or are invisible, so that a document is
    /// safe to show. Programs decode the same text.
    private mutating func write(_ scalar: Unicode.Scalar) {
        if scalar.isASCII {
            write(ascii: UInt8(scalar.value))
        } else if scalar.isPrintable {
            bytes.append(contentsOf: String(scalar).utf8)
        } else {
            for unit in String(scalar).utf16 { write(escaped: unit) }
        }
    }

    private mutating func write(escaped unit: UInt16) {
        let digits = String(unit, radix: 16)
        write("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
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
        var writer = JSONWriter()
        writer.write(quoted: text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
