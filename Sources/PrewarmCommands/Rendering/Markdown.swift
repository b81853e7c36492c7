import PrewarmCore

/// GitHub Flavored Markdown, for comments on pull requests.
enum Markdown: OutputPlace {
    /// Characters that start or end emphasis, code, links, tables, headings or formulas.
    private static let escaped: Set<Unicode.Scalar> = ["\\", "`", "*", "_", "[", "]", "~", "$", "{", "}"]
    /// Characters that become a mention or a reference if a word follows.
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
                // A space of zero width prevents a link or a mention.
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

/// The inside of a code span. Only a backtick and the border of a table cell have a meaning there.
enum MarkdownCode: PartOfOutput {
    typealias Whole = Markdown

    static func neutralized(_ text: String) -> String {
        text.printable.replacing("`", with: "'").replacing("|", with: "¦")
    }
}

extension MarkdownText {
    /// Returns a text as a code span.
    static func code(_ text: String) -> MarkdownText { "`\(ShownText<MarkdownCode>(text))`" }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
}
