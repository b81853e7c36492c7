/// The current line of ``PlainYAML`` with the position of the reader in it. It reads bytes and does not know the
/// nesting.
struct PlainLine {
    private let bytes: [UInt8]
    private var at = 0
    private var start = 0
    private var number: Int32 = 0
    /// The number of UTF-8 continuation bytes in the line before the position.
    private var continuing = 0
    // Copies of globals, because access to a global is slower.
    private let keyBytes = ByteSet.key
    private let plainStart = ByteSet.plainStart
    private let flowMarks = ByteSet.flowMarks

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Moves to the first character of the next line that is not a space. It returns false at the end of the file.
    mutating func begin() -> Bool {
        guard at < bytes.count else { return false }
        (start, number, continuing) = (at, number + 1, 0)
        skipSpaces()
        return true
    }

    /// Moves behind the line. It returns false if the rest of the line is more than spaces and a comment.
    mutating func finish() -> Bool {
        let hadSpace = at == start || bytes[at - 1] == .space
        let begin = at
        skipSpaces()
        if at < bytes.count, bytes[at] == .hash {
            guard hadSpace || at > begin else { return false }
            while at < bytes.count, bytes[at] != .newline { guard skipCharacter() else { return false } }
        }
        guard at < bytes.count else { return true }
        defer { at += 1 }
        return bytes[at] == .newline
    }

    var column: Int { at - start }
    /// The position as a ``YAMLTree`` counts it, from 1 and in Unicode scalars.
    var position: (line: Int32, column: Int32) { (number, Int32(at - start - continuing + 1)) }

    /// True if the rest of the line is empty or a comment.
    var isOver: Bool { at == bytes.count || bytes[at] == .newline || bytes[at] == .hash }

    var isMarker: Bool {
        at == start && bytes[at] == .dash && isBlank(at + 3) && at + 3 <= bytes.count
            && bytes[at + 1] == .dash && bytes[at + 2] == .dash
    }

    var isEntry: Bool { bytes[at] == .dash && isBlank(at + 1) }
    var isQuote: Bool { at < bytes.count && (bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "'")) }
    var isKey: Bool { keyEnd != nil }

    mutating func skip(_ count: Int) { at += count }

    mutating func skipMarker() { at += 3 }

    mutating func skipSpaces() {
        while at < bytes.count, bytes[at] == .space { at += 1 }
    }

    private func isBlank(_ index: Int) -> Bool {
        index >= bytes.count || bytes[index] == .newline || bytes[index] == .space
    }

    // MARK: Scalars

    /// Moves to the colon and returns the bytes of the key. Nil if no key begins here.
    mutating func key() -> Range<Int>? {
        guard let end = keyEnd else { return nil }
        defer { at = end }
        return at..<end
    }

    /// The index behind a key that begins here. libyaml accepts keys of up to 1024 characters.
    private var keyEnd: Int? {
        guard at < bytes.count, bytes[at].isAlphanumeric || bytes[at] == UInt8(ascii: "_") else { return nil }
        var end = at + 1
        while end < bytes.count, end - at <= 1000, keyBytes.contains(bytes[end]) { end += 1 }
        return end < bytes.count && bytes[end] == .colon && isBlank(end + 1) ? end : nil
    }

    /// Moves behind a byte and the spaces after it. It returns false if another byte is here.
    mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        skipSpaces()
        return true
    }

    /// Returns the bytes between quotes. Nil if the text has escapes or continues on the next line.
    mutating func quoted() -> Range<Int>? {
        let quote = bytes[at]
        at += 1
        let begin = at
        while at < bytes.count, bytes[at] != quote {
            guard bytes[at] != UInt8(ascii: "\\") || quote == UInt8(ascii: "'"), skipCharacter() else { return nil }
        }
        // In single quotes, two quotes stand for one.
        guard at < bytes.count, at + 1 == bytes.count || bytes[at + 1] != quote else { return nil }
        at += 1
        return begin..<at - 1
    }

    /// Returns the bytes of a scalar without quotes and without trailing spaces. Nil if it contains a character that
    /// may have another meaning in YAML.
    mutating func plain(inFlow: Bool) -> Range<Int>? {
        let begin = at
        guard at < bytes.count, bytes[at] >= 0x80 || plainStart.contains(bytes[at]) || isNegative else {
            return nil
        }
        var end = at
        while at < bytes.count, bytes[at] != .newline {
            if bytes[at] == .space {
                if at + 1 < bytes.count, bytes[at + 1] == .hash { break }
                at += 1
                continue
            }
            if inFlow, flowMarks.contains(bytes[at]) { break }
            guard bytes[at] != .colon || !isBlank(at + 1) && !(inFlow && flowMarks.contains(bytes[at + 1])),
                skipCharacter()
            else { return nil }
            end = at
        }
        return begin..<end
    }

    /// True for a dash that cannot begin an entry of a list, for example in `-1`.
    private var isNegative: Bool {
        bytes[at] == .dash && at + 1 < bytes.count
            && (bytes[at + 1].isAlphanumeric || bytes[at + 1] == .dash || bytes[at + 1] == UInt8(ascii: "."))
    }

    /// Moves behind a character. It returns false for a tab, a control character, a line break other than `\n`, and
    /// bytes that may be invalid UTF-8.
    private mutating func skipCharacter() -> Bool {
        let byte = bytes[at]
        if byte < 0x80 {
            at += 1
            return byte >= 0x20 && byte < 0x7f
        }
        let length: Int
        switch byte {
        case 0xc2: length = continues(at + 1, from: 0xa0) ? 2 : 0
        case 0xc3...0xdf: length = 2
        case 0xe2: length = isSeparator ? 0 : 3
        case 0xe3...0xec: length = 3
        case 0xf0: length = continues(at + 1, from: 0x90) ? 4 : 0
        default: length = 0
        }
        guard length > 0, (1..<length).allSatisfy({ continues(at + $0, from: 0x80) }) else { return false }
        at += length
        continuing += length - 1
        return true
    }

    private func continues(_ index: Int, from lowest: UInt8) -> Bool {
        index < bytes.count && bytes[index] >= lowest && bytes[index] <= 0xbf
    }

    /// True for U+2028 and U+2029, which are line breaks.
    private var isSeparator: Bool {
        at + 2 < bytes.count && bytes[at + 1] == 0x80 && (bytes[at + 2] == 0xa8 || bytes[at + 2] == 0xa9)
    }
}

extension UInt8 {
    fileprivate static let space = UInt8(ascii: " ")
    fileprivate static let newline = UInt8(ascii: "\n")
    fileprivate static let hash = UInt8(ascii: "#")
    fileprivate static let dash = UInt8(ascii: "-")
    fileprivate static let colon = UInt8(ascii: ":")
}

extension ByteSet {
    fileprivate static let key = ByteSet.alphanumeric.union("_-./")
    /// The bytes that may begin a scalar without quotes. Indicators of YAML, for example of anchors and tags, are
    /// excluded.
    fileprivate static let plainStart = ByteSet.alphanumeric.union("_./+~$<=^;()\\")
    /// The bytes that may end a scalar without quotes in a flow collection, or that ``PlainYAML`` does not read there.
    fileprivate static let flowMarks = ByteSet(",[]{}?")
}
