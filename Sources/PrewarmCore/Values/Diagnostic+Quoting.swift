extension [Diagnostic] {
    /// Adds the line that each is about, where it has none yet.
    /// - Parameter bytes: of the file that all of them are about.
    package mutating func quote(_ bytes: [UInt8]) {
        // No lines can be told apart in UTF-16.
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) { return }
        let text = String(decoding: bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...], as: UTF8.self)
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for index in indices where self[index].excerpt == nil {
            guard let line = self[index].position?.line, lines.indices.contains(line - 1) else { continue }
            self[index].excerpt = String(lines[line - 1].prefix(Diagnostic.excerptLimit))
        }
    }
}

extension Diagnostic {
    /// Characters of a line that are kept.
    static let excerptLimit = 4096
    /// Characters of a line that are shown.
    private static let shownLimit = 160

    /// The part of the line that is shown, and what comes under it up to the caret.
    var excerptLines: (text: String, lead: String)? {
        guard let excerpt, let position else { return nil }
        let scalars = Array(excerpt.unicodeScalars)
        let caret = min(position.column - 1, scalars.count)
        var start = 0
        if scalars.count > Self.shownLimit, caret > Self.shownLimit * 3 / 4 {
            start = min(caret - Self.shownLimit / 2, scalars.count - Self.shownLimit)
        }
        let end = min(scalars.count, start + Self.shownLimit)
        let shown = scalars[start..<end].filter { $0 == "\t" || $0.isPrintable }
        let text = (start > 0 ? "…" : "") + String(String.UnicodeScalarView(shown)) + (end < scalars.count ? "…" : "")
        // Tabs stay tabs, so that the caret stands where the terminal puts the column.
        let lead = scalars[start..<caret].filter { $0 == "\t" || $0.isPrintable }
            .map { $0 == "\t" ? "\t" : $0.isWide ? "  " : " " }.joined()
        return (text, (start > 0 ? " " : "") + lead)
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
