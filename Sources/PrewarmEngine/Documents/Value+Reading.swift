/// What a program that gets a document looks at.
extension Value {
    /// Nil where this is no object, or has no such key; of a key that is there twice the first.
    package subscript(_ key: String) -> Value? {
        guard case .object(let pairs) = self else { return nil }
        return pairs.first { $0.key == key }?.value
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var int: Int? { if case .int(let value) = self { value } else { nil } }

    /// The elements of a list; of anything else none.
    package var elements: [Value] { if case .array(let elements) = self { elements } else { [] } }

    /// The pairs of an object; of anything else none.
    package var pairs: [(key: String, value: Value)] { if case .object(let pairs) = self { pairs } else { [] } }

    package func text(_ key: String) -> String? { self[key]?.string }
    package func number(_ key: String) -> Int { self[key]?.int ?? 0 }
    package func list(_ key: String) -> [Value] { self[key]?.elements ?? [] }

    package func merging(_ more: KeyValuePairs<String, Value?>) -> Value {
        guard case .object(let added) = Value.object(known: more) else { return self }
        return .object(pairs + added)
    }
}
