extension String {
    /// The first line of the text for a message, with at most 60 Unicode scalars.
    package var shortened: String {
        // 60 Unicode scalars take at most 240 bytes, so the rest of a long text is not read.
        let head = String(decoding: utf8.prefix(1024), as: UTF8.self).drop { $0 == "\n" }
        let line = String(head.prefix { $0 != "\n" })
        return line.limited(to: 60)
    }

    /// Returns the text, or its beginning and "…" if it has more than `limit` Unicode scalars.
    package func limited(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        let scalars = unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return self }
        return String(scalars[..<scalars.index(before: end)]) + "…"
    }
}
