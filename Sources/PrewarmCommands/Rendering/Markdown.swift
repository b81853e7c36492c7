import PrewarmCore

/// GitHub Flavored Markdown, as comments on pull requests have it.
enum Markdown: OutputPlace {
    /// Characters that form emphasis, code, links, tables, headings or formulas.
    private static let escaped: Set<Unicode.Scalar> = ["\\", "`", "*", "_", "[", "]", "~", "$", "{", "}"]
    /// Characters that forges take for a mention or a reference where a word follows.
    private static let signs: Set<Unicode.Scalar> = ["@", "#", "!"]

    static func neutralized(_ text: String) -> String {
        var result = ""
        let scalars = Array(text.printable.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            let next = index + 1 < scalars.count ? scalars[index + 1] : nil
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "|": result += "&#124;"
            case _ where escaped.contains(scalar):
                result += "\\"
                result.unicodeScalars.append(scalar)
            case _ where signs.contains(scalar) && next.map(isOfWord) == true, ":" where next == "/":
                // A space without width keeps forges from making a link or a mention of it.
                result.unicodeScalars.append(scalar)
                result += "&#8203;"
            case "." where index >= 3 && scalars[(index - 3)..<index].allSatisfy({ $0 == "w" || $0 == "W" }):
                result += "&#8203;."
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isOfWord(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isAlphabetic || scalar.isDigit }
}

typealias MarkdownText = ShownText<Markdown>

/// Inside a code span: nothing is markup there but its end and the border of a table's cell.
enum MarkdownCode: PartOfOutput {
    typealias Whole = Markdown

    static func neutralized(_ text: String) -> String {
        text.printable.replacing("`", with: "'").replacing("|", with: "¦")
    }
}

extension MarkdownText {
    /// A text as a code span.
    static func code(_ text: String) -> MarkdownText { "`\(ShownText<MarkdownCode>(text))`" }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
}
