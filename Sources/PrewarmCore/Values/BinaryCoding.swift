/// Appends values in the compact form that the store keeps compiled presets in: varints and length-prefixed text.
///
/// A JSON decoder needs tens of microseconds for a preset, this a few hundred nanoseconds; a restart reads them all.
package struct BinaryWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// LEB128.
    package mutating func write(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Zigzag, so that small negative numbers stay short.
    package mutating func write(_ value: Int) {
        write(UInt64(bitPattern: Int64((value << 1) ^ (value >> 63))))
    }

    package mutating func write(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    package mutating func write(_ value: Double) {
        write(value.bitPattern)
    }

    package mutating func write(_ value: String) {
        write(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    package mutating func write(bytes value: [UInt8]) {
        write(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func write<Element>(_ list: [Element], _ body: (inout BinaryWriter, Element) -> Void) {
        write(UInt64(list.count))
        for element in list { body(&self, element) }
    }

    package mutating func write<Value>(_ value: Value?, _ body: (inout BinaryWriter, Value) -> Void) {
        write(value != nil)
        if let value { body(&self, value) }
    }

    /// In the order of the keys, so that equal dictionaries give equal bytes.
    package mutating func write(_ dictionary: [String: String]) {
        write(dictionary.sorted { $0.key < $1.key }) { writer, pair in
            writer.write(pair.key)
            writer.write(pair.value)
        }
    }
}

/// What a ``BinaryReader`` throws for bytes that no ``BinaryWriter`` wrote: the cached value is to be made anew.
package struct BinaryCodingError: Error {
    package init() {}
}

/// Reads what ``BinaryWriter`` wrote; damaged bytes throw, whatever they are.
package struct BinaryReader {
    private let bytes: [UInt8]
    private var index = 0

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var isAtEnd: Bool { index == bytes.count }

    package mutating func readUInt64() throws(BinaryCodingError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while index < bytes.count, shift < 64 {
            let byte = bytes[index]
            index += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw BinaryCodingError()
    }

    package mutating func readInt() throws(BinaryCodingError) -> Int {
        let raw = try readUInt64()
        return Int(bitPattern: UInt(raw >> 1)) ^ -Int(raw & 1)
    }

    package mutating func readBool() throws(BinaryCodingError) -> Bool {
        guard index < bytes.count, bytes[index] <= 1 else { throw BinaryCodingError() }
        index += 1
        return bytes[index - 1] == 1
    }

    package mutating func readDouble() throws(BinaryCodingError) -> Double {
        Double(bitPattern: try readUInt64())
    }

    package mutating func readString() throws(BinaryCodingError) -> String {
        let range = try readRange()
        return String(decoding: bytes[range], as: UTF8.self)
    }

    package mutating func readBytes() throws(BinaryCodingError) -> [UInt8] {
        Array(bytes[try readRange()])
    }

    package mutating func readList<Element>(
        _ body: (inout BinaryReader) throws(BinaryCodingError) -> Element
    ) throws(BinaryCodingError) -> [Element] {
        let count = try readUInt64()
        guard count <= UInt64(bytes.count) else { throw BinaryCodingError() }
        var list: [Element] = []
        list.reserveCapacity(Int(count))
        for _ in 0..<count { list.append(try body(&self)) }
        return list
    }

    package mutating func readOptional<Value>(
        _ body: (inout BinaryReader) throws(BinaryCodingError) -> Value
    ) throws(BinaryCodingError) -> Value? {
        try readBool() ? try body(&self) : nil
    }

    package mutating func readDictionary() throws(BinaryCodingError) -> [String: String] {
        var dictionary: [String: String] = [:]
        for _ in 0..<(try readUInt64()) {
            let key = try readString()
            dictionary[key] = try readString()
        }
        return dictionary
    }

    private mutating func readRange() throws(BinaryCodingError) -> Range<Int> {
        let count = try readUInt64()
        guard count <= UInt64(bytes.count - index) else { throw BinaryCodingError() }
        let start = index
        index += Int(count)
        return start..<index
    }
}
