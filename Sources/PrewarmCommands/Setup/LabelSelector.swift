import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// A selector of objects by their labels, in the form of kubectl: `team=web`, `team!=web`, `team` for any value and `!team`
/// for no value, joined by commas. All of them have to match.
struct LabelSelector: ExpressibleByArgument {
    private enum Requirement {
        case equal(key: String, value: String, isNegated: Bool)
        case present(key: String, isNegated: Bool)
    }

    private let requirements: [Requirement]
    /// The selector as the user wrote it.
    let text: String

    init?(argument: String) {
        var requirements: [Requirement] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let requirement = Self.requirement(String(part)) else { return nil }
            requirements.append(requirement)
        }
        self.requirements = requirements
        text = argument
    }

    private static func requirement(_ text: String) -> Requirement? {
        guard let mark = text.firstIndex(of: "=") else {
            let isNegated = text.hasPrefix("!")
            let key = isNegated ? String(text.dropFirst()) : text
            return isKey(key) ? .present(key: key, isNegated: isNegated) : nil
        }
        let before = text[..<mark]
        let isNegated = before.hasSuffix("!")
        let key = String(isNegated ? before.dropLast() : before)
        let rest = text[text.index(after: mark)...]
        let value = String(!isNegated && rest.hasPrefix("=") ? rest.dropFirst() : rest)
        return isKey(key) && !value.contains("=") ? .equal(key: key, value: value, isNegated: isNegated) : nil
    }

    private static func isKey(_ text: String) -> Bool {
        !text.isEmpty && !text.contains { "!=".contains($0) || $0.isWhitespace }
    }

    /// Returns true if the labels match. An object without the key matches `key!=value`.
    func matches(_ labels: OrderedMap<String>?) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .equal(let key, let value, let isNegated):
                (labels?[key] == value) != isNegated
            case .present(let key, let isNegated): (labels?[key] != nil) != isNegated
            }
        }
    }
}
