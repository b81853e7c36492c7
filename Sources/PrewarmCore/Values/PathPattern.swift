/// A pattern for paths, as .gitignore has them (gitignore(5), PATTERN FORMAT): `*` and `?` stop at a slash, `**` stands
/// for any number of folders, a slash at the beginning or in the middle ties the pattern to the root, one at the end
/// to folders. A pattern that fits a folder fits all that is in it. There are no `!`, no `[…]` and no escapes.
package struct PathPattern: Hashable, Sendable {
    package let text: String
    /// Between slashes; nil is `**`.
    private let segments: [[UInt8]?]
    private let isForFolders: Bool

    package init(_ text: String) throws(PathPatternError) {
        if let problem = Self.problem(in: text) { throw PathPatternError(message: problem) }
        self.text = text
        isForFolders = text.hasSuffix("/")
        var segments = text.split(separator: "/").map { $0 == "**" ? nil : Array($0.utf8) as [UInt8]? }
        let isTied = text.dropLast(isForFolders ? 1 : 0).contains("/")
        if !isTied, segments.first != .some(nil) { segments.insert(nil, at: 0) }
        // What is in a folder, at any depth, begins with something in it.
        if segments.last == .some(nil) { segments.append(Array("*".utf8)) }
        self.segments = segments
    }

    private static func problem(in text: String) -> String? {
        let parts = text.split(separator: "/")
        if parts.isEmpty { return "expected a pattern for paths, as drafts/ or **/*.yaml" }
        if text.hasPrefix("!") { return "a pattern can't be turned round with !: use include or exclude" }
        if text.contains(where: { "[]\\".contains($0) }) { return "only *, ** and ? have a meaning here" }
        if parts.contains(where: { $0 == "." || $0 == ".." }) { return "a pattern can't have . or .. as a folder" }
        if parts.contains(where: { $0 != "**" && $0.contains("**") }) { return "** stands alone between slashes" }
        return parts.count > 32 ? "at most 32 folders are allowed" : nil
    }

    /// Whether the pattern fits the path or a folder that it is in. The path has no slash at its ends.
    package func fits(_ path: [UInt8], isFolder: Bool) -> Bool {
        let parts = path.split(separator: UInt8(ascii: "/"))
        for count in 1...max(1, parts.count) where count <= parts.count {
            let isWhole = count == parts.count
            if isForFolders, isWhole, !isFolder { return false }
            if Self.fits(segments[...], parts[..<count]) { return true }
        }
        return false
    }

    package func fits(_ path: String, isFolder: Bool) -> Bool { fits(Array(path.utf8), isFolder: isFolder) }

    /// Goes back to the last `**` only, so that no pattern takes long.
    private static func fits(_ pattern: ArraySlice<[UInt8]?>, _ parts: ArraySlice<ArraySlice<UInt8>>) -> Bool {
        var (pattern, parts) = (pattern, parts)
        var retry: (pattern: ArraySlice<[UInt8]?>, parts: ArraySlice<ArraySlice<UInt8>>)?
        while true {
            if let wanted = pattern.first {
                guard let wanted else {
                    pattern = pattern.dropFirst()
                    retry = (pattern, parts)
                    continue
                }
                if let part = parts.first, isLike(wanted[...], part) {
                    (pattern, parts) = (pattern.dropFirst(), parts.dropFirst())
                    continue
                }
            } else if parts.isEmpty {
                return true
            }
            guard let last = retry, !last.parts.isEmpty else { return false }
            retry = (last.pattern, last.parts.dropFirst())
            (pattern, parts) = (last.pattern, last.parts.dropFirst())
        }
    }

    /// The same with `*` in one name. `?` is one character, not one byte.
    private static func isLike(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        var (pattern, text) = (pattern, text)
        var retry: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
        while true {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                retry = (pattern, text)
            } else if pattern.first == UInt8(ascii: "?"), !text.isEmpty {
                text = text.dropFirst().drop { $0 & 0xC0 == 0x80 }
                pattern = pattern.dropFirst()
            } else if let sign = text.first, sign == pattern.first {
                (pattern, text) = (pattern.dropFirst(), text.dropFirst())
            } else if text.isEmpty && pattern.isEmpty {
                return true
            } else if let last = retry, !last.text.isEmpty {
                retry = (last.pattern, last.text.dropFirst())
                (pattern, text) = (last.pattern, last.text.dropFirst())
            } else {
                return false
            }
        }
    }
}

/// Why a text is no pattern for paths.
package struct PathPatternError: Error, Hashable, Sendable {
    package let message: String
}
