import CLibYAML
import PrewarmCore

/// An error that makes a file unreadable as YAML, with its position.
struct YAMLError: Error {
    let message: String
    let position: Position?
    var hint: String?
}

/// Reads YAML into a ``YAMLTree`` with libyaml. The limits also protect against libyaml, which takes quadratic time for
/// nested flow collections.
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
        /// The number of nodes in the collection, including itself and the nodes behind aliases.
        var size = 1
    }

    private struct Anchor {
        let node: Int
        let size: Int
    }

    /// Returns the tree. If there is an error, the tree contains the part before the error.
    static func read(_ bytes: [UInt8]) -> (tree: YAMLTree, error: YAMLError?) {
        var reader = YAMLReader()
        var found: YAMLError?
        do {
            try reader.run(bytes)
        } catch {
            found = error
            // The open collections belong to the tree, too: they may hold secrets that messages must not show.
            for frame in reader.open { reader.nodes[frame.node].next = Int32(reader.nodes.count) }
        }
        return (YAMLTree(nodes: reader.nodes, texts: reader.texts, roots: reader.roots), found)
    }

    private mutating func run(_ bytes: [UInt8]) throws(YAMLError) {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else {
            throw YAMLError(message: "cannot parse YAML: out of memory", position: nil)
        }
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

    /// Reads one event. It returns false at the end of the file.
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
                message: "cannot parse YAML: the nesting is deeper than the limit of \(Self.depthLimit) levels",
                position: Position(event.start_mark), hint: "reduce the nesting: a manifest needs at most six levels")
        }
        open.append(Frame(node: nodes.count, anchor: anchor))
        nodes.append(YAMLTree.Node(kind, event.start_mark))
    }

    private mutating func end() {
        guard let frame = open.popLast() else { return }
        nodes[frame.node].next = Int32(nodes.count)
        finish(Anchor(node: frame.node, size: frame.size), frame.anchor)
    }

    /// Records a complete node for aliases, and as a part of the collection that contains it.
    private mutating func finish(_ node: Anchor, _ anchor: String?) {
        if let anchor { anchors[anchor] = node }
        if open.isEmpty { roots.append(node.node) } else { open[open.count - 1].size += node.size }
    }

    private mutating func addAlias(_ name: String, _ event: yaml_event_t) throws(YAMLError) {
        let position = Position(event.start_mark)
        guard let target = anchors[name] else {
            throw YAMLError(
                message: "cannot parse YAML: the alias \"*\(name)\" has no anchor \"&\(name)\" before it",
                position: position,
                hint: "define \"&\(name)\" earlier in the same document. An alias cannot be inside its own anchor")
        }
        aliases += 1
        let total = open.reduce(target.size) { $0 + $1.size }
        guard aliases <= Self.aliasLimit, total <= Self.sizeLimit else {
            throw YAMLError(
                message:
                    "cannot parse YAML: too many aliases. The limits are \(Self.aliasLimit) aliases in a file, and "
                    + "\(Self.sizeLimit) values after their expansion",
                position: position, hint: "write the values instead of aliases")
        }
        var node = YAMLTree.Node(.alias, event.start_mark)
        node.start = Int32(target.node)
        add(node, size: target.size, anchor: nil)
    }

    /// Returns the number of Unicode scalars between the position of a scalar and its text. It is negative if the file
    /// writes the text in another form: with a tag, with escapes or over several lines.
    private static func textOffset(of text: UnsafeBufferPointer<UInt8>, in event: yaml_event_t) -> Int8 {
        let (start, end) = (event.start_mark, event.end_mark)
        let quotes: Int8 =
            switch event.data.scalar.style {
            case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: 1
            default: 0
            }
        // In valid UTF-8, each Unicode scalar has exactly one byte that is not a continuation byte.
        let count = text.reduce(0) { $1 & 0xc0 == 0x80 ? $0 : $0 + 1 }
        return start.line == end.line && end.index - start.index == count + 2 * Int(quotes) ? quotes : -1
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    /// Returns true if the core schema decides the value of the scalar, and false if the scalar is text.
    /// - Throws: ``YAMLError`` for an explicit tag that is not in the core schema.
    private static func isResolved(
        _ tag: UnsafeMutablePointer<UInt8>?, isPlain: Bool, at position: Position
    ) throws(YAMLError) -> Bool {
        switch text(tag) {
        case nil: return isPlain
        case "!", "tag:yaml.org,2002:str": return false
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
            return true
        case let tag?:
            throw YAMLError(
                message: "cannot parse YAML: the tag \(tag) is not supported", position: position,
                hint: "remove the tag")
        }
    }

    private static func error(of parser: yaml_parser_t, _ bytes: [UInt8]) -> YAMLError {
        let problem = parser.problem.map { String(cString: $0) } ?? "unknown error"
        if parser.error == YAML_READER_ERROR {
            return YAMLError(
                message: "cannot read the file as UTF-8: \(problem)",
                position: Position(ofByte: parser.problem_offset, in: bytes),
                hint: "save the file as UTF-8 without control characters")
        }
        // libyaml counts the end of a file as another line, even if the last line has no line break.
        let (mark, end) = (Position(parser.problem_mark), Position(ofByte: bytes.count, in: bytes))
        let position = min(mark, end ?? mark)
        var context = parser.context.map { " " + String(cString: $0) } ?? ""
        let begin = Int(parser.context_mark.line) + 1
        if !context.isEmpty, begin < position.line { context += " that begins at line \(begin)" }
        let isTab = problem.contains("cannot start any token")
        return YAMLError(
            message: "cannot parse YAML: \(problem)\(context)", position: position,
            hint: isTab
                ? "use spaces instead of tabs for indentation, and put text that begins with @, ` or % in quotes" : nil)
    }
}

extension Position {
    /// Creates the position of a byte. Nil if the file is UTF-16.
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
    /// True if the bytes begin with the byte order mark of UTF-16. libyaml reads such files, too.
    var isUTF16: Bool {
        count >= 2 && (self[0] == 0xff && self[1] == 0xfe || self[0] == 0xfe && self[1] == 0xff)
    }
}
