/// A pattern for OIDC claims and preset names. `*` matches any text without a slash, `**` matches any text, and `?`
/// matches one character that is not a slash.
package struct Glob: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// The regular expression; nil for a text of more than about 500 wildcards, which matches nothing.
    private let pattern: Pattern?

    package init(_ text: String) {
        description = text
        pattern = try? Pattern("^\(Self.expression(text))$")
    }

    /// Returns true if the pattern matches the whole text. The time grows at most with the product of both lengths.
    package func matches(_ text: String) -> Bool { pattern?.matches(text) == true }

    /// Returns the regular expression of a text with wildcards.
    static func expression(_ text: some StringProtocol) -> String {
        var expression = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "?": expression += "[^/]"
            case "*":
                expression += rest.first == "*" ? "[\\s\\S]*" : "[^/]*"
                rest = rest.drop { $0 == "*" }
            default:
                if "^$\\.+()[]{}|/".unicodeScalars.contains(scalar) { expression += "\\" }
                expression.unicodeScalars.append(scalar)
            }
        }
        return expression
    }
}
