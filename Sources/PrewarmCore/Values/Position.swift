/// A position in a text file.
package struct Position: Hashable, Comparable, Sendable, BinaryCodable {
    /// The line, from 1.
    package let line: Int
    /// The column in Unicode scalars, from 1.
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }

    package func encode(into writer: inout BinaryWriter) {
        writer.write(line)
        writer.write(column)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        line = try reader.read()
        column = try reader.read()
    }
}

/// A value with its position in its file.
package struct Located<Value: Hashable & Sendable>: Hashable, Sendable {
    package let value: Value
    package let position: Position

    package init(_ value: Value, at position: Position) {
        self.value = value
        self.position = position
    }
}

extension Located: BinaryCodable where Value: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(value)
        writer.write(position)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        value = try reader.read()
        position = try reader.read()
    }
}

extension Located<String> {
    /// Returns a text with its position. Another module can call the generic initializer only through its metadata,
    /// which is slow.
    package init(text: String, at position: Position) {
        self.init(text, at: position)
    }
}
