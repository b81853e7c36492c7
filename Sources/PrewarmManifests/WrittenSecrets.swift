import PrewarmCore

/// Secrets that stand in a configuration as they are: messages and the lines that they quote must not show them.
struct WrittenSecrets {
    private let values: [String]

    private static let keys: Set<String> = ["token", "password", "passphrase"]

    init(_ tree: YAMLTree) {
        var values: Set<String> = []
        for node in tree.nodes {
            guard case .mapping(let range) = node.content else { continue }
            for (key, value) in tree.pairs(range) {
                guard case .scalar(let scalar) = tree[key].content else { continue }
                if Self.keys.contains(scalar.text) { values.formUnion(Self.texts(of: value, in: tree)) }
                if scalar.text == "secrets", case .mapping(let range) = tree[value].content {
                    for pair in tree.pairs(range) { values.formUnion(Self.texts(of: pair.value, in: tree)) }
                }
            }
        }
        // The longest first, as one may be a part of another. What is that short is no secret.
        self.values = values.filter { $0.count >= 3 }.sorted { $0.count > $1.count }
    }

    /// As it is, and as it is written.
    private static func texts(of index: Int, in tree: YAMLTree) -> [String] {
        guard case .scalar(let scalar) = tree[index].content else { return [] }
        // `${NAME}` is no secret, and says most.
        return scalar.shown.contains("${") ? [] : [scalar.text, scalar.shown]
    }

    func redacted(_ text: String) -> String {
        values.reduce(text) { $0.replacing($1, with: "[redacted]") }.withoutURLLogins
    }
}
