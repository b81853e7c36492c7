/// A writer of compact JSON (RFC 8259). The members of an object keep the order in which they are added.
struct JSONWriter {
    private(set) var text = ""
    private var needsComma = false

    mutating func object(_ body: (inout JSONWriter) -> Void) {
        separate()
        text += "{"
        needsComma = false
        body(&self)
        text += "}"
        needsComma = true
    }

    mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
        key(name)
        object(body)
    }

    mutating func string(_ name: String, _ value: String) {
        raw(name, Self.quoted(value))
    }

    /// Adds a member whose value is already JSON.
    mutating func raw(_ name: String, _ value: String) {
        key(name)
        text += value
        needsComma = true
    }

    private mutating func key(_ name: String) {
        separate()
        text += Self.quoted(name) + ":"
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { text += "," }
    }

    /// Returns the text as a JSON string with quotes.
    static func quoted(_ value: String) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        bytes.reserveCapacity(value.utf8.count + 2)
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += #"\""#.utf8
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
            case UInt8(ascii: "\r"): bytes += #"\r"#.utf8
            case UInt8(ascii: "\t"): bytes += #"\t"#.utf8
            case ..<0x20:
                bytes += #"\u00"#.utf8
                for digit in [byte >> 4, byte & 15] {
                    bytes.append(digit < 10 ? digit + 48 : digit + 87)
                }
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }
}
