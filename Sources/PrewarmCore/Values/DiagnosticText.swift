extension Diagnostic {
    /// As compilers write it: place and message, the line with a caret, the hint.
    package func text(colour: Bool = false) -> String {
        func paint(_ code: String, _ text: String) -> String { colour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text }
        let word = severity == .error ? paint("31", "error:") : paint("33", "warning:")
        var lines = [file.isEmpty ? "\(word) \(message)" : "\(paint("1", location.printable)): \(word) \(message)"]
        if let excerpt = excerptLines, let position {
            let number = "\(position.line)"
            lines.append("  \(number) | \(excerpt.text)")
            lines.append("  " + String(repeating: " ", count: number.count) + " | " + excerpt.lead + paint("31", "^"))
        }
        if let hint { lines.append("  " + paint("36", "hint:") + " \(hint)") }
        return lines.joined(separator: "\n")
    }
}
