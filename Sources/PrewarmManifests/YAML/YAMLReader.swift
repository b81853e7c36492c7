import CLibYAML
import PrewarmCore

/// Why a file is no YAML that we read, and where.
struct YAMLError: Error {
    let message: String
    let position: Position?
    var hint: String?
}

/// Reads libyaml's events into a ``YAMLTree``. It stops at the limits before libyaml gets slow: that is quadratic on
/// nested flow collections.
struct YAMLReader {
    static let depthLimit = 32
    static let aliasLimit = 100
    static let sizeLimit = 20_000

    private var tree = YAMLTree()
    private var open: [Frame] = []
    private var anchors: [String: Int] = [:]
    private var aliases = 0

    private struct Frame {
        let position: Position
        let isMapping: Bool
        let anchor: String?
        var children: [Int32] = []
        var size = 1
    }

    /// What was read up to the error, if there is one.
    static func read(_ bytes: [UInt8]) -> (tree: YAMLTree, error: YAMLError?) {
        var reader = YAMLReader()
        do {
            try reader.run(bytes)
            return (reader.tree, nil)
        } catch {
            return (reader.tree, error)
        }
    }

    private mutating func run(_ bytes: [UInt8]) throws(YAMLError) {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { throw YAMLError(message: "out of memory", position: nil) }
        defer { yaml_parser_delete(&parser) }
        let error: YAMLError? = bytes.withUnsafeBufferPointer { buffer in
            yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            do throws(YAMLError) {
                while try step(&parser) {}
                return nil
            } catch {
                return error
            }
        }
        if let error { throw error }
    }

    /// One event; false at the end of the file.
    private mutating func step(_ parser: inout yaml_parser_t) throws(YAMLError) -> Bool {
        var event = yaml_event_t()
        guard yaml_parser_parse(&parser, &event) == 1 else { throw Self.error(of: parser) }
        defer { yaml_event_delete(&event) }
        let position = Position(event.start_mark)
        switch event.type {
        case YAML_STREAM_END_EVENT: return false
        case YAML_DOCUMENT_START_EVENT: anchors = [:]
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let isPlain = try Self.isResolved(scalar.tag, isPlain: scalar.plain_implicit == 1, at: position)
            add(.scalar(Scalar(text: text, isPlain: isPlain)), at: position, size: 1, anchor: Self.text(scalar.anchor))
        case YAML_ALIAS_EVENT: try addAlias(Self.text(event.data.alias.anchor) ?? "", at: position)
        case YAML_SEQUENCE_START_EVENT:
            try begin(isMapping: false, at: position, anchor: Self.text(event.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT:
            try begin(isMapping: true, at: position, anchor: Self.text(event.data.mapping_start.anchor))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: try end()
        default: break
        }
        return true
    }

    private mutating func begin(isMapping: Bool, at position: Position, anchor: String?) throws(YAMLError) {
        guard open.count < Self.depthLimit else {
            throw YAMLError(
                message: "nested deeper than \(Self.depthLimit) levels, the limit for a manifest", position: position,
                hint: "no manifest needs more than six levels")
        }
        open.append(Frame(position: position, isMapping: isMapping, anchor: anchor))
    }

    private mutating func end() throws(YAMLError) {
        guard let frame = open.popLast() else { return }
        let range = tree.children.count..<tree.children.count + frame.children.count
        tree.children += frame.children
        add(
            frame.isMapping ? .mapping(range) : .sequence(range), at: frame.position, size: frame.size,
            anchor: frame.anchor)
    }

    private mutating func add(_ content: YAMLTree.Content, at position: Position, size: Int, anchor: String?) {
        tree.nodes.append(YAMLTree.Node(content: content, position: position, size: size))
        if let anchor { anchors[anchor] = tree.nodes.count - 1 }
        attach(tree.nodes.count - 1, size: size)
    }

    private mutating func attach(_ index: Int, size: Int) {
        guard let last = open.indices.last else {
            tree.roots.append(index)
            return
        }
        open[last].children.append(Int32(index))
        open[last].size += size
    }

    private mutating func addAlias(_ name: String, at position: Position) throws(YAMLError) {
        guard let target = anchors[name] else {
            throw YAMLError(
                message: "there is no anchor \"&\(name)\" before this alias", position: position,
                hint: "an alias can't stand inside what it refers to, nor in another document")
        }
        aliases += 1
        let size = tree.nodes[target].size
        let total = open.reduce(size) { $0 + $1.size }
        guard aliases <= Self.aliasLimit, total <= Self.sizeLimit else {
            throw YAMLError(
                message:
                    "too many aliases: at most \(Self.aliasLimit) in a file, and \(Self.sizeLimit) values with all of them followed",
                position: position, hint: "write the values out")
        }
        attach(target, size: size)
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

    private static func error(of parser: yaml_parser_t) -> YAMLError {
        let problem = parser.problem.map { String(cString: $0) } ?? "it can't be read"
        if parser.error == YAML_READER_ERROR {
            return YAMLError(
                message: "the file is not UTF-8 text: \(problem)", position: nil,
                hint: "save it as UTF-8, without control characters")
        }
        let context = parser.context.map { " " + String(cString: $0) } ?? ""
        let isTab = problem.contains("cannot start any token")
        return YAMLError(
            message: "this is not YAML: \(problem)\(context)", position: Position(parser.problem_mark),
            hint: isTab ? "indent with spaces, not tabs, and put text that begins with @, ` or % in quotes" : nil)
    }
}

extension Position {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
