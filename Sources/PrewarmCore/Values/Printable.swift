extension String {
    /// The text on one line, without characters that steer a terminal, turn the direction of text or are invisible.
    package var printable: String {
        if utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return self }
        return String(
            String.UnicodeScalarView(
                split(whereSeparator: \.isNewline).joined(separator: " ").unicodeScalars.filter(\.isPrintable)))
    }

    /// The same for text whose lines stay.
    package var printableLines: String {
        if utf8.allSatisfy({ (0x20..<0x7f).contains($0) || $0 == 0x0a || $0 == 0x09 }) { return self }
        return String(String.UnicodeScalarView(unicodeScalars.filter { $0.isPrintable || $0 == "\n" || $0 == "\t" }))
    }
}

extension Unicode.Scalar {
    /// Whether the character is shown as itself. Not so are control characters, those that turn the direction of text
    /// (https://trojansource.codes) and invisible ones, in which a text can be hidden.
    package var isPrintable: Bool {
        if value < 0x7f { return value >= 0x20 }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return false
        default: break
        }
        // All but the two that choose between a sign and an emoji.
        return !properties.isDefaultIgnorableCodePoint || value == 0xfe0e || value == 0xfe0f
    }
}
