extension String {
    /// The text as one line of at most 200 characters without control characters, for text from a sender.
    package var forMessage: String {
        let line = String(
            unicodeScalars.prefix(200).map { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) ? " " : Character($0) }
        )
        return unicodeScalars.count > 200 ? line + "…" : line
    }
}
