/// Finds duplicate keys of a mapping, with an index so that the time is not quadratic.
struct SeenKeys {
    private let tree: YAMLTree
    /// The pairs that are not in ``firsts`` yet.
    private var rest: YAMLTree.Pairs
    private var count = 0
    private var firsts: [String: Int] = [:]

    init(_ tree: YAMLTree, of mapping: Int) {
        self.tree = tree
        rest = tree.pairs(mapping)
    }

    /// Returns the first key with the same text among the keys before it. Nil if there is no such key.
    /// - Parameter number: The number of keys before it. It must not be less than in an earlier call.
    mutating func first(like key: Int, number: Int) -> Int? {
        while count < number, let other = rest.next() {
            count += 1
            guard let text = tree.written(other.key), firsts[text] == nil else { continue }
            firsts[text] = other.key
        }
        return tree.written(key).flatMap { firsts[$0] }
    }
}
