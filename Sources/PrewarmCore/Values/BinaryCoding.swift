/// A value with a compact binary form of varints and length-prefixed text. Equal values have equal bytes.
///
/// The store keeps parsed manifests and presets in this form, and a restart reads every one. A JSON decoder needs
/// tens of microseconds for a preset, this form needs a few hundred nanoseconds.
package protocol BinaryCodable {
    func encode(into writer: inout BinaryWriter)
    init(from reader: inout BinaryReader) throws(BinaryCodingError)
}

/// The error of a ``BinaryReader`` for bytes that no ``BinaryWriter`` wrote. The stored value has to be computed again.
package struct BinaryCodingError: Error {
    package init() {}
}

extension BinaryCodable {
    /// The binary form.
    package var binary: [UInt8] {
        var writer = BinaryWriter()
        encode(into: &writer)
        return writer.bytes
    }

    /// Reads a value. Throws an error if the bytes are not exactly one value.
    package init(binary bytes: [UInt8]) throws(BinaryCodingError) {
        var reader = BinaryReader(bytes)
        try self.init(from: &reader)
        guard reader.isAtEnd else { throw BinaryCodingError() }
    }
}

/// A writer of binary forms.
package struct BinaryWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {
        // Most values take at most 240 bytes.
        bytes.reserveCapacity(240)
    }

    package mutating func write(_ value: some BinaryCodable) {
        value.encode(into: &self)
    }

    fileprivate mutating func append(_ byte: UInt8) {
        bytes.append(byte)
    }

    fileprivate mutating func append(contentsOf text: String.UTF8View) {
        bytes.append(contentsOf: text)
    }
}

/// A reader of the bytes that a ``BinaryWriter`` wrote. It throws an error for damaged bytes.
package struct BinaryReader {
    private let bytes: [UInt8]
    private var index = 0

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var isAtEnd: Bool { index == bytes.count }

    package mutating func read<Value: BinaryCodable>(_ type: Value.Type = Value.self) throws(BinaryCodingError) -> Value
    {
        try Value(from: &self)
    }

    fileprivate mutating func readByte() throws(BinaryCodingError) -> UInt8 {
        guard index < bytes.count else { throw BinaryCodingError() }
        index += 1
        return bytes[index - 1]
    }

    /// Reads a count of elements. Each element takes at least one byte, so a count that is larger than the rest is
    /// damaged.
    fileprivate mutating func readCount() throws(BinaryCodingError) -> Int {
        let count = try UInt64(from: &self)
        guard count <= UInt64(bytes.count - index) else { throw BinaryCodingError() }
        return Int(count)
    }

    fileprivate mutating func readText() throws(BinaryCodingError) -> String {
        let count = try readCount()
        index += count
        guard let text = String(validating: bytes[index - count..<index], as: UTF8.self) else {
            throw BinaryCodingError()
        }
        return text
    }
}

extension UInt64: BinaryCodable {
    /// Writes the number as LEB128.
    package func encode(into writer: inout BinaryWriter) {
        var rest = self
        while rest >= 0x80 {
            writer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        writer.append(UInt8(rest))
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        self = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try reader.readByte()
            self |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return }
        }
        throw BinaryCodingError()
    }
}

extension Int64: BinaryCodable {
    /// Writes the number in zigzag form, so that small negative numbers are short.
    package func encode(into writer: inout BinaryWriter) {
        writer.write(UInt64(bitPattern: (self << 1) ^ (self >> 63)))
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        let raw = try UInt64(from: &reader)
        self = Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }
}

extension Int: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(Int64(self))
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        self = Int(try Int64(from: &reader))
    }
}

extension Bool: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.append(self ? 1 : 0)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        let byte = try reader.readByte()
        guard byte <= 1 else { throw BinaryCodingError() }
        self = byte == 1
    }
}

extension Double: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(bitPattern)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        self.init(bitPattern: try reader.read())
    }
}

extension String: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(UInt64(utf8.count))
        writer.append(contentsOf: utf8)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        self = try reader.readText()
    }
}

extension Optional: BinaryCodable where Wrapped: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(self != nil)
        if let self { writer.write(self) }
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        self = try Bool(from: &reader) ? try Wrapped(from: &reader) : nil
    }
}

extension Array: BinaryCodable where Element: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(UInt64(count))
        for element in self { writer.write(element) }
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        self = []
        let count = try reader.readCount()
        reserveCapacity(count)
        for _ in 0..<count { append(try reader.read()) }
    }
}

/// A dictionary is written in the order of its keys, so that equal dictionaries have equal bytes.
extension Dictionary: BinaryCodable where Key == String, Value: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(UInt64(count))
        for (key, value) in sorted(by: { $0.key < $1.key }) {
            writer.write(key)
            writer.write(value)
        }
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        self = [:]
        let count = try reader.readCount()
        reserveCapacity(count)
        for _ in 0..<count {
            let key: String = try reader.read()
            self[key] = try reader.read(Value.self)
        }
    }
}
