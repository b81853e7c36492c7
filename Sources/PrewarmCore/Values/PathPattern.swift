/// A pattern for paths, with the rules of .gitignore (gitignore(5), PATTERN FORMAT).
///
/// `*` and `?` do not match a slash. `**` matches any number of folders. A slash at the beginning or in the middle
/// binds the pattern to the root. A slash at the end restricts it to folders. A pattern that matches a folder also
/// matches everything in it. `!`, `[…]` and escapes are not supported.
package struct PathPattern: Hashable, Sendable {
    package let text: String
    /// The parts between slashes; nil is `**`.
    private let segments: [[UInt8]?]
    private let isForFolders: Bool

    /// Reads a pattern. Throws an error if it is empty or uses a syntax that is not supported.
    package init(_ text: String) throws(PathPatternError) {
        if let problem = Self.problem(in: text) { throw PathPatternError(message: problem) }
        self.text = text
        isForFolders = text.hasSuffix("/")
        var segments = text.split(separator: "/").map { $0 == "**" ? nil : Array($0.utf8) as [UInt8]? }
        let isTied = text.dropLast(isForFolders ? 1 : 0).contains("/")
        if !isTied, segments.first != .some(nil) { segments.insert(nil, at: 0) }
        // `dir/**` matches the content of the folder but not the folder itself.
        if segments.last == .some(nil) { segments.append(Array("*".utf8)) }
        self.segments = segments
    }

    private static func problem(in text: String) -> String? {
        let parts = text.split(separator: "/")
        if parts.isEmpty { return "expected a pattern for paths, for example drafts/ or **/*.yaml" }
        if text.hasPrefix("!") { return "a pattern cannot be negated with !: use `include` or `exclude`" }
        if text.contains(where: { "[]\\".contains($0) }) {
            return "a pattern cannot contain [, ] or \\: use *, ** or ?"
        }
        if parts.contains(where: { $0 == "." || $0 == ".." }) { return "a pattern cannot contain the folders . and .." }
        if parts.contains(where: { $0 != "**" && $0.contains("**") }) {
            return "** must be alone between slashes, for example drafts/**/*.yaml"
        }
        return parts.count > 32 ? "a pattern can have at most 32 folders" : nil
    }

    /// Returns true if the pattern matches the path or a folder that contains it.
    /// - Parameter path: the path, without a slash at its ends.
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

    /// Returns true if all segments match the whole path. After a mismatch it goes back to the last `**` only, so
    /// that no pattern takes exponential time.
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

    /// Returns true if a segment matches one name. It goes back to the last `*` only. `?` matches one character, not
    /// one byte.
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

/// The reason why a text is not a pattern for paths.
package struct PathPatternError: Error, Hashable, Sendable {
    package let message: String
}
