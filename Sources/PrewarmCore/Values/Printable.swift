extension String {
    /// On one line and without control characters: text of provisioners, committers and users reaches terminals in the
    /// middle of ours, and must not steer them.
    package var printable: String {
        if utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return self }
        return String(
            String.UnicodeScalarView(
                split(whereSeparator: \.isNewline).joined(separator: " ").unicodeScalars.filter(\.isPrintable)))
    }

    /// The same for text whose lines stay.
    package var printableLines: String {
        String(String.UnicodeScalarView(unicodeScalars.filter { $0.isPrintable || $0 == "\n" || $0 == "\t" }))
    }
}

extension Unicode.Scalar {
    /// Neither a control character nor one that turns the direction of what follows (https://trojansource.codes).
    fileprivate var isPrintable: Bool {
        switch value {
        case 0..<0x20, 0x7f..<0xa0, 0x202a...0x202e, 0x2066...0x2069: false
        default: true
        }
    }
}
