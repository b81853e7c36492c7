/// An error or warning about a manifest or the configuration: the place, the problem and the fix.
package struct Diagnostic: Hashable, Sendable {
    package enum Severity: UInt64, Sendable {
        case error, warning
    }

    package var severity: Severity
    /// The path, relative to the repository or as the command line gave it. It is empty while a parsed file has no
    /// path.
    package var file: String
    /// The position; nil if the whole file is meant.
    package var position: Position?
    package var message: String
    /// The next step for the author, as an imperative.
    package var hint: String?
    /// The text of the line, which is shown with a caret below it.
    package var excerpt: String?

    package init(
        _ severity: Severity = .error, file: String = "", at position: Position? = nil, _ message: String,
        hint: String? = nil, excerpt: String? = nil
    ) {
        self.severity = severity
        self.file = file
        self.position = position
        self.message = message.printable.limited(to: Self.textLimit)
        self.hint = hint?.limited(to: Self.textLimit)
        self.excerpt = excerpt
    }

    /// The place in the form of compilers and editors, for example `presets/go.yaml:12:5`.
    package var location: String {
        guard let position else { return file }
        return "\(file):\(position.line):\(position.column)"
    }
}

extension Diagnostic: Comparable {
    package static func < (left: Diagnostic, right: Diagnostic) -> Bool {
        if left.file != right.file { return left.file < right.file }
        switch (left.position, right.position) {
        case (let first?, let second?) where first != second: return first < second
        case (nil, _?): return true
        case (_?, nil): return false
        default: return left.message < right.message
        }
    }
}

extension Diagnostic: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(severity.rawValue)
        writer.write(file)
        writer.write(position)
        writer.write(message)
        writer.write(hint)
        writer.write(excerpt)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        guard let severity = Severity(rawValue: try reader.read()) else { throw BinaryCodingError() }
        self.severity = severity
        file = try reader.read()
        position = try reader.read()
        message = try reader.read()
        hint = try reader.read()
        excerpt = try reader.read()
    }
}
