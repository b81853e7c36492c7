extension StringProtocol {
    /// The text with `%20` and the like replaced by their bytes.
    package var percentDecoded: String {
        var bytes: [UInt8] = []
        var rest = Substring(self).utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, let value = UInt8(String(digits) ?? "", radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text with all bytes percent-encoded except the unreserved characters of RFC 3986.
    package var percentEncoded: String { percentEncoded(keeping: "") }

    /// Returns the text with all bytes percent-encoded except the unreserved characters of RFC 3986 and those in `kept`.
    package func percentEncoded(keeping kept: String) -> String {
        utf8.reduce(into: "") { text, byte in
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: text.unicodeScalars.append(Unicode.Scalar(byte))
            case _ where kept.utf8.contains(byte): text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "%" + [byte].hexadecimal.uppercased()
            }
        }
    }
}
