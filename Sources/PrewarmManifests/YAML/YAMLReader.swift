import CLibYAML
import PrewarmCore

/// Why a file is no YAML that we read, and where.
struct YAMLError: Error {
    let message: String
    let position: Position?
    var hint: String?
}

/// Reads YAML into a ``YAMLTree``: plainly written files by ``PlainYAML``, all others by libyaml's events. It stops at
/// the limits before libyaml gets slow: that is quadratic on nested flow collections.
struct YAMLReader {
    static let depthLimit = 32
    static let aliasLimit = 100
    static let sizeLimit = 20_000

    private var nodes: [YAMLTree.Node] = []
    private var texts: [UInt8] = []
    private var roots: [Int] = []
    private var open: [Frame] = []
    private var anchors: [String: Anchor] = [:]
    private var aliases = 0

    private struct Frame {
        let node: Int
        let anchor: String?
        /// Nodes in it and itself, aliases followed.
        var size = 1
    }

    private struct Anchor {
        let node: Int
        let size: Int
    }

    /// What was read up to the error, if there is one.
    static func read(_ bytes: [UInt8]) -> (tree: YAMLTree, error: YAMLError?) {
        PlainYAML.tree(of: bytes).map { ($0, nil) } ?? events(bytes)
    }

    /// By libyaml, whatever the file looks like.
    static func events(_ bytes: [UInt8]) -> (tree: YAMLTree, error: YAMLError?) {
        var reader = YAMLReader()
        var found: YAMLError?
        do {
            try reader.run(bytes)
        } catch {
            found = error
            // What is in them was read, too: it may hold secrets that no message shall show.
            for frame in reader.open { reader.nodes[frame.node].next = Int32(reader.nodes.count) }
        }
        return (YAMLTree(nodes: reader.nodes, texts: reader.texts, roots: reader.roots), found)
    }

    private mutating func run(_ bytes: [UInt8]) throws(YAMLError) {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { throw YAMLError(message: "out of memory", position: nil) }
        defer { yaml_parser_delete(&parser) }
        let error: YAMLError? = bytes.withUnsafeBufferPointer { buffer in
            yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            do throws(YAMLError) {
                while try step(&parser, bytes) {}
                return nil
            } catch {
                return error
            }
        }
        if let error { throw error }
    }

    /// One event; false at the end of the file.
    private mutating func step(_ parser: inout yaml_parser_t, _ bytes: [UInt8]) throws(YAMLError) -> Bool {
        var event = yaml_event_t()
        guard yaml_parser_parse(&parser, &event) == 1 else { throw Self.error(of: parser, bytes) }
        defer { yaml_event_delete(&event) }
        switch event.type {
        case YAML_STREAM_END_EVENT: return false
        case YAML_DOCUMENT_START_EVENT: anchors = [:]
        case YAML_SCALAR_EVENT: try addScalar(event)
        case YAML_ALIAS_EVENT: try addAlias(Self.text(event.data.alias.anchor) ?? "", event)
        case YAML_SEQUENCE_START_EVENT:
            try begin(.sequence, event, anchor: Self.text(event.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT: try begin(.mapping, event, anchor: Self.text(event.data.mapping_start.anchor))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: end()
        default: break
        }
        return true
    }

    private mutating func addScalar(_ event: yaml_event_t) throws(YAMLError) {
        let scalar = event.data.scalar
        let text = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        let isPlain = try Self.isResolved(
            scalar.tag, isPlain: scalar.plain_implicit == 1, at: Position(event.start_mark))
        var node = YAMLTree.Node(isPlain ? .plain : .text, event.start_mark)
        node.offset = Self.textOffset(of: text, in: event)
        node.start = Int32(texts.count)
        texts += text
        node.end = Int32(texts.count)
        add(node, size: 1, anchor: Self.text(scalar.anchor))
    }

    private mutating func add(_ node: YAMLTree.Node, size: Int, anchor: String?) {
        var node = node
        node.next = Int32(nodes.count + 1)
        nodes.append(node)
        finish(Anchor(node: nodes.count - 1, size: size), anchor)
    }

    private mutating func begin(
        _ kind: YAMLTree.Node.Kind, _ event: yaml_event_t, anchor: String?
    ) throws(YAMLError) {
        guard open.count < Self.depthLimit else {
            throw YAMLError(
                message: "nested deeper than \(Self.depthLimit) levels, the limit for a manifest",
                position: Position(event.start_mark), hint: "no manifest needs more than six levels")
        }
        open.append(Frame(node: nodes.count, anchor: anchor))
        nodes.append(YAMLTree.Node(kind, event.start_mark))
    }

    private mutating func end() {
        guard let frame = open.popLast() else { return }
        nodes[frame.node].next = Int32(nodes.count)
        finish(Anchor(node: frame.node, size: frame.size), frame.anchor)
    }

    /// A node that is whole is what an alias may name, and a part of the collection that it is in.
    private mutating func finish(_ node: Anchor, _ anchor: String?) {
        if let anchor { anchors[anchor] = node }
        if open.isEmpty { roots.append(node.node) } else { open[open.count - 1].size += node.size }
    }

    private mutating func addAlias(_ name: String, _ event: yaml_event_t) throws(YAMLError) {
        let position = Position(event.start_mark)
        guard let target = anchors[name] else {
            throw YAMLError(
                message: "there is no anchor \"&\(name)\" before this alias", position: position,
                hint: "an alias can't stand inside what it refers to, nor in another document")
        }
        aliases += 1
        let total = open.reduce(target.size) { $0 + $1.size }
        guard aliases <= Self.aliasLimit, total <= Self.sizeLimit else {
            throw YAMLError(
                message:
                    "too many aliases: at most \(Self.aliasLimit) in a file, and \(Self.sizeLimit) values with all of them followed",
                position: position, hint: "write the values out")
        }
        var node = YAMLTree.Node(.alias, event.start_mark)
        node.start = Int32(target.node)
        add(node, size: target.size, anchor: nil)
    }

    /// How many scalars after its position a scalar's text begins; negative where the file writes it differently, with
    /// a tag, escapes or over lines.
    private static func textOffset(of text: UnsafeBufferPointer<UInt8>, in event: yaml_event_t) -> Int8 {
        let (start, end) = (event.start_mark, event.end_mark)
        let quotes: Int8 =
            switch event.data.scalar.style {
            case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: 1
            default: 0
            }
        // Each scalar of valid UTF-8 has one byte that doesn't continue another.
        let count = text.reduce(0) { $1 & 0xc0 == 0x80 ? $0 : $0 + 1 }
        return start.line == end.line && end.index - start.index == count + 2 * Int(quotes) ? quotes : -1
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    /// Whether the core schema decides what the scalar is; explicit tags beyond it are refused.
    private static func isResolved(
        _ tag: UnsafeMutablePointer<UInt8>?, isPlain: Bool, at position: Position
    ) throws(YAMLError) -> Bool {
        switch text(tag) {
        case nil: return isPlain
        case "!", "tag:yaml.org,2002:str": return false
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
            return true
        case let tag?:
            throw YAMLError(message: "the tag \(tag) means nothing here", position: position, hint: "remove it")
        }
    }

    private static func error(of parser: yaml_parser_t, _ bytes: [UInt8]) -> YAMLError {
        let problem = parser.problem.map { String(cString: $0) } ?? "it can't be read"
        if parser.error == YAML_READER_ERROR {
            return YAMLError(
                message: "the file is not UTF-8 text: \(problem)",
                position: Position(ofByte: parser.problem_offset, in: bytes),
                hint: "save it as UTF-8, without control characters")
        }
        // libyaml takes the end of a file for a line of its own, even where the last line has no end.
        let (mark, end) = (Position(parser.problem_mark), Position(ofByte: bytes.count, in: bytes))
        let position = min(mark, end ?? mark)
        var context = parser.context.map { " " + String(cString: $0) } ?? ""
        let begin = Int(parser.context_mark.line) + 1
        if !context.isEmpty, begin < position.line { context += " that begins at line \(begin)" }
        let isTab = problem.contains("cannot start any token")
        return YAMLError(
            message: "this is not YAML: \(problem)\(context)", position: position,
            hint: isTab ? "indent with spaces, not tabs, and put text that begins with @, ` or % in quotes" : nil)
    }
}

extension Position {
    /// Nil in a file of UTF-16.
    fileprivate init?(ofByte offset: Int, in bytes: [UInt8]) {
        if bytes.isUTF16 { return nil }
        var scalars = String(decoding: bytes.prefix(offset), as: UTF8.self).unicodeScalars[...]
        if scalars.first == "\u{feff}" { scalars = scalars.dropFirst() }
        let lines = String(scalars).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        self.init(line: lines.count, column: (lines.last?.unicodeScalars.count ?? 0) + 1)
    }

    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}

extension YAMLTree.Node {
    fileprivate init(_ kind: Kind, _ mark: yaml_mark_t) {
        self.init(kind: kind, line: Int32(mark.line + 1), column: Int32(mark.column + 1))
    }
}

extension [UInt8] {
    /// libyaml reads UTF-16, too, where a byte order mark says so.
    var isUTF16: Bool {
        count >= 2 && (self[0] == 0xff && self[1] == 0xfe || self[0] == 0xfe && self[1] == 0xff)
    }
}
