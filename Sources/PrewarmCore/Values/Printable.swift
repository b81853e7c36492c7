extension String {
    /// The text on one line, without characters that control a terminal, change the direction of text or are invisible.
    package var printable: String {
        if utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return self }
        return String(
            String.UnicodeScalarView(
                split(whereSeparator: \.isNewline).joined(separator: " ").unicodeScalars.filter(\.isPrintable)))
    }

    /// The text like ``printable``, but with its line ends and tabs.
    package var printableLines: String {
        if utf8.allSatisfy({ (0x20..<0x7f).contains($0) || $0 == 0x0a || $0 == 0x09 }) { return self }
        return String(String.UnicodeScalarView(unicodeScalars.filter { $0.isPrintable || $0 == "\n" || $0 == "\t" }))
    }
}

extension Unicode.Scalar {
    /// True if the character is shown as itself. Control characters, characters that change the direction of text
    /// (https://trojansource.codes) and invisible ones, which can hide text, are not.
    package var isPrintable: Bool {
        if value < 0x7f { return value >= 0x20 }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return false
        default: break
        }
        // The two variation selectors that choose between a text symbol and an emoji are printable.
        return !properties.isDefaultIgnorableCodePoint || value == 0xfe0e || value == 0xfe0f
    }
}
