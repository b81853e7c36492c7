/// Finds the keys of a mapping that are there twice.
struct SeenKeys {
    /// So many keys are compared with each other; for more of them an index is made, as there may be very many.
    private static let fewKeys = 16

    private let tree: YAMLTree
    private let mapping: Int
    /// What is not in ``firsts`` yet.
    private var rest: YAMLTree.Pairs
    private var count = 0
    private var firsts: [String: Int] = [:]

    init(_ tree: YAMLTree, of mapping: Int) {
        self.tree = tree
        self.mapping = mapping
        rest = tree.pairs(mapping)
    }

    /// The first key of the same text among those before it.
    /// - Parameter number: how many keys come before; not less than in an earlier call.
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
