import PrewarmEngine

/// The JSON object with which the standard output of a command ends.
///
/// It is found and read in a time that grows with the size of the output alone, and nothing in it may lie deeper than
/// ``depthLimit``: an answer is not trusted.
struct FinalObject {
    /// Why there is none.
    struct Failure: Error {
        /// With secrets.
        let message: String
    }

    static let depthLimit = 32
    /// The number of bytes that are read in vain, as a multiple of the output, while lines are tried from the last
    /// upwards.
    private static let patience = 4

    private let bytes: [UInt8]

    /// - Parameter output: may begin with a byte order mark and hold color codes, which many programs print around JSON.
    init(_ output: [UInt8]) throws(Failure) {
        if output.starts(with: [0xff, 0xfe]) || output.starts(with: [0xfe, 0xff]) {
            throw Failure(message: "standard output is UTF-16, not UTF-8")
        }
        bytes = output.plain.trimmed
    }

    /// True where nothing was printed.
    var isEmpty: Bool { bytes.isEmpty }

    /// Reads the whole output, or its end from a line on that begins with `{`. Lines before it are the command's log.
    /// - Parameter read: reads the document that begins at that byte.
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
    /// The text without color codes and the byte order marks at the start of lines. JSON itself holds neither: control
    /// characters are escaped in it.
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

    /// Behind a control sequence (`ESC [ … letter`) or another one of ECMA-48.
    private func endOfEscape(at start: Int) -> Int {
        var index = start + 1
        guard index < count else { return index }
        let isSequence = self[index] == UInt8(ascii: "[")
        if isSequence { index += 1 }
        while index < count, isSequence ? (0x20...0x3f).contains(self[index]) : (0x20...0x2f).contains(self[index]) {
            index += 1
        }
        return Swift.min(index + 1, count)
    }
}
