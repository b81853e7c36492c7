import PrewarmCore

/// Which lines of a configuration are not shown with an error: those with a secret that is written out. One that a
/// variable gives is shown by the variable's name.
enum SecretLines {
    private static let keys: Set<String> = ["password", "secret", "secrets", "token"]

    static func lines(of tree: YAMLTree) -> Set<Int> {
        var lines: Set<Int> = []
        for node in tree.nodes {
            guard case .mapping(let range) = node.content else { continue }
            for pair in tree.pairs(range) {
                guard case .scalar(let key) = tree[pair.key].content, keys.contains(key.text) else { continue }
                collect(pair.value, of: tree, into: &lines)
            }
        }
        return lines
    }

    private static func collect(_ index: Int, of tree: YAMLTree, into lines: inout Set<Int>) {
        switch tree[index].content {
        case .scalar(let scalar):
            if scalar.value != .null, !scalar.shown.contains("${") { lines.insert(tree[index].position.line) }
        case .sequence(let range): for child in tree.elements(range) { collect(child, of: tree, into: &lines) }
        case .mapping(let range): for pair in tree.pairs(range) { collect(pair.value, of: tree, into: &lines) }
        }
    }
}
