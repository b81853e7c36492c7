extension String {
    /// The first line of a text for a message: at most 60 characters of Unicode.
    package var shortened: String {
        // Far more bytes than 60 characters of Unicode have need not be looked at.
        let head = String(decoding: utf8.prefix(1024), as: UTF8.self).drop { $0 == "\n" }
        let line = String(head.prefix { $0 != "\n" })
        return line.limited(to: 60)
    }

    /// The text, or its beginning and "…" where it has more than `limit` characters of Unicode.
    package func limited(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        let scalars = unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return self }
        return String(scalars[..<scalars.index(before: end)]) + "…"
    }
}
