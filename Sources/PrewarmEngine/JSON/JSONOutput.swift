/// JSON text that grows with each part of a document.
package final class JSONOutput: DocumentOutput {
    package private(set) var bytes: [UInt8] = []
    private let isCompact: Bool
    private var frames: [Frame] = []
    /// The number of objects and lists that are open.
    private var depth = 0

    private struct Frame {
        enum Kind {
            case unopened, object, list
        }

        var kind = Kind.unopened
        var isEmpty = true
    }

    /// - Parameter isCompact: False to indent by two spaces.
    package init(isCompact: Bool) {
        self.isCompact = isCompact
    }

    /// The text that was written so far.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package func openValue() { frames.append(Frame()) }

    package func openObject() { open(.object, "{") }

    package func openList() { open(.list, "[") }

    private func open(_ kind: Frame.Kind, _ bracket: Character) {
        guard let frame = frames.last, frame.kind == .unopened else { return }
        frames[frames.count - 1].kind = kind
        depth += 1
        bytes.append(bracket.asciiValue ?? 0)
    }

    package func closeValue() {
        guard let frame = frames.popLast(), frame.kind != .unopened else { return }
        depth -= 1
        if !frame.isEmpty { breakLine() }
        bytes.append(frame.kind == .object ? UInt8(ascii: "}") : UInt8(ascii: "]"))
    }

    package func key(_ name: String) {
        element()
        string(name)
        bytes.append(UInt8(ascii: ":"))
        if !isCompact { bytes.append(UInt8(ascii: " ")) }
    }

    package func element() {
        guard !frames.isEmpty else { return }
        if frames[frames.count - 1].isEmpty {
            frames[frames.count - 1].isEmpty = false
        } else {
            bytes.append(UInt8(ascii: ","))
        }
        breakLine()
    }

    private func breakLine() {
        if isCompact { return }
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<depth {
            bytes.append(UInt8(ascii: " "))
            bytes.append(UInt8(ascii: " "))
        }
    }

    // MARK: Values

    package func null() { write("null") }
    package func bool(_ value: Bool) { write(value ? "true" : "false") }
    package func int(_ value: Int) { write(String(value)) }
    package func double(_ value: Double) { write(value.isFinite ? String(describing: value) : "null") }

    package func tree(_ value: Value) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .int(let value): int(value)
        case .double(let value): double(value)
        case .number(let text): write(text)
        case .string(let value): string(value)
        case .array(let elements):
            openValue()
            openList()
            for child in elements {
                element()
                tree(child)
            }
            closeValue()
        case .object(let pairs):
            openValue()
            openObject()
            for pair in pairs {
                key(pair.key)
                tree(pair.value)
            }
            closeValue()
        }
    }

    private func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

    package func string(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        let isPlain = text.withUTF8 { buffer in
            let isPlain = buffer.allSatisfy { (0x20..<0x7f).contains($0) && $0 != 0x22 && $0 != 0x5c }
            if isPlain { bytes.append(contentsOf: buffer) }
            return isPlain
        }
        if !isPlain { for scalar in text.unicodeScalars { write(scalar) } }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Escapes characters that control a terminal, change the direction of text or are invisible, so that a document is
    /// safe to show. Programs decode the same text.
    private func write(_ scalar: Unicode.Scalar) {
        if scalar.isASCII {
            write(ascii: UInt8(scalar.value))
        } else if scalar.isPrintable {
            bytes.append(contentsOf: String(scalar).utf8)
        } else {
            for unit in String(scalar).utf16 { write(escaped: unit) }
        }
    }

    private func write(ascii byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): write("\\\"")
        case UInt8(ascii: "\\"): write("\\\\")
        case UInt8(ascii: "\n"): write("\\n")
        case UInt8(ascii: "\r"): write("\\r")
        case UInt8(ascii: "\t"): write("\\t")
        case 0..<0x20, 0x7f: write(escaped: UInt16(byte))
        default: bytes.append(byte)
        }
    }

    private func write(escaped unit: UInt16) {
        let digits = String(unit, radix: 16)
        write("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
    }
}
