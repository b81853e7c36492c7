extension [Diagnostic] {
    /// Adds the excerpt of its line to each diagnostic that has none.
    /// - Parameters:
    ///   - bytes: the content of the file of all diagnostics.
    ///   - redacted: removes secrets from a line, before the line is cut.
    package mutating func quote(_ bytes: [UInt8], redacted: (String) -> String = { $0 }) {
        // Most files have no diagnostics, and splitting a file takes longer than parsing it.
        guard contains(where: { $0.excerpt == nil && $0.position != nil }) else { return }
        // Lines of UTF-16 are not supported.
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) { return }
        let text = String(decoding: bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...], as: UTF8.self)
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for index in indices where self[index].excerpt == nil {
            guard let line = self[index].position?.line, lines.indices.contains(line - 1) else { continue }
            self[index].setExcerpt(redacted(String(lines[line - 1])))
        }
    }
}

extension Diagnostic {
    /// The largest number of characters in an excerpt.
    private static let excerptLimit = 160
    /// The offset of the caret in the excerpt of a line whose beginning is cut off.
    private static let cutCaret = excerptLimit / 2 + 1

    /// Sets the excerpt to the part of a line around the position, since a line may be as long as the file.
    fileprivate mutating func setExcerpt(_ line: String) {
        guard line.utf8.count > Self.excerptLimit, let position else {
            excerpt = line
            return
        }
        let scalars = Array(line.unicodeScalars)
        let caret = Swift.min(position.column - 1, scalars.count)
        let start = Self.cutsBeginning(caret) && scalars.count > Self.excerptLimit ? caret - Self.excerptLimit / 2 : 0
        let end = Swift.min(scalars.count, start + Self.excerptLimit)
        excerpt =
            (start > 0 ? "…" : "") + String(String.UnicodeScalarView(scalars[start..<end]))
            + (end < scalars.count ? "…" : "")
    }

    private static func cutsBeginning(_ caret: Int) -> Bool { caret > excerptLimit * 3 / 4 }

    /// The printable excerpt, and the white space before the caret in the line below it; nil if there is no excerpt.
    var excerptLines: (text: String, lead: String)? {
        guard let excerpt, let position else { return nil }
        let scalars = Array(excerpt.unicodeScalars)
        let isCut = Self.cutsBeginning(position.column - 1) && scalars.first == "…"
        let caret = Swift.min(isCut ? Self.cutCaret : position.column - 1, scalars.count)
        let shown = scalars.filter { $0 == "\t" || $0.isPrintable }
        // Tabs stay tabs, so that the caret is below the right character in a terminal.
        let lead = scalars[..<caret].filter { $0 == "\t" || $0.isPrintable }
            .map { $0 == "\t" ? "\t" : $0.isWide ? "  " : " " }.joined()
        return (String(String.UnicodeScalarView(shown)), lead)
    }
}

extension Unicode.Scalar {
    /// True for characters that take two cells of a terminal, approximately: East Asian characters and emoji.
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xff00...0xff60, 0x1f300...0x1faff:
            true
        default: false
        }
    }
}
