import PrewarmCore

/// Looks for manifests in text that is not read as YAML: a file that is broken or too large, comments, and the text of a
/// block scalar.
///
/// It knows keys, quotes and comments, in block, flow and JSON style, and nothing of nesting: what it finds may be a
/// manifest, and where it finds nothing there is none. It takes time in proportion to the text.
struct ManifestScan {
    /// The number of names that are taken from one text.
    static let mostNames = 1_000

    private let apiVersions: [String]
    private let kinds: [String]
    /// The values of all keys `name` that may be the name of a manifest.
    let names: [String]

    private init(_ text: [UInt8]) {
        apiVersions = text.values(of: "apiVersion")
        kinds = text.values(of: "kind")
        names = text.values(of: "name").filter { TextRule.name.check($0) == nil }
    }

    /// A file, without its comments.
    init(file bytes: [UInt8]) {
        self.init(bytes.asUTF8.withoutComments)
    }

    /// A text inside of a document.
    init(text: String) {
        self.init(Array(text.utf8))
    }

    /// Whether the text says of a document that it is one of prewarm.
    var declaresOurs: Bool { apiVersions.contains { $0.hasPrefix("prewarm/") } }
    /// Whether it says of a document that it is a template, or nearly so.
    var declaresTemplate: Bool { declares(["Template"]) }
    var declaresConfiguration: Bool { kinds.contains("Config") && !declares(["Preset", "Template"]) }
    /// Whether it says of a document, whoever's it is, what that is.
    var isObject: Bool { !apiVersions.isEmpty && !kinds.isEmpty }

    /// The manifests that the text may hold: each name may be of a preset or of a template.
    var documents: [InvalidDocument] {
        guard declaresOurs || declares(["Preset", "Template"]) else { return [] }
        return names.flatMap { name in [true, false].map { InvalidDocument(isPreset: $0, name: name) } }
    }

    private func declares(_ known: [String]) -> Bool { kinds.contains { known.closest(to: $0) != nil } }

    /// The manifests that the comments of a file may hold, by comments that follow each other without content between.
    static func commentedDocuments(in bytes: [UInt8]) -> [InvalidDocument] {
        var documents: [InvalidDocument] = []
        var block: [UInt8] = []
        func finish() {
            if !block.isEmpty, documents.count < mostNames { documents += ManifestScan(block).documents }
            block = []
        }
        for line in bytes.asUTF8.split(separator: .newline) {
            guard let first = line.firstIndex(where: { !$0.isBlank }) else { continue }
            if line[first] == .hash {
                block += line[first...].drop { $0 == .hash } + [.newline]
            } else {
                finish()
            }
        }
        finish()
        return documents
    }
}

extension [UInt8] {
    /// The same text where the file is UTF-16.
    fileprivate var asUTF8: [UInt8] {
        guard isUTF16 else { return self }
        let isBig = self[0] == 0xfe
        let units = stride(from: 2, to: count - 1, by: 2).map { index in
            let (first, second) = (UInt16(self[index]), UInt16(self[index + 1]))
            return isBig ? first << 8 | second : second << 8 | first
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// With spaces in the place of comments. A quote counts where a scalar may begin, up to the end of its line.
    fileprivate var withoutComments: [UInt8] {
        var result = self
        var quote: UInt8?
        var (previous, isComment) = (UInt8.newline, false)
        for index in indices {
            let byte = self[index]
            if byte == .newline {
                (quote, isComment) = (nil, false)
            } else if isComment {
                result[index] = .space
            } else if let open = quote {
                if byte == open, open != .doubleQuote || previous != .backslash { quote = nil }
            } else if byte == .doubleQuote || byte == .singleQuote, !previous.isWord {
                quote = byte
            } else if byte == .hash, previous.isBlank || previous == .newline {
                isComment = true
                result[index] = .space
            }
            previous = byte
        }
        return result
    }

    /// The scalars behind a key, as far as they stand on the line on which they begin.
    fileprivate func values(of key: StaticString) -> [String] {
        let key = key.withUTF8Buffer { Array($0) }
        var found: [String] = []
        var index = 0
        while index + key.count < count, found.count < ManifestScan.mostNames {
            defer { index += 1 }
            guard self[index] == key[0], index == 0 || !self[index - 1].isWord,
                self[index..<index + key.count].elementsEqual(key), let value = value(behind: index + key.count)
            else { continue }
            found.append(value)
        }
        return found
    }

    private func value(behind end: Int) -> String? {
        var at = end
        if at < count, self[at] == .doubleQuote || self[at] == .singleQuote { at += 1 }
        at = skipBlanks(at)
        guard at < count, self[at] == UInt8(ascii: ":") else { return nil }
        at = skipBlanks(at + 1)
        // A tag or an anchor.
        while at < count, self[at] == UInt8(ascii: "!") || self[at] == UInt8(ascii: "&") {
            while at < count, !self[at].isBlank, self[at] != .newline { at += 1 }
            at = skipBlanks(at)
        }
        guard at < count else { return "" }
        let quote = self[at] == .doubleQuote || self[at] == .singleQuote ? self[at] : nil
        if quote != nil { at += 1 }
        // No version, kind or name is as long.
        let text = self[at..<Swift.min(count, at + 100)].prefix { byte in
            if let quote { return byte != quote && byte != .newline }
            return !byte.isBlank && byte != .newline && !UInt8.flowMarks.contains(byte)
        }
        return String(decoding: quote == .doubleQuote ? text.filter { $0 != .backslash } : Array(text), as: UTF8.self)
    }

    private func skipBlanks(_ start: Int) -> Int {
        var at = start
        while at < count, self[at].isBlank || self[at] == .newline { at += 1 }
        return at
    }
}

extension UInt8 {
    fileprivate static let newline = UInt8(ascii: "\n")
    fileprivate static let space = UInt8(ascii: " ")
    fileprivate static let hash = UInt8(ascii: "#")
    fileprivate static let doubleQuote = UInt8(ascii: "\"")
    fileprivate static let singleQuote = UInt8(ascii: "'")
    fileprivate static let backslash = UInt8(ascii: "\\")
    /// What ends a scalar without quotes between brackets.
    fileprivate static let flowMarks = ByteSet(",[]{}")

    fileprivate var isBlank: Bool { self == .space || self == UInt8(ascii: "\t") || self == UInt8(ascii: "\r") }
    /// Part of a key, so that none begins behind it.
    fileprivate var isWord: Bool {
        isAlphanumeric || self == UInt8(ascii: "_") || self == UInt8(ascii: "-") || self == UInt8(ascii: ".")
            || self == UInt8(ascii: "/")
    }
}
