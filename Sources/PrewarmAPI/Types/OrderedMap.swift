/// Values by name, in the order in which a document has them.
package struct OrderedMap<Element: Codable & Sendable>: Codable, Sendable {
    package let pairs: [(key: String, value: Element)]

    package init(_ pairs: [(key: String, value: Element)]) { self.pairs = pairs }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        pairs = try container.allKeys.map { ($0.stringValue, try container.decode(Element.self, forKey: $0)) }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        for (key, value) in pairs { try container.encode(value, forKey: Name(stringValue: key)) }
    }

    /// Returns the value of a name; nil if no value has the name.
    package subscript(_ key: String) -> Element? { pairs.first { $0.key == key }?.value }

    package var isEmpty: Bool { pairs.isEmpty }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

extension OrderedMap {
    /// The values of a dictionary, by name.
    package init(_ dictionary: [String: Element]) {
        self.init(dictionary.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    /// The values of a dictionary, by name; nil if it is empty.
    package init?(unlessEmpty dictionary: [String: Element]) {
        if dictionary.isEmpty { return nil }
        self.init(dictionary)
    }
}
