/// A place in a text file; both count from 1, the column in Unicode scalars.
package struct Position: Hashable, Comparable, Sendable, BinaryCodable {
    package let line: Int
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

/// A value and where in its file it stands.
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
    /// As the generic one, which another module can call only by way of its metadata.
    package init(text: String, at position: Position) {
        self.init(text, at: position)
    }
}
