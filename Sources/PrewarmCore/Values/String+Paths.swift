extension String {
    /// Returns the text without a prefix, or the whole text if it does not begin with the prefix.
    package func withoutPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }

    /// Returns true if the text is the path, or a path below it.
    package func isPath(atOrBelow path: String) -> Bool { self == path || hasPrefix(path + "/") }
}
