/// A set of ASCII bytes with a fast membership test.
struct ByteSet: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    static let letters = ByteSet("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    static let alphanumeric = letters.union("0123456789")
    static let lowercaseAlphanumeric = ByteSet("abcdefghijklmnopqrstuvwxyz0123456789")

    init(_ text: StaticString) {
        text.withUTF8Buffer { bytes in
            for byte in bytes {
                if byte < 64 { low |= 1 << UInt64(byte) } else if byte < 128 { high |= 1 << UInt64(byte - 64) }
            }
        }
    }

    func union(_ text: StaticString) -> ByteSet { union(ByteSet(text)) }

    func union(_ other: ByteSet) -> ByteSet {
        var result = self
        result.low |= other.low
        result.high |= other.high
        return result
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        byte < 64 ? low >> UInt64(byte) & 1 == 1 : byte < 128 && high >> UInt64(byte - 64) & 1 == 1
    }
}

/// A rule for short ASCII texts that is checked on bytes, without creating a `String`.
struct ByteRule: Sendable {
    let first: ByteSet
    let inside: ByteSet
    let last: ByteSet
    /// The maximum length in bytes. Each byte is one character.
    let maximum: Int

    /// - Parameter last: The bytes that a text may end with (default: all bytes that it may contain).
    init(first: ByteSet, inside: ByteSet, last: ByteSet? = nil, maximum: Int) {
        self.first = first
        self.inside = inside
        self.last = last ?? inside.union(first)
        self.maximum = maximum
    }

    func accepts(_ text: borrowing Span<UInt8>) -> Bool {
        guard (1...maximum).contains(text.count), first.contains(text[0]), last.contains(text[text.count - 1]) else {
            return false
        }
        for index in text.indices.dropFirst() where !inside.contains(text[index]) { return false }
        return true
    }
}
