import PrewarmCore

/// The documents of one file as a flat tree: no object for each node, and every node with its position.
struct YAMLTree {
    struct Node {
        let content: Content
        let position: Position
        /// Nodes below and itself, aliases followed; saturating.
        let size: Int
    }

    enum Content {
        case scalar(Scalar)
        /// Indices of the elements in ``children``.
        case sequence(Range<Int>)
        /// Indices of keys and values in turn in ``children``.
        case mapping(Range<Int>)
    }

    var nodes: [Node] = []
    var children: [Int32] = []
    /// The root of each document; an empty document has none.
    var roots: [Int] = []

    subscript(_ index: Int) -> Node { nodes[index] }

    func elements(_ range: Range<Int>) -> [Int] { children[range].map { Int($0) } }

    /// Keys and values in the order of the file.
    func pairs(_ range: Range<Int>) -> [(key: Int, value: Int)] {
        stride(from: range.lowerBound, to: range.upperBound, by: 2).map { (Int(children[$0]), Int(children[$0 + 1])) }
    }

    /// The value of a key of a mapping; of a key that is there twice the first.
    func value(_ key: String, of index: Int) -> Int? {
        guard case .mapping(let range) = nodes[index].content else { return nil }
        for at in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
            if case .scalar(let scalar) = nodes[Int(children[at])].content, scalar.text == key {
                return Int(children[at + 1])
            }
        }
        return nil
    }

    func text(_ index: Int?) -> String? {
        guard let index, case .scalar(let scalar) = nodes[index].content, case .text(let text) = scalar.value else {
            return nil
        }
        return text
    }
}

/// A scalar, resolved by the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).
struct Scalar {
    enum Value: Equatable {
        case null
        case boolean(Bool)
        case integer(Int64)
        case number(Double)
        case text(String)
    }

    /// As written, escapes and folding undone.
    let text: String
    let value: Value
    /// How many scalars after the node's position the text begins; nil where the file writes it differently.
    let offset: Int?
    /// The text before variables were put in, which may be secrets; what a message shows.
    let shown: String

    /// Plain scalars are resolved, quoted ones are text.
    init(text: String, isPlain: Bool, offset: Int? = nil, shown: String? = nil) {
        self.text = text
        self.offset = offset
        self.shown = shown ?? text
        value = isPlain ? Self.resolve(text) : .text(text)
    }

    private static func resolve(_ text: String) -> Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
        case ".nan", ".NaN", ".NAN": return .number(.nan)
        default: break
        }
        guard let first = text.utf8.first, (48...57).contains(first) || [43, 45, 46].contains(first) else {
            return .text(text)
        }
        if text.hasPrefix("0x") { return digits(text.dropFirst(2), radix: 16).map { .integer($0) } ?? .text(text) }
        if text.hasPrefix("0o") { return digits(text.dropFirst(2), radix: 8).map { .integer($0) } ?? .text(text) }
        if isInteger(text) {
            return Int64(text).map { .integer($0) } ?? Double(text).map { .number($0) } ?? .text(text)
        }
        return isFloat(text) ? Double(text).map { .number($0) } ?? .text(text) : .text(text)
    }

    private static func digits(_ text: Substring, radix: Int) -> Int64? {
        text.utf8.first == 43 || text.utf8.first == 45 ? nil : Int64(text, radix: radix)
    }

    private static func isInteger(_ text: String) -> Bool {
        let digits = text.utf8.drop { $0 == 43 || $0 == 45 }
        return text.utf8.count - digits.count <= 1 && !digits.isEmpty && digits.allSatisfy { (48...57).contains($0) }
    }

    /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func isFloat(_ text: String) -> Bool {
        var bytes = text.utf8[...]
        func skipDigits() -> Int {
            let rest = bytes.drop { (48...57).contains($0) }
            defer { bytes = rest }
            return bytes.count - rest.count
        }
        if bytes.first == 43 || bytes.first == 45 { bytes = bytes.dropFirst() }
        let whole = skipDigits()
        if bytes.first == 46 {
            bytes = bytes.dropFirst()
            let fraction = skipDigits()
            if whole == 0, fraction == 0 { return false }
        } else if whole == 0 {
            return false
        }
        if bytes.first == 69 || bytes.first == 101 {
            bytes = bytes.dropFirst()
            if bytes.first == 43 || bytes.first == 45 { bytes = bytes.dropFirst() }
            if skipDigits() == 0 { return false }
        }
        return bytes.isEmpty
    }
}
