import PrewarmCore

/// Searches for manifests in text that is not read as YAML: a broken or too large file, comments, and the text of a
/// block scalar.
///
/// It recognizes keys, quotes and comments in block, flow and JSON style, but not nesting. A text that it finds may be
/// a manifest. If it finds nothing, the text holds no manifest. The time is proportional to the size of the text.
struct ManifestScan {
    /// The maximum number of names that are taken from one text.
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

    /// Searches a file without its comments.
    init(file bytes: [UInt8]) {
        self.init(bytes.asUTF8.withoutComments)
    }

    /// Searches a text inside a document.
    init(text: String) {
        self.init(Array(text.utf8))
    }

    /// True if the text contains an apiVersion of prewarm.
    var declaresOurs: Bool { apiVersions.contains { $0.hasPrefix("prewarm/") } }
    /// True if the text contains the kind Template or a similar word.
    var declaresTemplate: Bool { declares(["Template"]) }
    var declaresConfiguration: Bool { kinds.contains("Config") && !declares(["Preset", "Template"]) }
    /// True if the text contains an apiVersion and a kind, of any tool.
    var isObject: Bool { !apiVersions.isEmpty && !kinds.isEmpty }

    /// The manifests that the text may hold. Each name may belong to a preset or to a template.
    var documents: [InvalidDocument] {
        guard declaresOurs || declares(["Preset", "Template"]) else { return [] }
        return names.flatMap { name in [true, false].map { InvalidDocument(isPreset: $0, name: name) } }
    }

    private func declares(_ known: [String]) -> Bool { kinds.contains { known.closest(to: $0) != nil } }

    /// Returns the manifests that the comments of a file may hold. Comments without content between them are one text.
    static func commentedDocuments(in bytes: [UInt8]) -> [InvalidDocument] {
        guard bytes.contains(.hash) else { return [] }
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
    /// The text as UTF-8. If the file is UTF-16, it is converted.
    fileprivate var asUTF8: [UInt8] {
        guard isUTF16 else { return self }
        let isBig = self[0] == 0xfe
        let units = stride(from: 2, to: count - 1, by: 2).map { index in
            let (first, second) = (UInt16(self[index]), UInt16(self[index + 1]))
            return isBig ? first << 8 | second : second << 8 | first
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// The text with spaces instead of comments. A quote counts if a scalar may begin there, until the end of its line.
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

    /// Returns the values of a key. Of a scalar of several lines, it returns the first line.
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
        // Skips a tag or an anchor.
        while at < count, self[at] == UInt8(ascii: "!") || self[at] == UInt8(ascii: "&") {
            while at < count, !self[at].isBlank, self[at] != .newline { at += 1 }
            at = skipBlanks(at)
        }
        guard at < count else { return "" }
        let quote = self[at] == .doubleQuote || self[at] == .singleQuote ? self[at] : nil
        if quote != nil { at += 1 }
        // A version, a kind or a name is shorter than 100 bytes.
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
    /// The bytes that end a scalar without quotes in a flow collection.
    fileprivate static let flowMarks = Array(",[]{}".utf8)

    fileprivate var isBlank: Bool { self == .space || self == UInt8(ascii: "\t") || self == UInt8(ascii: "\r") }
    /// True if the byte may be a part of a key, so that a key cannot begin after it.
    fileprivate var isWord: Bool {
        isAlphanumeric || self == UInt8(ascii: "_") || self == UInt8(ascii: "-") || self == UInt8(ascii: ".")
            || self == UInt8(ascii: "/")
    }
}
