/// The labels and parameters that a claim asks for, for example `lang=go,size=large`. A preset matches if it has all of
/// them, each one as a label or as a parameter.
package struct PresetSelector: Hashable, Sendable, CustomStringConvertible {
    /// A key and its value.
    package struct Term: Hashable, Sendable, CustomStringConvertible {
        package let key: String
        package let value: String

        package var description: String { "\(key)=\(value)" }
    }

    /// At least one term, ordered by the keys, which are unique.
    package let terms: [Term]

    /// The largest number of terms in one selector.
    package static let mostTerms = 16
    /// The largest number of Unicode scalars in a key, as of a label.
    package static let keyLimit = 317
    /// The largest number of Unicode scalars in a value.
    package static let valueLimit = 256

    /// - Throws: ``TextError`` if there are no terms or too many, if a key comes twice, or if a text is empty or too long.
    package init(_ pairs: [(key: String, value: String)]) throws(TextError) {
        guard (1...Self.mostTerms).contains(pairs.count) else {
            throw TextError(message: "expected 1 to \(Self.mostTerms) labels or parameters, found \(pairs.count)")
        }
        var terms: [Term] = []
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
            guard (1...Self.keyLimit).contains(key.unicodeScalars.count) else {
                throw TextError(message: "expected a key of 1 to \(Self.keyLimit) characters before =")
            }
            guard (1...Self.valueLimit).contains(value.unicodeScalars.count) else {
                throw TextError(
                    message:
                        "expected a value of 1 to \(Self.valueLimit) characters for \"\(key.printable.limited(to: 80))\""
                )
            }
            guard terms.last?.key != key else {
                throw TextError(message: "expected each key once, found \"\(key.printable.limited(to: 80))\" twice")
            }
            terms.append(Term(key: key, value: value))
        }
        self.terms = terms
    }

    /// Reads the form of the command line: `KEY=VALUE`, separated by commas.
    package init(_ text: String) throws(TextError) {
        var pairs: [(key: String, value: String)] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let equals = part.firstIndex(of: "=") else {
                throw TextError(message: "expected KEY=VALUE, found \"\(String(part).printable.limited(to: 80))\"")
            }
            pairs.append((String(part[..<equals]), String(part[part.index(after: equals)...])))
        }
        try self.init(pairs)
    }

    package var description: String { terms.map(\.description).joined(separator: ",") }

    /// Returns true if the preset has all labels and parameters.
    package func matches(_ preset: Preset) -> Bool { terms.allSatisfy { $0.matches(preset) } }
}

extension PresetSelector.Term {
    /// Returns true if the preset has this label or parameter.
    package func matches(_ preset: Preset) -> Bool { preset.values(of: key).contains(value) }
}

extension Preset {
    /// Returns the values that a selector can ask for by a key: that of the label, and that of the parameter.
    package func values(of key: String) -> [String] {
        [labels[key], spec.parameters[key]?.selectable].compactMap(\.self)
    }
}

extension ParameterValue {
    /// The value as a selector writes it. It is nil for a secret, which nothing may compare with.
    package var selectable: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .number(let number): number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
        case .boolean(let flag): "\(flag)"
        case .secret: nil
        }
    }
}
