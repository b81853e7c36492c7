/// Finds duplicate keys of a mapping.
struct SeenKeys {
    /// The number of keys up to which keys are compared with each other. For more keys, an index is built, so that the
    /// time is not quadratic.
    private static let fewKeys = 16

    private let tree: YAMLTree
    private let mapping: Int
    /// The pairs that are not in ``firsts`` yet.
    private var rest: YAMLTree.Pairs
    private var count = 0
    private var firsts: [String: Int] = [:]

    init(_ tree: YAMLTree, of mapping: Int) {
        self.tree = tree
        self.mapping = mapping
        rest = tree.pairs(mapping)
    }

    /// Returns the first key with the same text among the keys before it. Nil if there is no such key.
    /// - Parameter number: The number of keys before it. It must not be less than in an earlier call.
    mutating func first(like key: Int, number: Int) -> Int? {
        if number < Self.fewKeys { return tree.key(like: key, amongFirst: number, of: mapping) }
        while count < number, let other = rest.next() {
            count += 1
            guard let text = tree.written(other.key), firsts[text] == nil else { continue }
            firsts[text] = other.key
        }
        return tree.written(key).flatMap { firsts[$0] }
    }
}
