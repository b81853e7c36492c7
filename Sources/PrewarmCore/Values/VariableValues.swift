/// The values of environment variables that a configuration uses as `${NAME}`. Each may be a secret, so messages show
/// the name in its place.
package struct VariableValues: Hashable, Sendable {
    private struct Variable: Hashable {
        let name: String
        let value: String
    }

    /// The longest value first, since one value may be a part of another.
    private let variables: [Variable]
    /// Shorter values are in every text.
    private static let shortest = 3
    /// A shorter value is only replaced where it is a whole word.
    private static let shortestPart = 8

    package init(_ used: [(name: String, value: String)] = []) {
        variables = Set(used.map { Variable(name: $0.name, value: $0.value) })
            .filter { $0.value.count >= Self.shortest }
            .sorted { ($1.value.count, $0.name) < ($0.value.count, $1.name) }
    }

    package var isEmpty: Bool { variables.isEmpty }

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
