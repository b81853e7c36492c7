/// A decoder of a document that was read by ``JSONReader``, which bounds its size and its depth.
///
/// Members that a type does not know are ignored.
package struct ValueDecoder: Decoder {
    let value: Value
    package let codingPath: [any CodingKey]
    package var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Returns a document as a type.
    /// - Throws: `DecodingError` if a member is missing or has another type.
    package static func decode<Part: Decodable>(_ type: Part.Type, from value: Value) throws -> Part {
        try Part(from: ValueDecoder(value: value, codingPath: []))
    }

    package func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let pairs) = value else { throw mismatch("an object") }
        return KeyedDecodingContainer(ValueMembers<Key>(value: value, pairs: pairs, codingPath: codingPath))
    }

    package func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw mismatch("a list") }
        return ValueElements(elements: elements, codingPath: codingPath)
    }

    package func singleValueContainer() -> any SingleValueDecodingContainer { self }

    fileprivate func mismatch(_ expected: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: codingPath, debugDescription: "it must be \(expected)"))
    }
}

extension ValueDecoder: SingleValueDecodingContainer {
    package func decodeNil() -> Bool { if case .null = value { true } else { false } }

    package func decode(_ type: Bool.Type) throws -> Bool {
        guard let bool = value.bool else { throw mismatch("true or false") }
        return bool
    }

    package func decode(_ type: String.Type) throws -> String {
        guard let text = value.string else { throw mismatch("a text") }
        return text
    }

    package func decode(_ type: Double.Type) throws -> Double {
        guard let number = value.decimal else { throw mismatch("a number") }
        return number
    }

    package func decode(_ type: Int.Type) throws -> Int {
        guard let number = value.wholeNumber else { throw mismatch("a whole number") }
        return number
    }

    package func decode<Part: Decodable>(_ type: Part.Type) throws -> Part {
        if let integer = type as? any FixedWidthInteger.Type, let number = try integer.init(exactly: decode(Int.self)),
            let part = number as? Part
        {
            return part
        }
        return try Part(from: self)
    }
}

private struct ValueMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let value: Value
    let pairs: [(key: String, value: Value)]
    let codingPath: [any CodingKey]

    var allKeys: [Key] { pairs.compactMap { Key(stringValue: $0.key) } }

    func contains(_ key: Key) -> Bool { value[key.stringValue] != nil }

    private func decoder(_ key: Key) throws -> ValueDecoder {
        guard let member = value[key.stringValue] else {
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "it is missing"))
        }
        return ValueDecoder(value: member, codingPath: codingPath + [key])
    }

    func decodeNil(forKey key: Key) throws -> Bool { try decoder(key).decodeNil() }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try decoder(key).decode(type) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try decoder(key).decode(type) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try decoder(key).decode(type) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try decoder(key).decode(type) }
    func decode<Part: Decodable>(_ type: Part.Type, forKey key: Key) throws -> Part { try decoder(key).decode(type) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try decoder(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }

    func superDecoder() -> any Decoder { ValueDecoder(value: value, codingPath: codingPath) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }
}

private struct ValueElements: UnkeyedDecodingContainer {
    let elements: [Value]
    let codingPath: [any CodingKey]
    private(set) var currentIndex = 0

    init(elements: [Value], codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    private mutating func next() throws -> ValueDecoder {
        guard !isAtEnd else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: codingPath, debugDescription: "it has too few elements"))
        }
        defer { currentIndex += 1 }
        return ValueDecoder(value: elements[currentIndex], codingPath: codingPath + [Index(intValue: currentIndex)])
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, case .null = elements[currentIndex] else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Part: Decodable>(_ type: Part.Type) throws -> Part { try next().decode(type) }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try next() }

    private struct Index: CodingKey {
        let intValue: Int?
        var stringValue: String { "\(intValue ?? 0)" }

        init(intValue: Int) { self.intValue = intValue }
        init?(stringValue: String) { nil }
    }
}

extension DecodingError {
    /// The place and the cause, for example `presets[3].name: it is missing`.
    package var place: String {
        switch self {
        case .keyNotFound(let key, let context): Self.text(context.codingPath + [key], context.debugDescription)
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            Self.text(context.codingPath, context.debugDescription)
        @unknown default: "it is not the expected document"
        }
    }

    private static func text(_ path: [any CodingKey], _ cause: String) -> String {
        let names = path.reduce("") { names, key in
            key.intValue.map { "\(names)[\($0)]" } ?? (names.isEmpty ? "" : names + ".") + key.stringValue
        }
        return names.isEmpty ? cause : "\(names): \(cause)"
    }
}
