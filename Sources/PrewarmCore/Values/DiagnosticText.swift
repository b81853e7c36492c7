extension Diagnostic {
    /// Returns the form that compilers use: place and message, the line with a caret, and the hint.
    package func text(color: Bool = false) -> TerminalText {
        func paint(_ code: String, _ text: TerminalText) -> TerminalText {
            color ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
        }
        let word = severity == .error ? paint("31", "error:") : paint("33", "warning:")
        var lines: [TerminalText] = [
            file.isEmpty ? "\(word) \(message)" : "\(paint("1", "\(location)")): \(word) \(message)"
        ]
        if let excerpt = excerptLines, let position {
            let number = "\(position.line)"
            let margin = String(repeating: " ", count: number.count)
            lines.append("  \(number) | \(TerminalText(lines: excerpt.text))")
            lines.append("  \(margin) | \(TerminalText(lines: excerpt.lead))\(paint("31", "^"))")
        }
        if let hint { lines.append("  \(paint("36", "hint:")) \(hint)") }
        return lines.joined(separator: "\n")
    }
}
