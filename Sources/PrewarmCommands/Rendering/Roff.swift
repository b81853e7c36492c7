/// A manual page in the format of man(7).
struct Roff {
    private(set) var document: String

    init(title: String, date: String) {
        document =
            #".TH "\#(Roff.escaped(title.uppercased()))" "1" "\#(date)" "prewarm \#(prewarmVersion)" "prewarm""# + "\n"
    }

    /// Returns the text with everything escaped that roff would take for a command.
    static func escaped(_ text: String) -> String {
        let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
    }

    /// Adds lines that are roff already.
    mutating func line(_ text: String) { document += text + "\n" }

    mutating func section(_ title: String) { line(".SH \(title)") }

    /// Adds the line of the section NAME.
    mutating func name(_ name: String, _ purpose: String) {
        let lines = "\(name) - \(purpose)".wrapped(to: 70)
        for part in lines { line(Self.escaped(part)) }
    }

    /// Adds prose.
    mutating func text(_ text: String) {
        for part in text.replacing("`", with: "").wrapped(to: 76) { line(Self.escaped(part)) }
    }

    mutating func paragraph(_ text: String) {
        line(".PP")
        self.text(text)
    }

    /// Adds an entry of a list.
    /// - Parameter term: the term, as roff.
    mutating func item(_ term: String, _ meaning: String) {
        line(".TP\n\(term)")
        text(meaning)
    }

    mutating func topic(_ topic: HelpTopic) {
        section(topic == .exitCodes ? "EXIT STATUS" : topic.rawValue.uppercased())
        for (term, meaning) in topic.entries { item(".B \(Self.escaped(term))", meaning) }
    }

    /// Adds commands, one on a line.
    mutating func examples(_ text: String) {
        line(".SH EXAMPLES\n.nf")
        for command in text.split(separator: "\n") { line(Self.escaped(String(command.drop { $0 == " " }))) }
        line(".fi")
    }
}
