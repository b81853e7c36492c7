import PrewarmCore

/// The documents of one file as a tape: a small value for each node, in the order of the file, and all texts in one
/// buffer. Only what somebody asks for becomes a `String`.
final class YAMLTree: Sendable {
    struct Node {
        enum Kind: UInt8 {
            /// A scalar that the core schema decides on, and one that is text whatever it looks like.
            case plain, text
            case sequence, mapping
            /// Stands for an earlier node, whose index is its `start`.
            case alias

            var isScalar: Bool { self == .plain || self == .text }
        }

        var kind: Kind
        /// How many scalars after the position the text begins; negative where the file writes it differently.
        var offset: Int8 = -1
        /// Both count from 1.
        var line: Int32
        var column: Int32
        /// Of a scalar, its bytes in ``YAMLTree/texts``.
        var start: Int32 = 0
        var end: Int32 = 0
        /// The index behind the node and all that is in it.
        var next: Int32 = 0
    }

    let nodes: [Node]
    let texts: [UInt8]
    /// The root of each document; an empty document has none.
    let roots: [Int]
    /// What messages show of scalars in which variables were put, whose values may be secrets.
    private let shown: [Int: String]

    init(nodes: [Node] = [], texts: [UInt8] = [], roots: [Int] = [], shown: [Int: String] = [:]) {
        self.nodes = nodes
        self.texts = texts
        self.roots = roots
        self.shown = shown
    }

    /// With other texts in the place of some scalars; messages go on to show `written`.
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

    /// What a scalar is; nil for a collection.
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

    /// The text of a scalar, whatever it is resolved to, escapes and folding undone; nil for a collection.
    func written(_ index: Int) -> String? {
        guard isScalar(index) else { return nil }
        return String(decoding: texts[Int(nodes[index].start)..<Int(nodes[index].end)], as: UTF8.self)
    }

    /// Of a scalar's text.
    func byteCount(_ index: Int) -> Int { Int(nodes[index].end - nodes[index].start) }

    /// Of a scalar that is text.
    func text(_ index: Int) -> String? { resolution(index) == .text ? written(index) : nil }

    /// All of a scalar, for messages; nil for a collection.
    func scalar(_ index: Int) -> Scalar? {
        guard let text = written(index) else { return nil }
        let node = nodes[index]
        return Scalar(
            text: text, isPlain: node.kind == .plain, offset: node.offset < 0 ? nil : Int(node.offset),
            shown: shown[index])
    }

    /// Whether two scalars are written with the same bytes.
    private func isSame(_ left: Int, _ right: Int) -> Bool {
        let (left, right) = (nodes[left], nodes[right])
        guard left.end - left.start == right.end - right.start, left.kind.isScalar, right.kind.isScalar else {
            return false
        }
        for index in 0..<Int(left.end - left.start)
        where texts[Int(left.start) + index] != texts[Int(right.start) + index] { return false }
        return true
    }

    private static func isSame(_ texts: [UInt8], _ node: Node, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard Int(node.end - node.start) == text.count else { return false }
        for index in text.indices where texts[Int(node.start) + index] != text[index] { return false }
        return true
    }

    // MARK: Collections

    /// What an index of the tape stands for: itself, or what it is an alias of.
    fileprivate func target(_ index: Int) -> Int { nodes[index].kind == .alias ? Int(nodes[index].start) : index }

    /// The elements of a sequence; of anything else none.
    func elements(_ index: Int) -> Elements {
        Elements(tree: self, at: index + 1, end: nodes[index].kind == .sequence ? Int(nodes[index].next) : 0)
    }

    /// Keys and values of a mapping in the order of the file; of anything else none.
    func pairs(_ index: Int) -> Pairs {
        Pairs(tree: self, at: index + 1, end: nodes[index].kind == .mapping ? Int(nodes[index].next) : 0)
    }

    /// The value of a key of a mapping; of a key that is there twice the first.
    func value(_ key: String, of index: Int) -> Int? {
        guard nodes[index].kind == .mapping else { return nil }
        var key = key
        let (nodes, texts) = (nodes, texts)
        return key.withUTF8 { key in
            var (at, end) = (index + 1, Int(nodes[index].next))
            while at < end {
                let (node, value) = (nodes[target(at)], Int(nodes[at].next))
                guard value < end else { return nil }
                if node.kind.isScalar, Self.isSame(texts, node, key) { return target(value) }
                at = Int(nodes[value].next)
            }
            return nil
        }
    }

    /// The first of so many keys of a mapping that is written with the same bytes as another.
    func key(like other: Int, amongFirst count: Int, of mapping: Int) -> Int? {
        var at = mapping + 1
        for _ in 0..<count {
            let key = target(at)
            if isSame(key, other) { return key }
            at = Int(nodes[Int(nodes[at].next)].next)
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
            // Where an error cut the file off, a key may be the last that there is.
            guard value < end else { return nil }
            at = Int(tree.nodes[value].next)
            return (tree.target(key), tree.target(value))
        }
    }
}
