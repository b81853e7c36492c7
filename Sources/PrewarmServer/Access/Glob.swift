/// A pattern of a claim or a preset: `*` is any text without a slash, `**` any text, `?` one character but a slash.
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

    /// All of the text, in time that grows with the product of both lengths at most.
    package func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        // Which positions of the text the parts so far can reach.
        var reached = [Bool](repeating: false, count: bytes.count + 1)
        reached[0] = true
        for part in parts {
            reached = Self.step(part, reached, bytes)
        }
        return reached[bytes.count]
    }

    private static func step(_ part: Part, _ reached: [Bool], _ bytes: [UInt8]) -> [Bool] {
        var next = [Bool](repeating: false, count: reached.count)
        switch part {
        case .literal(let byte):
            for index in bytes.indices where reached[index] && bytes[index] == byte { next[index + 1] = true }
        case .any:
            for index in bytes.indices where reached[index] && bytes[index] != slash {
                // The rest of a character of several bytes goes with its first one.
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
