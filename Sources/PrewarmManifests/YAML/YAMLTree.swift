import PrewarmCore

/// The documents of a file as a tape: one small value for each node in the order of the file, and all texts in one
/// buffer. A text becomes a `String` only if a caller asks for it.
final class YAMLTree: Sendable {
    struct Node {
        enum Kind: UInt8 {
            /// A scalar that the core schema resolves, and a scalar that is always text.
            case plain, text
            case sequence, mapping
            /// An alias of an earlier node. The index of that node is in `start`.
            case alias

            var isScalar: Bool { self == .plain || self == .text }
        }

        var kind: Kind
        /// The number of Unicode scalars between the position and the text. It is negative if the file writes the text
        /// in another form.
        var offset: Int8 = -1
        /// The line and the column count from 1.
        var line: Int32
        var column: Int32
        /// The range of the bytes of a scalar in ``YAMLTree/texts``.
        var start: Int32 = 0
        var end: Int32 = 0
        /// The index after the node and its contents.
        var next: Int32 = 0
    }

    let nodes: [Node]
    let texts: [UInt8]
    /// The index of the root of each document. An empty document has no root.
    let roots: [Int]
    /// The texts that messages show for scalars with replaced variables, because the values may be secrets.
    private let shown: [Int: String]

    init(nodes: [Node] = [], texts: [UInt8] = [], roots: [Int] = [], shown: [Int: String] = [:]) {
        self.nodes = nodes
        self.texts = texts
        self.roots = roots
        self.shown = shown
    }

    /// Returns the tree with other texts for some scalars. Messages still show `written`.
    func replacing(_ scalars: [(index: Int, text: String, written: String)]) -> YAMLTree {
        var (nodes, texts, shown) = (nodes, texts, shown)
        for (index, text, written) in scalars {
            nodes[index].kind = .text
            nodes[index].offset = -1
            nodes[index].start = Int32(texts.count)
            texts += Array(text.utf8)
            nodes[index].end = Int32(texts.count)
            shown[index] = written
        }
        return YAMLTree(nodes: nodes, texts: texts, roots: roots, shown: shown)
    }

    enum Content: Equatable {
        case mapping, sequence
        case scalar(Resolution)
    }

    func content(_ index: Int) -> Content {
        resolution(index).map { .scalar($0) } ?? (nodes[index].kind == .mapping ? .mapping : .sequence)
    }

    func position(_ index: Int) -> Position {
        Position(line: Int(nodes[index].line), column: Int(nodes[index].column))
    }

    func isScalar(_ index: Int) -> Bool { nodes[index].kind.isScalar }

    // MARK: Scalars

    /// Returns the resolved kind and value of a scalar. Nil for a collection.
    func resolution(_ index: Int) -> Resolution? {
        let (node, texts) = (nodes[index], texts)
        switch node.kind {
        case .plain: return Resolution(texts.span.extracting(Int(node.start)..<Int(node.end)))
        case .text: return .text
        default: return nil
        }
    }

    func isNull(_ index: Int) -> Bool {
        let node = nodes[index]
        return node.kind == .plain && node.end - node.start <= 4 && resolution(index) == .null
    }

    /// Returns the text of any scalar, with escapes and folding resolved. Nil for a collection.
    func written(_ index: Int) -> String? {
        guard isScalar(index) else { return nil }
        return String(decoding: texts[Int(nodes[index].start)..<Int(nodes[index].end)], as: UTF8.self)
    }

    /// Returns the size of the text of a scalar in bytes.
    func byteCount(_ index: Int) -> Int { Int(nodes[index].end - nodes[index].start) }

    /// Returns the text of a scalar that is resolved to text. Nil for any other node.
    func text(_ index: Int) -> String? { resolution(index) == .text ? written(index) : nil }

    /// Returns a scalar with all its data, for messages. Nil for a collection.
    func scalar(_ index: Int) -> Scalar? {
        guard let text = written(index) else { return nil }
        let node = nodes[index]
        return Scalar(
            text: text, isPlain: node.kind == .plain, offset: node.offset < 0 ? nil : Int(node.offset),
            shown: shown[index])
    }

    // MARK: Collections

    /// Returns the index itself, or the index of the node that it is an alias of.
    fileprivate func target(_ index: Int) -> Int { nodes[index].kind == .alias ? Int(nodes[index].start) : index }

    /// Returns the elements of a sequence. For other nodes, it returns no elements.
    func elements(_ index: Int) -> Elements {
        Elements(tree: self, at: index + 1, end: nodes[index].kind == .sequence ? Int(nodes[index].next) : 0)
    }

    /// Returns the keys and values of a mapping in the order of the file. For other nodes, it returns no pairs.
    func pairs(_ index: Int) -> Pairs {
        Pairs(tree: self, at: index + 1, end: nodes[index].kind == .mapping ? Int(nodes[index].next) : 0)
    }

    /// Returns the value of a key of a mapping, or the first value if the key is a duplicate. Nil if the key is
    /// missing.
    func value(_ key: String, of index: Int) -> Int? {
        for pair in pairs(index) where isScalar(pair.key) {
            let text = texts[Int(nodes[pair.key].start)..<Int(nodes[pair.key].end)]
            if text.count == key.utf8.count, text.elementsEqual(key.utf8) { return pair.value }
        }
        return nil
    }

    struct Elements: Sequence, IteratorProtocol {
        fileprivate let tree: YAMLTree
        fileprivate var at: Int
        fileprivate let end: Int

        mutating func next() -> Int? {
            guard at < end else { return nil }
            defer { at = Int(tree.nodes[at].next) }
            return tree.target(at)
        }
    }

    struct Pairs: Sequence, IteratorProtocol {
        fileprivate let tree: YAMLTree
        fileprivate var at: Int
        fileprivate let end: Int

        mutating func next() -> (key: Int, value: Int)? {
            guard at < end else { return nil }
            let (key, value) = (at, Int(tree.nodes[at].next))
            // If reading stopped at an error, the last key may have no value.
            guard value < end else { return nil }
            at = Int(tree.nodes[value].next)
            return (tree.target(key), tree.target(value))
        }
    }
}
