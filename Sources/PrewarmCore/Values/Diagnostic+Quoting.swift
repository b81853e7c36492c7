extension [Diagnostic] {
    /// Adds the line that each is about, where it has none yet.
    /// - Parameters:
    ///   - bytes: of the file that all of them are about.
    ///   - redacted: takes secrets out of a line, before a part of it is cut out.
    package mutating func quote(_ bytes: [UInt8], redacted: (String) -> String = { $0 }) {
        // No lines can be told apart in UTF-16.
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
    /// The number of characters of a line that are kept.
    private static let excerptLimit = 160
    /// Where the caret stands in the excerpt of a long line whose beginning is cut off.
    private static let cutCaret = excerptLimit / 2 + 1

    /// Keeps the part of a line around the position: a line may have as many characters as the file.
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

    /// The excerpt as it is shown, and what comes under it up to the caret.
    var excerptLines: (text: String, lead: String)? {
        guard let excerpt, let position else { return nil }
        let scalars = Array(excerpt.unicodeScalars)
        let isCut = Self.cutsBeginning(position.column - 1) && scalars.first == "…"
        let caret = Swift.min(isCut ? Self.cutCaret : position.column - 1, scalars.count)
        let shown = scalars.filter { $0 == "\t" || $0.isPrintable }
        // Tabs stay tabs, so that the caret stands where the terminal puts the column.
        let lead = scalars[..<caret].filter { $0 == "\t" || $0.isPrintable }
            .map { $0 == "\t" ? "\t" : $0.isWide ? "  " : " " }.joined()
        return (String(String.UnicodeScalarView(shown)), lead)
    }
}

extension Unicode.Scalar {
    /// Takes two cells of a terminal, near enough: East Asian characters and emoji.
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xff00...0xff60, 0x1f300...0x1faff:
            true
        default: false
        }
    }
}

extension Catalog {
    /// Adds the lines that the diagnostics are about. Of the rules between files, only these have none yet.
    /// - Parameter bytes: of a file by its path; nil where it can't be had.
    package mutating func quote(_ bytes: (_ path: String) -> [UInt8]?) {
        for path in unquotedPaths {
            guard let bytes = bytes(path) else { continue }
            let indices = diagnostics.indices.filter { diagnostics[$0].file == path }
            var quoted = indices.map { diagnostics[$0] }
            quoted.quote(bytes)
            for (index, diagnostic) in zip(indices, quoted) { diagnostics[index] = diagnostic }
        }
    }

    /// Of a hundred files at most: who has errors in more looks at the first ones.
    package var unquotedPaths: [String] {
        var paths: [String] = []
        for diagnostic in diagnostics where diagnostic.excerpt == nil && diagnostic.position != nil {
            if paths.last != diagnostic.file { paths.append(diagnostic.file) }
            if paths.count == 100 { break }
        }
        return paths
    }
}
