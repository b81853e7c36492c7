import PrewarmCore

/// Secrets that a configuration contains literally. They are removed from messages and from the lines that these quote.
struct WrittenSecrets {
    private let values: [String]

    /// The keys whose values are secrets, with all texts below them.
    static let keys: Set<String> = ["token", "password", "passphrase", "secret", "secrets", "clientSecret"]

    init(_ tree: YAMLTree) {
        var values: Set<String> = []
        for index in tree.nodes.indices {
            // The URL of a Slack webhook is a secret: it is all that is needed to post messages.
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
        // The longest value comes first, because a value may be a part of another. A value this short is not a secret.
        self.values = values.filter { $0.count >= 3 }.sorted { $0.count > $1.count }
    }

    /// Returns all texts in a node, with variables replaced and as they are written.
    private static func texts(of index: Int, in tree: YAMLTree) -> [String] {
        if let scalar = tree.scalar(index) {
            // `${NAME}` is not a secret, and is useful in a message.
            return scalar.shown.contains("${") ? [] : [scalar.text, scalar.shown]
        }
        return tree.elements(index).flatMap { texts(of: $0, in: tree) }
            + tree.pairs(index).flatMap { texts(of: $0.value, in: tree) }
    }

    func redacted(_ text: String) -> String {
        values.reduce(text) { $0.replacing($1, with: "[redacted]") }.withoutURLLogins
    }
}
