extension Diagnostic {
    /// As compilers write it: place and message, the line with a caret, the hint.
    package func text(colour: Bool = false) -> String {
        func paint(_ code: String, _ text: String) -> String { colour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text }
        let word = severity == .error ? paint("31", "error:") : paint("33", "warning:")
        var lines = [file.isEmpty ? "\(word) \(message)" : "\(paint("1", location)): \(word) \(message)"]
        if let excerpt, let position {
            let number = "\(position.line)"
            // Tabs stay tabs, so that the caret stands where the terminal puts the column.
            let lead = excerpt.unicodeScalars.prefix(position.column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
            let shown = String(
                String.UnicodeScalarView(excerpt.unicodeScalars.filter { $0 == "\t" || $0.value >= 0x20 }))
            lines.append("  \(number) | \(shown)")
            lines.append("  " + String(repeating: " ", count: number.count) + " | " + lead + paint("31", "^"))
        }
        if let hint { lines.append("  " + paint("36", "hint:") + " \(hint)") }
        return lines.joined(separator: "\n")
    }
}
