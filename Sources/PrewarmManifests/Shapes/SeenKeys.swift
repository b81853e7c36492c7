/// The keys of a mapping, one after the other, to find those that are there twice.
struct SeenKeys {
    /// So many keys are compared with each other; for more of them an index is made, as there may be very many.
    private static let fewKeys = 16

    private let tree: YAMLTree
    private let mapping: Int
    private var count = 0
    private var firsts: [String: Int] = [:]

    init(_ tree: YAMLTree, of mapping: Int) {
        self.tree = tree
        self.mapping = mapping
    }

    /// Of the keys before it, which are those that it was asked for, the first of the same text.
    mutating func first(like key: Int) -> Int? {
        defer { count += 1 }
        if count < Self.fewKeys {
            return tree.key(like: key, amongFirst: count, of: mapping)
        }
        if count == Self.fewKeys { for pair in tree.pairs(mapping).prefix(count) { _ = note(pair.key) } }
        return note(key)
    }

    /// The first key of that text where this is not it.
    private mutating func note(_ key: Int) -> Int? {
        guard let text = tree.written(key) else { return nil }
        if let first = firsts[text] { return first }
        firsts[text] = key
        return nil
    }
}
