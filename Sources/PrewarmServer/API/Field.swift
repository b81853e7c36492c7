import PrewarmCore
import PrewarmEngine

/// One member of a body or of a query: how it is checked, and how OpenAPI describes it.
struct Field: Sendable {
    enum Kind: Sendable {
        case text(maximum: Int)
        case choice([String])
        case boolean
        case integer(ClosedRange<Int>)
        /// `90s`, `15m`
        case duration
        /// RFC 3339, or a duration from now.
        case moment
        case texts(maximum: Int)
    }

    let name: String
    let kind: Kind
    let isRequired: Bool
    let meaning: String

    static func optional(_ name: String, _ kind: Kind, _ meaning: String) -> Field {
        Field(name: name, kind: kind, isRequired: false, meaning: meaning)
    }

    static func required(_ name: String, _ kind: Kind, _ meaning: String) -> Field {
        Field(name: name, kind: kind, isRequired: true, meaning: meaning)
    }

    /// Nil where the value is good, else what was expected.
    func expectation(_ value: Value) -> String? {
        switch (kind, value) {
        case (.text(let maximum), .string(let text)):
            return (1...maximum).contains(text.unicodeScalars.count) && !text.unicodeScalars.contains("\0")
                ? nil : "1 to \(maximum) characters"
        case (.choice(let choices), .string(let text)):
            return choices.contains(text) ? nil : "one of \(choices.joined(separator: ", "))"
        case (.choice(let choices), _): return "one of \(choices.joined(separator: ", "))"
        case (.boolean, .bool): return nil
        case (.boolean, _): return "true or false"
        case (.integer(let range), .int(let number)) where range.contains(number): return nil
        case (.integer(let range), _): return "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case (.duration, .string(let text)) where Duration(prewarm: text) != nil: return nil
        case (.duration, _): return "a duration, as 90s or 15m"
        case (.moment, .string(let text)) where Timestamp(text) != nil || Duration(prewarm: text) != nil: return nil
        case (.moment, _): return "a time, as 2026-11-24T18:00:00Z, or a duration from now, as 2h"
        case (.texts(let maximum), .array(let elements)):
            let isGood =
                (1...maximum).contains(elements.count)
                && elements.allSatisfy { $0.string.map { (1...256).contains($0.unicodeScalars.count) } == true }
            return isGood ? nil : "1 to \(maximum) texts of 1 to 256 characters"
        case (.texts(let maximum), _): return "a list of 1 to \(maximum) texts"
        case (.text, _): return "a text"
        }
    }

    /// What a query's text stands for.
    func value(ofQuery text: String) -> Value {
        switch kind {
        case .boolean: text == "true" ? .bool(true) : text == "false" ? .bool(false) : .string(text)
        case .integer: Int(text).map { .int($0) } ?? .string(text)
        default: .string(text)
        }
    }

    /// JSON Schema.
    var schema: Value {
        switch kind {
        case .text(let maximum):
            .object(known: ["type": "string", "minLength": 1, "maxLength": .int(maximum)])
        case .choice(let choices): .object(known: ["type": "string", "enum": .array(choices.map { .string($0) })])
        case .boolean: .object(known: ["type": "boolean"])
        case .integer(let range):
            .object(known: [
                "type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound),
            ])
        case .duration: .object(known: ["type": "string", "pattern": "^[0-9]{1,9}(s|m|h|d)$", "example": "15m"])
        case .moment: .object(known: ["type": "string", "format": "date-time"])
        case .texts(let maximum):
            .object(known: [
                "type": "array", "minItems": 1, "maxItems": .int(maximum),
                "items": .object(known: ["type": "string", "minLength": 1, "maxLength": 256]),
            ])
        }
    }
}
