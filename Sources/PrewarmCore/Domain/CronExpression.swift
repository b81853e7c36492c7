/// Five fields of a crontab line: minute, hour, day of month, month, day of week.
package struct CronExpression: Hashable, Sendable {
    /// As written.
    package let text: String

    package init(text: String) {
        self.text = text
    }
}

extension CronExpression: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(text)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        self.init(text: try reader.read())
    }
}
