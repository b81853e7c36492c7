/// The line that ``PlainYAML`` reads, and how far: it knows bytes, but not what they nest in.
struct PlainLine {
    private let bytes: [UInt8]
    private var at = 0
    private var start = 0
    private var number: Int32 = 0
    /// Bytes of the line so far that only continue a character.
    private var continuing = 0
    // Here, as a global is asked for slower.
    private let keyBytes = ByteSet.key
    private let plainStart = ByteSet.plainStart
    private let flowMarks = ByteSet.flowMarks

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Goes to what the next line begins with; false at the end of the file.
    mutating func begin() -> Bool {
        guard at < bytes.count else { return false }
        (start, number, continuing) = (at, number + 1, 0)
        skipSpaces()
        return true
    }

    /// Goes behind the line; false where more is in it than spaces and a comment.
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
    /// As a ``YAMLTree`` counts it.
    var position: (line: Int32, column: Int32) { (number, Int32(at - start - continuing + 1)) }

    /// Nothing but a comment is left.
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

    /// Goes to the colon; nil where no key stands here.
    mutating func key() -> Range<Int>? {
        guard let end = keyEnd else { return nil }
        defer { at = end }
        return at..<end
    }

    /// libyaml takes a key of up to 1024 characters.
    private var keyEnd: Int? {
        guard at < bytes.count, bytes[at].isAlphanumeric || bytes[at] == UInt8(ascii: "_") else { return nil }
        var end = at + 1
        while end < bytes.count, end - at <= 1000, keyBytes.contains(bytes[end]) { end += 1 }
        return end < bytes.count && bytes[end] == .colon && isBlank(end + 1) ? end : nil
    }

    /// Goes behind a byte and the spaces after it; false where another stands here.
    mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        skipSpaces()
        return true
    }

    /// What is between quotes; nil where it has escapes, or goes on on the next line.
    mutating func quoted() -> Range<Int>? {
        let quote = bytes[at]
        at += 1
        let begin = at
        while at < bytes.count, bytes[at] != quote {
            guard bytes[at] != UInt8(ascii: "\\") || quote == UInt8(ascii: "'"), skipCharacter() else { return nil }
        }
        // Two of `'` stand for one.
        guard at < bytes.count, at + 1 == bytes.count || bytes[at + 1] != quote else { return nil }
        at += 1
        return begin..<at - 1
    }

    /// A scalar without quotes up to its last letter; nil where it begins, or goes on, with what may mean more.
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

    /// A dash that can't begin an entry of a list.
    private var isNegative: Bool {
        bytes[at] == .dash && at + 1 < bytes.count
            && (bytes[at + 1].isAlphanumeric || bytes[at + 1] == .dash || bytes[at + 1] == UInt8(ascii: "."))
    }

    /// False at a tab, a control character, a line break that isn't `\n`, and what is not certainly valid UTF-8.
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

    /// U+2028 or U+2029, which break lines.
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
    /// Not among them: what begins a collection, an anchor, a tag and the like, or is reserved.
    fileprivate static let plainStart = ByteSet.alphanumeric.union("_./+~$<=^;()\\")
    /// What may end a scalar without quotes between brackets, or is better left alone there.
    fileprivate static let flowMarks = ByteSet(",[]{}?")
}
