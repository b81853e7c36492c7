extension String {
    /// The cause of a failure on one line: the first line of an error that has text, with at most 300 Unicode scalars.
    /// Errors of provisioners begin with their cause, and the end of the log follows. Nil if the error has no text.
    package var cause: String? {
        // The rest of a long log is not read.
        let head = String(decoding: utf8.prefix(4096), as: UTF8.self)
        for line in head.split(whereSeparator: \.isNewline) {
            let text = String(line).printable.trimmed
            if !text.isEmpty { return text.limited(to: 300) }
        }
        return nil
    }

    /// The text without spaces at its ends.
    private var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
