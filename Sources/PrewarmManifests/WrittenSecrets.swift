import PrewarmCore

/// Secrets that stand in a configuration as they are: messages and the lines that they quote must not show them.
struct WrittenSecrets {
    private let values: [String]

    private static let keys: Set<String> = ["token", "password", "passphrase", "secret", "secrets"]

    init(_ tree: YAMLTree) {
        var values: Set<String> = []
        for node in tree.nodes {
            guard case .mapping(let range) = node.content else { continue }
            let pairs = tree.pairs(range)
            // Whoever has the URL of such a receiver can post to it.
            let isSlack = pairs.contains {
                Self.text(of: $0.key, tree) == "kind" && Self.text(of: $0.value, tree) == "slack"
            }
            for (key, value) in pairs {
                guard let name = Self.text(of: key, tree), Self.keys.contains(name) || isSlack && name == "url" else {
                    continue
                }
                values.formUnion(Self.texts(of: value, in: tree))
            }
        }
        // The longest first, as one may be a part of another. What is that short is no secret.
        self.values = values.filter { $0.count >= 3 }.sorted { $0.count > $1.count }
    }

    private static func text(of index: Int, _ tree: YAMLTree) -> String? {
        if case .scalar(let scalar) = tree[index].content { scalar.text } else { nil }
    }

    /// All that stands there, as it is and as it is written.
    private static func texts(of index: Int, in tree: YAMLTree) -> [String] {
        switch tree[index].content {
        case .scalar(let scalar):
            // `${NAME}` is no secret, and says most.
            scalar.shown.contains("${") ? [] : [scalar.text, scalar.shown]
        case .sequence(let range): tree.elements(range).flatMap { texts(of: $0, in: tree) }
        case .mapping(let range): tree.pairs(range).flatMap { texts(of: $0.value, in: tree) }
        }
    }

    func redacted(_ text: String) -> String {
        values.reduce(text) { $0.replacing($1, with: "[redacted]") }.withoutURLLogins
    }
}
