/// A strict reader of JSON (RFC 8259). It keeps the order of keys, and it rejects duplicate keys, text behind the
/// document and documents that are nested deeper than a limit.
package struct JSONReader {
    /// The first error of a document.
    package struct Failure: Error, Hashable, Sendable {
        /// The expected text with an article, for example `a comma or }`.
        package let expected: String
        /// The offset of the first byte that was not expected. The first byte of the document has the offset 0.
        package let offset: Int
    }

    /// The options of one document.
    package struct Options: Sendable {
        /// The largest depth of nested objects and lists.
        package var depthLimit = 64
        /// If true, numbers become ``Value/number(_:)`` with the digits of the document.
        package var keepsNumbers = false

        package init(depthLimit: Int = 64, keepsNumbers: Bool = false) {
            self.depthLimit = depthLimit
            self.keepsNumbers = keepsNumbers
        }
    }

    private let bytes: [UInt8]
    private let options: Options
    private var position: Int

    /// Reads a document.
    /// - Parameter depthLimit: The largest depth of nested objects and lists.
    package static func read(_ bytes: [UInt8], depthLimit: Int = 64) throws(Failure) -> Value {
        try read(bytes, from: 0, Options(depthLimit: depthLimit))
    }

    /// Reads the document that begins at the offset `start` and ends with the last byte.
    package static func read(_ bytes: [UInt8], from start: Int, _ options: Options) throws(Failure) -> Value {
        var reader = JSONReader(bytes: bytes, from: start, options)
        let value = try reader.value(depth: 0)
        try reader.end()
        return value
    }

    /// Reads an object and passes the elements of its list `key` to `body` one by one, so that memory does not grow with
    /// the list.
    /// - Returns: False if the object has no such list.
    package static func read(
        _ bytes: [UInt8], from start: Int, _ options: Options, elementsOf key: String, _ body: (Value) -> Void
    ) throws(Failure) -> Bool {
        var reader = JSONReader(bytes: bytes, from: start, options)
        var isThere = false
        reader.skipSpace()
        guard reader.current == UInt8(ascii: "{") else { throw reader.failure("an object") }
        try reader.members { (reader, name) throws(Failure) in
            reader.skipSpace()
            guard name == key, reader.current == UInt8(ascii: "[") else {
                _ = try reader.value(depth: 1)
                return
            }
            isThere = true
            try reader.elements { (reader) throws(Failure) in
                body(try reader.value(depth: 2))
            }
        }
        try reader.end()
        return isThere
    }

    private init(bytes: [UInt8], from start: Int, _ options: Options) {
        self.bytes = bytes
        self.options = options
        position = start
    }

    private mutating func end() throws(Failure) {
        skipSpace()
        guard position == bytes.count else { throw failure("the end of the document") }
    }

    private func failure(_ expected: String) -> Failure { Failure(expected: expected, offset: position) }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { position += 1 }
    }

    private mutating func take(_ byte: Character) -> Bool {
        skipSpace()
        guard current == byte.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(Failure) -> Value {
        skipSpace()
        guard depth <= options.depthLimit else { throw failure("at most \(options.depthLimit) levels") }
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try list(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> Value {
        var pairs: [(key: String, value: Value)] = []
        try members { (reader, key) throws(Failure) in
            pairs.append((key, try reader.value(depth: depth + 1)))
        }
        return .object(pairs)
    }

    private mutating func list(depth: Int) throws(Failure) -> Value {
        var elements: [Value] = []
        try self.elements { (reader) throws(Failure) in elements.append(try reader.value(depth: depth + 1)) }
        return .array(elements)
    }

    private mutating func members(_ body: (inout JSONReader, String) throws(Failure) -> Void) throws(Failure) {
        position += 1
        var keys: Set<String> = []
        if take("}") { return }
        repeat {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw failure("a key in quotes") }
            let key = try string()
            guard keys.insert(key).inserted else {
                throw failure("a key other than \"\(key.prefix(80))\", which the object already has")
            }
            guard take(":") else { throw failure("a colon") }
            try body(&self, key)
        } while take(",")
        guard take("}") else { throw failure("a comma or }") }
    }

    private mutating func elements(_ body: (inout JSONReader) throws(Failure) -> Void) throws(Failure) {
        position += 1
        if take("]") { return }
        repeat { try body(&self) } while take(",")
        guard take("]") else { throw failure("a comma or ]") }
    }

    private mutating func word(_ text: String, _ value: Value) throws(Failure) -> Value {
        guard bytes[position...].starts(with: text.utf8) else { throw failure("a value") }
        position += text.utf8.count
        return value
    }

    private mutating func number() throws(Failure) -> Value {
        let start = position
        var isWhole = true
        if current == UInt8(ascii: "-") { position += 1 }
        let digits = position
        skipDigits()
        guard position > digits, bytes[digits] != UInt8(ascii: "0") || position == digits + 1 else {
            position = start
            throw failure("a value")
        }
        if current == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            try requireDigits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isWhole = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try requireDigits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if options.keepsNumbers { return .number(text) }
        if isWhole, let value = Int(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw failure("a number that fits into 64 bits") }
        return .double(value)
    }

    private mutating func skipDigits() {
        while let byte = current, (48...57).contains(byte) { position += 1 }
    }

    private mutating func requireDigits() throws(Failure) {
        let start = position
        skipDigits()
        guard position > start else { throw failure("a digit") }
    }
}

extension JSONReader {
    private mutating func string() throws(Failure) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let string = String(validating: text, as: UTF8.self) else { throw failure("text in UTF-8") }
                return string
            case UInt8(ascii: "\\"):
                position += 1
                try appendEscape(to: &text)
            case 0..<0x20: throw failure("an escape sequence for this control character")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw failure("a closing quote")
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(Failure) {
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5c, UInt8(ascii: "/"): 0x2f, UInt8(ascii: "b"): 0x08,
            UInt8(ascii: "f"): 0x0c, UInt8(ascii: "n"): 0x0a, UInt8(ascii: "r"): 0x0d, UInt8(ascii: "t"): 0x09,
        ]
        guard let byte = current else { throw failure("an escape sequence") }
        position += 1
        if let plain = simple[byte] {
            text.append(plain)
            return
        }
        guard byte == UInt8(ascii: "u") else { throw failure("an escape sequence") }
        var code = try hexadecimal()
        if (0xd800...0xdbff).contains(code), bytes[position...].starts(with: "\\u".utf8) {
            position += 2
            let low = try hexadecimal()
            guard (0xdc00...0xdfff).contains(low) else { throw failure("the second half of a surrogate pair") }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw failure("a Unicode character") }
        text += Array(String(scalar).utf8)
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw failure("four hexadecimal digits") }
        position += 4
        return code
    }
}
