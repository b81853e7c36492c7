/// The values of the environment variables that a configuration uses as `${NAME}`. Each may be a secret, so messages
/// show the name instead of the value.
package struct VariableValues: Hashable, Sendable {
    private struct Variable: Hashable {
        let name: String
        let value: String
    }

    /// The variables with the longest values first, since a value may be a part of another.
    private let variables: [Variable]
    /// The length of the shortest value that is replaced. Shorter values occur by chance in most texts.
    private static let shortest = 4
    /// The length from which a value is replaced inside a word, too. Shorter values are replaced only as whole words.
    private static let shortestPart = 8

    package init(_ used: [(name: String, value: String)] = []) {
        variables = Set(used.map { Variable(name: $0.name, value: $0.value) })
            .filter { $0.value.count >= Self.shortest }
            .sorted { ($1.value.count, $0.name) < ($0.value.count, $1.name) }
    }

    package var isEmpty: Bool { variables.isEmpty }

    /// Returns the text with the values replaced by `${NAME}`.
    ///
    /// A value that is a plain word or a number, for example `main` or `8080`, is replaced only where a value is shown: in
    /// quotes, or beside a character of a URL, a path or an assignment. Example: with `REF=main`, the text
    /// `the main cause: cannot find "main"` becomes `the main cause: cannot find "${REF}"`.
    package func masked(_ text: String) -> String {
        variables.reduce(text) { text, variable in
            let name = "${\(variable.name)}"
            let isPlain = variable.value.isPlain
            guard isPlain || variable.value.count < Self.shortestPart else {
                return text.replacing(variable.value, with: name)
            }
            var result = ""
            var rest = text[...]
            while let found = rest.firstRange(of: variable.value) {
                let before = rest[..<found.lowerBound].last ?? result.last
                let after = rest[found.upperBound...].first
                let isWord = before?.isWordCharacter != true && after?.isWordCharacter != true
                let isShown = isWord && (!isPlain || Self.showsValue(before, after))
                result += rest[..<found.lowerBound] + (isShown ? name[...] : rest[found])
                rest = rest[found.upperBound...]
            }
            return result + rest
        }
    }

    /// Returns true if the characters around a word show that it is a value.
    private static func showsValue(_ before: Character?, _ after: Character?) -> Bool {
        if let before {
            if "\"'`".contains(before), before == after { return true }
            if "=:/@".contains(before) { return true }
        }
        return after.map { "/@".contains($0) } == true
    }
}

extension Character {
    fileprivate var isWordCharacter: Bool { isLetter || isNumber || self == "_" }
}

extension String {
    /// The length from which letters are more likely a secret than a word.
    private static let longestWord = 15

    /// Returns true for a number, and for letters as a word has them: in lower case, in upper case or with a capital.
    fileprivate var isPlain: Bool {
        guard utf8.count <= Self.longestWord else { return false }
        if utf8.allSatisfy({ (48...57).contains($0) }) { return true }
        let isLower = utf8.dropFirst().allSatisfy { (97...122).contains($0) }
        let isUpper = utf8.dropFirst().allSatisfy { (65...90).contains($0) }
        guard let first = utf8.first else { return false }
        return (65...90).contains(first) ? isLower || isUpper : (97...122).contains(first) && isLower
    }
}
