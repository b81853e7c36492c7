import PrewarmCore
import PrewarmEngine

/// A decoder that writes the schema of a type down instead of reading a document. It gives each member a sample value, so
/// that it also makes sample documents for tests.
struct SchemaRecorder: Decoder {
    /// The samples of optional members.
    enum Samples: Sendable {
        case all, required
    }

    let notes: Notes
    let samples: Samples
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// The schema that is being written, and the types that it refers to.
    final class Notes {
        var members: [(key: String, value: Value)] = []
        var required: [Value] = []
        /// The schema of the elements, if the type is a list.
        var element: Value?
        /// The types with named members that were found.
        var types: [any ObjectDocument.Type] = []

        /// The schema of the type, if it is an object or a list.
        var schema: Value {
            if let element { return .object(known: ["type": "array", "items": element]) }
            return .object(known: [
                "type": "object", "properties": .object(members), "required": required.isEmpty ? nil : .array(required),
            ])
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RecordedMembers(notes: notes, samples: samples))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer { RecordedElements(notes: notes, samples: samples) }
    func singleValueContainer() -> any SingleValueDecodingContainer { RecordedValue(samples: samples) }

    /// Returns a sample of a type and its schema, in which types with named members are references.
    fileprivate static func sample<Part: Decodable>(
        _ type: Part.Type, _ notes: Notes, _ samples: Samples
    ) throws -> (sample: Part, schema: Value) {
        let inner = Notes()
        let sample = try Part(from: SchemaRecorder(notes: inner, samples: samples))
        if let type = type as? any ObjectDocument.Type {
            notes.types += [type] + inner.types
            return (sample, type.reference)
        }
        notes.types += inner.types
        if let type = type as? any SchemaType.Type { return (sample, type.schema) }
        if let type = type as? any MapType.Type {
            return (sample, try type.schema(notes, samples))
        }
        return (sample, inner.schema)
    }
}

/// A type of ``OrderedMap``.
private protocol MapType {
    static func schema(_ notes: SchemaRecorder.Notes, _ samples: SchemaRecorder.Samples) throws -> Value
}

extension OrderedMap: MapType {
    static func schema(_ notes: SchemaRecorder.Notes, _ samples: SchemaRecorder.Samples) throws -> Value {
        .object(known: [
            "type": "object", "additionalProperties": try SchemaRecorder.sample(Element.self, notes, samples).schema,
        ])
    }
}

private struct RecordedMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let notes: SchemaRecorder.Notes
    let samples: SchemaRecorder.Samples
    var codingPath: [any CodingKey] { [] }
    /// One name, for a sample of an object with any names.
    var allKeys: [Key] { samples == .all ? [Key(stringValue: "name")].compactMap(\.self) : [] }

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) -> Bool { false }

    func decode<Part: Decodable>(_ type: Part.Type, forKey key: Key) throws -> Part {
        notes.required.append(.string(key.stringValue))
        return try record(type, key)
    }

    func decodeIfPresent<Part: Decodable>(_ type: Part.Type, forKey key: Key) throws -> Part? {
        let sample = try record(type, key)
        return samples == .all ? sample : nil
    }

    private func record<Part: Decodable>(_ type: Part.Type, _ key: Key) throws -> Part {
        let (sample, schema) = try SchemaRecorder.sample(type, notes, samples)
        let meaning = (key as? any DocumentKey).map { Value.string($0.meaning) }
        notes.members.append((key.stringValue, schema.merging(["description": meaning])))
        return sample
    }

    // The protocol has methods of their own for these types, which otherwise would take an optional member for a required one.
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try required(type, key) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try required(type, key) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try required(type, key) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try required(type, key) }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(type, key) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(type, key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(type, key) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try optional(type, key) }

    private func required<Part: Decodable>(_ type: Part.Type, _ key: Key) throws -> Part {
        notes.required.append(.string(key.stringValue))
        return try record(type, key)
    }

    private func optional<Part: Decodable>(_ type: Part.Type, _ key: Key) throws -> Part? {
        let sample = try record(type, key)
        return samples == .all ? sample : nil
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(RecordedMembers<Nested>(notes: notes, samples: samples))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedDecodingContainer {
        RecordedElements(notes: notes, samples: samples)
    }

    func superDecoder() -> any Decoder { SchemaRecorder(notes: notes, samples: samples) }
    func superDecoder(forKey key: Key) -> any Decoder { SchemaRecorder(notes: notes, samples: samples) }
}

/// A list with one element.
private struct RecordedElements: UnkeyedDecodingContainer {
    let notes: SchemaRecorder.Notes
    let samples: SchemaRecorder.Samples
    private(set) var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { 1 }
    var isAtEnd: Bool { currentIndex > 0 }

    init(notes: SchemaRecorder.Notes, samples: SchemaRecorder.Samples) {
        self.notes = notes
        self.samples = samples
    }

    mutating func decodeNil() -> Bool { false }

    mutating func decode<Part: Decodable>(_ type: Part.Type) throws -> Part {
        currentIndex += 1
        let (sample, schema) = try SchemaRecorder.sample(type, notes, samples)
        notes.element = schema
        return sample
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(RecordedMembers<Nested>(notes: notes, samples: samples))
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedDecodingContainer { self }
    mutating func superDecoder() -> any Decoder { SchemaRecorder(notes: notes, samples: samples) }
}

/// The samples of values that are neither objects nor lists. The text is a time, so that it fits each type.
private struct RecordedValue: SingleValueDecodingContainer {
    let samples: SchemaRecorder.Samples
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }
    func decode(_ type: Bool.Type) -> Bool { true }
    func decode(_ type: String.Type) -> String { "2026-11-24T18:00:00Z" }
    func decode(_ type: Double.Type) -> Double { 1.5 }
    func decode(_ type: Int.Type) -> Int { 1 }

    func decode(_ type: Int64.Type) -> Int64 { 1 }

    func decode<Part: Decodable>(_ type: Part.Type) throws -> Part {
        try Part(from: SchemaRecorder(notes: SchemaRecorder.Notes(), samples: samples))
    }
}
