package import PrewarmCore

/// An HTML page: the inside of an element, or of an attribute in double quotes.
///
/// Every interpolated text is escaped, so no name, message or log can add markup to a page. Invisible characters, and
/// characters that change the direction of text, are removed.
package enum HTML: OutputPlace {
    package static func neutralized(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for scalar in text.printable.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

/// Text that is ready for an HTML page.
package typealias Markup = ShownText<HTML>

extension ShownText where Where == HTML {
    /// The empty markup.
    static var none: Markup { "" }

    /// Returns the text with its line ends, for the element `pre`.
    static func lines(_ text: String) -> Markup {
        text.printableLines.split(separator: "\n", omittingEmptySubsequences: false).map { Markup(String($0)) }
            .joined(separator: "\n")
    }

    /// Returns the text in which names between backticks are the element `code`. prewarm's own sentences have them.
    static func sentence(_ text: String) -> Markup {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        guard parts.count > 1, parts.count % 2 == 1 else { return Markup(text) }
        return parts.enumerated().map { index, part in
            index % 2 == 0 ? Markup(String(part)) : "<code>\(part)</code>"
        }.joined()
    }
}

/// The address of a page, whose parts are percent-encoded.
enum Address {
    static func pool(source: String, name: String) -> String {
        "/pools/\(source.percentEncoded)/\(name.percentEncoded)"
    }

    static func workspace(_ id: String, _ action: String) -> String { "/workspaces/\(id.percentEncoded)/\(action)" }

    /// Returns the address of a link to text that a provisioner wrote. Returns nil if it is not an http or https URL: other
    /// schemes, for example `javascript:`, do not become links.
    static func link(_ text: String) -> String? {
        let lower = text.lowercased()
        guard lower.hasPrefix("https://") || lower.hasPrefix("http://"), text == text.printable,
            !text.contains(where: \.isWhitespace)
        else { return nil }
        return text
    }
}
