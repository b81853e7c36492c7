/// An encoder that writes each part of a document to its output at once. It keeps Foundation out of the start of a command,
/// and it writes members in the order in which the type declares them.
package struct OutputEncoder<Output: DocumentOutput>: Encoder {
    fileprivate let output: Output

    package var codingPath: [any CodingKey] { [] }
    package var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Writes a document to an output.
    package static func encode(_ document: some Encodable, to output: Output) throws {
        output.openValue()
        try document.encode(to: OutputEncoder(output: output))
        output.closeValue()
    }

    package func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        output.openObject()
        return KeyedEncodingContainer(OutputMembers<Output, Key>(output: output))
    }

    package func unkeyedContainer() -> any UnkeyedEncodingContainer {
        output.openList()
        return OutputElements(output: output)
    }

    package func singleValueContainer() -> any SingleValueEncodingContainer { OutputValue(output: output) }
}

extension OutputEncoder where Output == ValueOutput {
    /// Returns an encoder whose output is dropped, for containers that are nested without a type. No document has them, since
    /// nothing would say where they end.
    fileprivate static func unsupported() -> OutputEncoder {
        assertionFailure("a document encodes nested objects and lists as types of their own")
        return OutputEncoder(output: ValueOutput())
    }
}

/// An encoder that takes a document without a type.
protocol TreeEncoder {
    func encode(tree: Value)
}

extension OutputEncoder: TreeEncoder {
    func encode(tree: Value) { output.tree(tree) }
}

private struct OutputMembers<Output: DocumentOutput, Key: CodingKey>: KeyedEncodingContainerProtocol {
    let output: Output
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) {
        output.key(key.stringValue)
        output.null()
    }

    func encode(_ value: Bool, forKey key: Key) {
        output.key(key.stringValue)
        output.bool(value)
    }

    func encode(_ value: String, forKey key: Key) {
        output.key(key.stringValue)
        output.string(value)
    }

    func encode(_ value: Int, forKey key: Key) {
        output.key(key.stringValue)
        output.int(value)
    }

    func encode(_ value: Double, forKey key: Key) {
        output.key(key.stringValue)
        output.double(value)
    }

    func encode<Part: Encodable>(_ value: Part, forKey key: Key) throws {
        output.key(key.stringValue)
        try OutputEncoder.encode(value, to: output)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        OutputEncoder<ValueOutput>.unsupported().container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        OutputEncoder<ValueOutput>.unsupported().unkeyedContainer()
    }

    func superEncoder() -> any Encoder { OutputEncoder(output: output) }
    func superEncoder(forKey key: Key) -> any Encoder { OutputEncoder(output: output) }
}

private struct OutputElements<Output: DocumentOutput>: UnkeyedEncodingContainer {
    let output: Output
    private(set) var count = 0
    var codingPath: [any CodingKey] { [] }

    init(output: Output) {
        self.output = output
    }

    mutating func encodeNil() {
        output.element()
        output.null()
    }

    mutating func encode(_ value: String) {
        output.element()
        output.string(value)
    }

    mutating func encode<Part: Encodable>(_ value: Part) throws {
        output.element()
        try OutputEncoder.encode(value, to: output)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        OutputEncoder<ValueOutput>.unsupported().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        OutputEncoder<ValueOutput>.unsupported().unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder { OutputEncoder(output: output) }
}

private struct OutputValue<Output: DocumentOutput>: SingleValueEncodingContainer {
    let output: Output
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { output.null() }
    func encode(_ value: Bool) { output.bool(value) }
    func encode(_ value: String) { output.string(value) }
    func encode(_ value: Int) { output.int(value) }
    func encode(_ value: Int64) { output.int(Int(value)) }
    func encode(_ value: Double) { output.double(value) }

    func encode<Part: Encodable>(_ value: Part) throws {
        // The numbers of other sizes call this method from their own `encode(to:)`.
        if let number = value as? any BinaryInteger {
            output.int(Int(clamping: number))
        } else if let number = value as? Float {
            output.double(Double(number))
        } else {
            try value.encode(to: OutputEncoder(output: output))
        }
    }
}
