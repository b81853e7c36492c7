import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// A member of a body or of a query: its check, and its description in the OpenAPI document.
struct Field: Sendable {
    enum Kind: Sendable {
        /// A text of 1 to `maximum` Unicode scalars.
        case text(maximum: Int)
        /// A text of 1 to `maximum` characters of the given set, which is written like a bracket expression: `a-z0-9`.
        case characters(String, maximum: Int)
        case choice([String])
        case boolean
        case integer(ClosedRange<Int>)
        /// A duration, for example `90s` or `15m`.
        case duration
        /// A time in the form of RFC 3339, or a duration from now.
        case moment
        /// A list of 1 to `maximum` texts.
        case texts(maximum: Int)
        /// A commit: `5394cb7f`, `sha1:5394cb7f…` or `main@sha1:5394cb7f…`.
        case commit
        /// An object of claim parameters: names, each with a text, a number or a boolean.
        case parameters
        /// An object of labels and parameters that a preset has to have (``PresetSelector``).
        case selector
        /// A list of 1 to `maximum` such objects.
        case selectors(maximum: Int)
        /// The value `true`. A caller who does not mean it leaves the member out.
        case yes
    }

    let name: String
    let kind: Kind
    let isRequired: Bool
    /// The description in the OpenAPI document: a noun phrase without a capital letter and a period.
    let meaning: String

    static func optional(_ name: String, _ kind: Kind, _ meaning: String) -> Field {
        Field(name: name, kind: kind, isRequired: false, meaning: meaning)
    }

    static func required(_ name: String, _ kind: Kind, _ meaning: String) -> Field {
        Field(name: name, kind: kind, isRequired: true, meaning: meaning)
    }

    /// Returns what the value must be, or nil if it is valid. The text continues a sentence: `limit must be …`.
    func expectation(_ value: Value) -> String? {
        switch (kind, value) {
        case (.text(let maximum), .string(let text)):
            return (1...maximum).contains(text.unicodeScalars.count) && !text.unicodeScalars.contains("\0")
                ? nil : "a text of 1 to \(maximum) characters without NUL"
        case (.characters(let allowed, let maximum), .string(let text)):
            return (1...maximum).contains(text.utf8.count) && text.utf8.allSatisfy { Self.isOne($0, of: allowed) }
                ? nil : "a text of 1 to \(maximum) characters from [\(allowed)]"
        case (.choice(let choices), .string(let text)):
            return choices.contains(text) ? nil : "one of \(choices.joined(separator: ", "))"
        case (.choice(let choices), _): return "one of \(choices.joined(separator: ", "))"
        case (.boolean, .bool): return nil
        case (.boolean, _): return "true or false"
        case (.integer(let range), _) where value.wholeNumber.map(range.contains) == true: return nil
        case (.integer(let range), _): return "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case (.duration, .string(let text)) where Duration(prewarm: text) != nil: return nil
        case (.duration, _): return "a duration, for example 90s or 15m"
        case (.moment, .string(let text)) where Timestamp(text) != nil || Duration(prewarm: text) != nil: return nil
        case (.moment, _):
            return "a time, for example 2026-11-24T18:00:00Z, or a duration from now, for example 2h"
        case (.texts(let maximum), .array(let elements)):
            let isGood =
                (1...maximum).contains(elements.count)
                && elements.allSatisfy { $0.string.map { (1...256).contains($0.unicodeScalars.count) } == true }
            return isGood ? nil : "a list of 1 to \(maximum) texts of 1 to 256 characters each"
        case (.texts(let maximum), _): return "a list of 1 to \(maximum) texts"
        case (.commit, .string(let text)) where text.utf8.count <= 256 && SyncProgress.digits(text) != nil: return nil
        case (.commit, _): return "a commit, or at least its first six digits"
        case (.parameters, .object(let members)):
            let isGood =
                members.count <= ClaimValues.mostParameters
                && members.allSatisfy { $0.value.parameter != nil && (1...256).contains($0.key.unicodeScalars.count) }
                && members.reduce(0) { $0 + ($1.value.string?.utf8.count ?? 8) } <= ClaimValues.sizeLimit
            return isGood ? nil : Self.parametersExpectation
        case (.parameters, _): return Self.parametersExpectation
        case (.selector, _): return value.selector == nil ? Self.selectorExpectation : nil
        case (.selectors(let maximum), .array(let elements)):
            let isGood = (1...maximum).contains(elements.count) && elements.allSatisfy { $0.selector != nil }
            return isGood ? nil : "a list of 1 to \(maximum) objects, each \(Self.selectorExpectation)"
        case (.selectors(let maximum), _):
            return "a list of 1 to \(maximum) objects, each \(Self.selectorExpectation)"
        case (.yes, .bool(true)): return nil
        case (.yes, _): return "true"
        case (.text, _), (.characters, _): return "a text"
        }
    }

    private static let parametersExpectation =
        "an object of at most \(ClaimValues.mostParameters) texts, numbers or booleans with at most "
        + "\(ClaimValues.sizeLimit >> 10) KiB"

    private static let selectorExpectation =
        "an object of 1 to \(PresetSelector.mostTerms) labels or parameters, for example {\"lang\": \"go\"}"

    /// Says whether a byte is in a set of the form `a-z0-9/.-`. A `-` at either end stands for itself.
    private static func isOne(_ byte: UInt8, of allowed: String) -> Bool {
        let bytes = Array(allowed.utf8)
        for index in bytes.indices {
            if bytes[index] == byte { return true }
            if bytes[index] == UInt8(ascii: "-"), index > 0, index < bytes.count - 1,
                (bytes[index - 1]...max(bytes[index - 1], bytes[index + 1])).contains(byte)
            {
                return true
            }
        }
        return false
    }

    /// Returns the value of a text in a query. A text that does not fit the kind stays a text, which the check refuses.
    func value(ofQuery text: String) -> Value {
        switch kind {
        case .boolean: text == "true" ? .bool(true) : text == "false" ? .bool(false) : .string(text)
        case .integer: Int(text).map { .int($0) } ?? .string(text)
        default: .string(text)
        }
    }

    private static let selectorSchema = Value.object(known: [
        "type": "object", "minProperties": 1, "maxProperties": .int(PresetSelector.mostTerms),
        "propertyNames": .object(known: ["minLength": 1, "maxLength": .int(PresetSelector.keyLimit)]),
        "additionalProperties": .object(known: [
            "type": .array(["string", "number", "boolean"]), "minLength": 1,
            "maxLength": .int(PresetSelector.valueLimit),
        ]),
    ])

    /// The JSON Schema of the member.
    var schema: Value {
        switch kind {
        case .text(let maximum):
            .object(known: [
                "type": "string", "minLength": 1, "maxLength": .int(maximum), "pattern": "^[^\u{5c}u0000]*$",
            ])
        case .characters(let allowed, let maximum):
            .object(known: ["type": "string", "pattern": .string("^[\(allowed)]{1,\(maximum)}$")])
        case .commit:
            .object(known: ["type": "string", "pattern": "^([a-z0-9./-]{1,64}@)?(sha1:)?[0-9a-fA-F]{6,40}$"])
        case .parameters:
            .object(known: [
                "type": "object", "maxProperties": .int(ClaimValues.mostParameters),
                "additionalProperties": .object(known: ["type": .array(["string", "number", "boolean"])]),
            ])
        case .selector: Self.selectorSchema
        case .selectors(let maximum):
            .object(known: [
                "type": "array", "minItems": 1, "maxItems": .int(maximum), "items": Self.selectorSchema,
            ])
        case .yes: .object(known: ["const": true])
        case .choice(let choices): .object(known: ["type": "string", "enum": .array(choices.map { .string($0) })])
        case .boolean: .object(known: ["type": "boolean"])
        case .integer(let range):
            .object(known: [
                "type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound),
            ])
        case .duration:
            .object(known: [
                "type": "string", "pattern": "^([1-9][0-9]{0,3}(s|m|h)|[1-9][0-9]{0,2}d)$", "example": "15m",
            ])
        case .moment: .object(known: ["type": "string", "format": "date-time"])
        case .texts(let maximum):
            .object(known: [
                "type": "array", "minItems": 1, "maxItems": .int(maximum),
                "items": .object(known: ["type": "string", "minLength": 1, "maxLength": 256]),
            ])
        }
    }
}
