import PrewarmEngine

/// The JSON object at the end of the standard output of a command.
///
/// The output is not trusted: the time to find and read the object is linear in the size of the output, and the depth of
/// the object is limited by ``depthLimit``.
struct FinalObject {
    /// The reason why the output has no such object.
    struct Failure: Error {
        /// The message. It may contain secrets.
        let message: String
    }

    static let depthLimit = 32
    /// The limit of bytes that failed attempts may read, as a multiple of the output. Attempts begin at lines with `{`, from
    /// the last line upwards.
    private static let patience = 4

    private let bytes: [UInt8]

    /// - Parameter output: The output. It may have a byte order mark and color codes, which many programs print around JSON.
    init(_ output: [UInt8]) throws(Failure) {
        if output.starts(with: [0xff, 0xfe]) || output.starts(with: [0xfe, 0xff]) {
            throw Failure(message: "standard output is UTF-16, not UTF-8")
        }
        bytes = output.plain.trimmed
    }

    /// True if the command printed nothing.
    var isEmpty: Bool { bytes.isEmpty }

    /// True if the output has text before its last object.
    var hasTextBefore: Bool {
        !isEmpty
            && (try? read { (bytes, start) throws(JSONReader.Failure) in
                _ = try JSONReader.read(bytes, from: start, JSONReader.Options(depthLimit: Self.depthLimit))
                return start
            }).map { $0 > 0 } ?? false
    }

    /// Reads the whole output, or its end from a line on that begins with `{`. Earlier lines are ignored as log.
    /// - Parameter read: Reads the document that begins at the given byte.
    func read<Document>(
        _ read: ([UInt8], Int) throws(JSONReader.Failure) -> Document
    ) throws(Failure) -> Document {
        guard bytes.last == UInt8(ascii: "}") else { throw Failure(message: Self.missing) }
        var failure = Self.missing
        if bytes.first == UInt8(ascii: "{") {
            do throws(JSONReader.Failure) {
                return try read(bytes, 0)
            } catch {
                failure += ": expected \(error.expected) at byte \(error.offset)"
            }
        }
        var (start, cost) = (bytes.count - 1, 0)
        while start > 0, cost <= Self.patience * bytes.count {
            start -= 1
            guard bytes[start] == UInt8(ascii: "\n"), bytes[start + 1] == UInt8(ascii: "{") else { continue }
            do throws(JSONReader.Failure) {
                return try read(bytes, start + 1)
            } catch {
                cost += error.offset - start
            }
        }
        throw Failure(message: failure)
    }

    private static let missing = "standard output does not end with a JSON object"
}

extension [UInt8] {
    /// The text without color codes, and without byte order marks at the start of lines. JSON contains neither, because it
    /// escapes control characters.
    fileprivate var plain: [UInt8] {
        guard contains(0x1b) || contains(0xef) else { return self }
        var plain: [UInt8] = []
        plain.reserveCapacity(count)
        var index = 0
        while index < count {
            if self[index] == 0x1b {
                index = endOfEscape(at: index)
            } else if self[index...].starts(with: [0xef, 0xbb, 0xbf]), plain.last ?? 0x0a == 0x0a {
                index += 3
            } else {
                plain.append(self[index])
                index += 1
            }
        }
        return plain
    }

    /// Returns the index after a control sequence (`ESC [ … letter`), a control string, for example the title of a terminal
    /// (`ESC ] … BEL`), or another escape sequence of ECMA-48.
    private func endOfEscape(at start: Int) -> Int {
        var index = start + 1
        guard index < count else { return index }
        if "]P_^X".utf8.contains(self[index]) { return endOfString(at: index + 1) }
        let isSequence = self[index] == UInt8(ascii: "[")
        if isSequence { index += 1 }
        while index < count, isSequence ? (0x20...0x3f).contains(self[index]) : (0x20...0x2f).contains(self[index]) {
            index += 1
        }
        return Swift.min(index + 1, count)
    }

    /// Returns the index after the end of a control string: BEL or `ESC \`. A string without an end stops before the next
    /// line.
    private func endOfString(at start: Int) -> Int {
        var index = start
        while index < count {
            switch self[index] {
            case 0x07: return index + 1
            case 0x0a: return index
            case 0x1b where index + 1 < count && self[index + 1] == UInt8(ascii: "\\"): return index + 2
            default: index += 1
            }
        }
        return index
    }
}
