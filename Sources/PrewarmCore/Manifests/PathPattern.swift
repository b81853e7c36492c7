/// A pattern for paths, with the rules of .gitignore (gitignore(5), PATTERN FORMAT).
///
/// `*` and `?` do not match a slash. `**` matches any number of folders. A slash at the beginning or in the middle
/// binds the pattern to the root. A slash at the end restricts it to folders. A pattern that matches a folder also
/// matches everything in it. `!`, `[…]` and escapes are not supported.
package struct PathPattern: Hashable, Sendable {
    package let text: String
    /// Matches the path of a file, and the path of a folder with a slash at its end.
    private let pattern: Pattern

    /// Reads a pattern. Throws an error if it is empty or uses a syntax that is not supported.
    package init(_ text: String) throws(TextError) {
        if let problem = Self.problem(in: text) { throw TextError(message: problem) }
        self.text = text
        let isForFolders = text.hasSuffix("/")
        let isTied = text.dropLast(isForFolders ? 1 : 0).contains("/")
        let segments = text.split(separator: "/")
        var expression = isTied ? "^" : "^([\\s\\S]*/)?"
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            // `dir/**` matches the content of the folder but not the folder itself.
            case "**": expression += "([\\s\\S]*/)?" + (isLast ? "[^/]+" : "")
            case "*": expression += isLast ? "[^/]+" : "[^/]+/"
            default: expression += Glob.expression(segment) + (isLast ? "" : "/")
            }
        }
        pattern = try Pattern(expression + (isForFolders ? "/" : "(/|$)"))
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
        fits(String(decoding: path, as: UTF8.self), isFolder: isFolder)
    }

    package func fits(_ path: String, isFolder: Bool) -> Bool { pattern.matches(isFolder ? path + "/" : path) }
}
