/// A pattern for OIDC claims and preset names. `*` matches any text without a slash, `**` matches any text, and `?` matches
/// one character that is not a slash.
package struct Glob: Hashable, Sendable, CustomStringConvertible {
    private enum Part: Hashable {
        case literal(UInt8), any, some, everything
    }

    package let description: String
    private let parts: [Part]

    package init(_ pattern: String) {
        description = pattern
        var parts: [Part] = []
        for byte in pattern.utf8 {
            switch byte {
            case UInt8(ascii: "*"):
                if parts.last == .some || parts.last == .everything {
                    parts[parts.count - 1] = .everything
                } else {
                    parts.append(.some)
                }
            case UInt8(ascii: "?"): parts.append(.any)
            default: parts.append(.literal(byte))
            }
        }
        self.parts = parts
    }

    /// Says whether the pattern matches the whole text. The time grows at most with the product of both lengths.
    package func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        // reached[n] is true if the parts so far can match the first n bytes of the text.
        var reached = [Bool](repeating: false, count: bytes.count + 1)
        reached[0] = true
        for part in parts {
            reached = Self.step(part, reached, bytes)
        }
        return reached[bytes.count]
    }

    /// Returns the positions that are reached after one more part of the pattern.
    private static func step(_ part: Part, _ reached: [Bool], _ bytes: [UInt8]) -> [Bool] {
        var next = [Bool](repeating: false, count: reached.count)
        switch part {
        case .literal(let byte):
            for index in bytes.indices where reached[index] && bytes[index] == byte { next[index + 1] = true }
        case .any:
            for index in bytes.indices where reached[index] && bytes[index] != slash {
                // `?` consumes all bytes of a UTF-8 character: its first byte and the continuation bytes (10xxxxxx).
                var end = index + 1
                while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
                next[end] = true
            }
        case .some, .everything:
            var isOpen = false
            for index in reached.indices {
                if index > 0, part == .some, bytes[index - 1] == slash { isOpen = false }
                isOpen = isOpen || reached[index]
                next[index] = isOpen
            }
        }
        return next
    }

    private static let slash = UInt8(ascii: "/")
}
