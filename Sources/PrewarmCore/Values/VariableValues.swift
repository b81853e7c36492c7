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
    private static let shortest = 3
    /// The length from which a value is replaced inside a word, too. Shorter values are replaced only as whole words.
    private static let shortestPart = 8

    package init(_ used: [(name: String, value: String)] = []) {
        variables = Set(used.map { Variable(name: $0.name, value: $0.value) })
            .filter { $0.value.count >= Self.shortest }
            .sorted { ($1.value.count, $0.name) < ($0.value.count, $1.name) }
    }

    package var isEmpty: Bool { variables.isEmpty }

    /// Returns the text with the values replaced by `${NAME}`.
    package func masked(_ text: String) -> String {
        variables.reduce(text) { text, variable in
            let name = "${\(variable.name)}"
            guard variable.value.count < Self.shortestPart else { return text.replacing(variable.value, with: name) }
            var result = ""
            var rest = text[...]
            while let found = rest.firstRange(of: variable.value) {
                let before = rest[..<found.lowerBound].last ?? result.last
                let after = rest[found.upperBound...].first
                let isWord = before?.isWordCharacter != true && after?.isWordCharacter != true
                result += rest[..<found.lowerBound] + (isWord ? name[...] : rest[found])
                rest = rest[found.upperBound...]
            }
            return result + rest
        }
    }
}

extension Character {
    fileprivate var isWordCharacter: Bool { isLetter || isNumber || self == "_" }
}
