import PrewarmCore

/// Secrets that stand in a configuration as they are: messages and the lines that they quote must not show them.
struct WrittenSecrets {
    private let values: [String]

    private static let keys: Set<String> = ["token", "password", "passphrase", "secret", "secrets"]

    init(_ tree: YAMLTree) {
        var values: Set<String> = []
        for index in tree.nodes.indices {
            // Whoever has the URL of such a receiver can post to it.
            let isSlack = tree.pairs(index).contains {
                tree.written($0.key) == "kind" && tree.written($0.value) == "slack"
            }
            for (key, value) in tree.pairs(index) {
                guard let name = tree.written(key), Self.keys.contains(name) || isSlack && name == "url" else {
                    continue
                }
                values.formUnion(Self.texts(of: value, in: tree))
            }
        }
        // The longest first, as one may be a part of another. What is that short is no secret.
        self.values = values.filter { $0.count >= 3 }.sorted { $0.count > $1.count }
    }

    /// All that stands there, as it is and as it is written.
    private static func texts(of index: Int, in tree: YAMLTree) -> [String] {
        if let scalar = tree.scalar(index) {
            // `${NAME}` is no secret, and says most.
            return scalar.shown.contains("${") ? [] : [scalar.text, scalar.shown]
        }
        return tree.elements(index).flatMap { texts(of: $0, in: tree) }
            + tree.pairs(index).flatMap { texts(of: $0.value, in: tree) }
    }

    func redacted(_ text: String) -> String {
        values.reduce(text) { $0.replacing($1, with: "[redacted]") }.withoutURLLogins
    }
}
