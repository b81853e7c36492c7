/// A text that is one of a known set. A client also accepts the texts of later versions.
package struct Choice<Known: RawRepresentable & CaseIterable & Hashable & Sendable>: Codable, Hashable, Sendable
where Known.RawValue == String {
    package let text: String

    package init(_ known: Known) { text = known.rawValue }

    /// - Parameter text: A text that may be of another version.
    package init(text: String) { self.text = text }

    package init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// The choice; nil if this version does not know the text.
    package var known: Known? { Known(rawValue: text) }

    package static func == (choice: Choice, known: Known) -> Bool { choice.text == known.rawValue }
    package static func != (choice: Choice, known: Known) -> Bool { choice.text != known.rawValue }
}

extension Choice: CustomStringConvertible {
    package var description: String { text }
}
