/// Reading documents.
extension Value {
    /// Returns the value of a key. Returns nil if this is not an object or has no such key, and the first value if the
    /// key is there twice.
    package subscript(_ key: String) -> Value? {
        guard case .object(let pairs) = self else { return nil }
        return pairs.first { $0.key == key }?.value
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var int: Int? { if case .int(let value) = self { value } else { nil } }

    /// The number; nil if the value is not a number.
    package var decimal: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        case .number(let text): Double(text)
        default: nil
        }
    }

    /// The whole number, also if it is written as 5.0, since JSON has one kind of numbers; nil for any other value.
    package var wholeNumber: Int? {
        switch self {
        case .int(let value): value
        case .double(let value): Int(exactly: value)
        case .number(let text): Double(text).flatMap { Int(exactly: $0) }
        default: nil
        }
    }

    /// The elements of a list; empty for any other value.
    package var elements: [Value] { if case .array(let elements) = self { elements } else { [] } }

    /// The pairs of an object; empty for any other value.
    package var pairs: [(key: String, value: Value)] { if case .object(let pairs) = self { pairs } else { [] } }

    /// Returns the string at a key; nil if there is no string.
    package func text(_ key: String) -> String? { self[key]?.string }
    /// Returns the integer at a key; 0 if there is no integer.
    package func number(_ key: String) -> Int { self[key]?.int ?? 0 }
    /// Returns the integer at a key, from 0 to 1,000,000. It is for sums over a document of another program, which may have
    /// any numbers.
    package func count(_ key: String) -> Int { min(max(0, number(key)), 1_000_000) }
    /// Returns the list at a key; empty if there is no list.
    package func list(_ key: String) -> [Value] { self[key]?.elements ?? [] }

    /// Returns the object with more members behind its own.
    package func merging(_ more: [(key: String, value: Value)]) -> Value {
        guard case .object(let members) = self else { return self }
        return .object(members + more)
    }

    /// Returns the object with more keys behind its own. Keys whose value is nil are left out.
    package func merging(_ more: KeyValuePairs<String, Value?>) -> Value {
        guard case .object(let added) = Value.object(known: more) else { return self }
        return .object(pairs + added)
    }
}
