extension String {
    package func withoutPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }

    /// Whether it is that path, or one below it.
    package func isPath(atOrBelow path: String) -> Bool { self == path || hasPrefix(path + "/") }
}
