/// Reads the subset of YAML in which nearly all manifests are written: block mappings and lists, plain and quoted
/// scalars of one line without escapes, brackets that close on their line, comments and `---`.
///
/// For a file in this subset, the result is the same as that of libyaml, about ten times faster. For any other file, it
/// returns nil, and libyaml reads the file. Tests compare the two. In the subset, the meaning of a line does not depend
/// on later lines, and anything ambiguous is rejected.
struct PlainYAML {
    /// The maximum size of a file in bytes. libyaml reads larger files.
    private static let sizeLimit = 1 << 20

    private var line: PlainLine
    private var nodes: [YAMLTree.Node] = []
    private var roots: [Int] = []
    /// The open collections, from the outermost to the innermost. Each is indented more than the one before, or is a
    /// list at the column of its key.
    private var open: [Block] = []
    /// The position after a key or dash without a value on its line. The value is on the next lines, or null.
    private var awaited: (line: Int32, column: Int32)?
    /// True after `---`, when a document has to follow.
    private var isAfterMarker = false

    private struct Block {
        let node: Int
        let column: Int
        let isMapping: Bool
    }

    /// Returns the tree of a file. Nil if the file is not in the subset or is not YAML.
    static func tree(of bytes: [UInt8]) -> YAMLTree? {
        guard bytes.count <= sizeLimit else { return nil }
        var reader = PlainYAML(line: PlainLine(bytes))
        reader.nodes.reserveCapacity(bytes.count / 10 + 8)
        reader.open.reserveCapacity(8)
        guard reader.readLines() else { return nil }
        return YAMLTree(nodes: reader.nodes, texts: bytes, roots: reader.roots)
    }

    private init(line: PlainLine) {
        self.line = line
    }

    private mutating func readLines() -> Bool {
        while line.begin() {
            if line.isOver {
                guard line.finish() else { return false }
                continue
            }
            guard line.isMarker ? endDocument() : readContent(), line.finish() else { return false }
        }
        return endOfFile()
    }

    private mutating func endDocument() -> Bool {
        guard !isAfterMarker else { return false }
        close(right: -1)
        isAfterMarker = true
        line.skipMarker()
        return true
    }

    private mutating func endOfFile() -> Bool {
        close(right: -1)
        return !isAfterMarker
    }

    // MARK: Lines

    private mutating func readContent() -> Bool {
        let (column, isEntry) = (line.column, line.isEntry)
        guard makeRoom(at: column, isEntry: isEntry) else { return false }
        return isEntry ? readEntry() : readPair()
    }

    /// Closes the collections that end before the line, and opens the one that the line begins. It returns false if the
    /// indentation fits no collection.
    private mutating func makeRoom(at column: Int, isEntry: Bool) -> Bool {
        guard let block = open.last else {
            guard roots.isEmpty || isAfterMarker else { return false }
            isAfterMarker = false
            return begin(isMapping: !isEntry, at: column)
        }
        if awaited != nil, column > block.column || (column == block.column && block.isMapping && isEntry) {
            awaited = nil
            return begin(isMapping: !isEntry, at: column)
        }
        close(right: column)
        // A list at the column of its key ends with the next key.
        if !isEntry, let last = open.last, !last.isMapping, last.column == column { closeLast() }
        guard let last = open.last else { return false }
        return last.column == column && last.isMapping != isEntry
    }

    private mutating func readEntry() -> Bool {
        if awaitsValue() { return true }
        guard line.isKey else { return !line.isEntry && readValue(depth: open.count, inFlow: false) }
        return begin(isMapping: true, at: line.column) && readPair()
    }

    private mutating func readPair() -> Bool {
        let position = line.position
        guard let key = line.key() else { return false }
        add(.plain, at: position, key, offset: 0)
        return awaitsValue() || readValue(depth: open.count, inFlow: false)
    }

    /// Moves behind a `-` or `:`. It returns true if the value is on the next lines.
    private mutating func awaitsValue() -> Bool {
        line.skip(1)
        let end = line.position
        line.skipSpaces()
        guard line.isOver else { return false }
        awaited = end
        return true
    }

    private mutating func readScalar(inFlow: Bool = false) -> Bool {
        let position = line.position
        if line.isQuote {
            guard let text = line.quoted() else { return false }
            add(.text, at: position, text, offset: 1)
        } else {
            guard let text = line.plain(inFlow: inFlow) else { return false }
            add(.plain, at: position, text, offset: 0)
        }
        return true
    }

    // MARK: Brackets

    private mutating func readValue(depth: Int, inFlow: Bool) -> Bool {
        let (node, position) = (nodes.count, line.position)
        let isMapping = line.take(UInt8(ascii: "{"))
        guard isMapping || line.take(UInt8(ascii: "[")) else { return readScalar(inFlow: inFlow) }
        guard depth < YAMLReader.depthLimit else { return false }
        nodes.append(
            YAMLTree.Node(kind: isMapping ? .mapping : .sequence, line: position.line, column: position.column))
        let end = isMapping ? UInt8(ascii: "}") : UInt8(ascii: "]")
        if !line.take(end) {
            repeat {
                guard !isMapping || readFlowKey(), readValue(depth: depth + 1, inFlow: true) else { return false }
                line.skipSpaces()
            } while line.take(UInt8(ascii: ","))
            guard line.take(end) else { return false }
        }
        nodes[node].next = Int32(nodes.count)
        return true
    }

    private mutating func readFlowKey() -> Bool {
        let position = line.position
        guard let key = line.key() else { return false }
        add(.plain, at: position, key, offset: 0)
        return line.take(UInt8(ascii: ":"))
    }

    // MARK: Nodes

    private mutating func add(
        _ kind: YAMLTree.Node.Kind, at position: (line: Int32, column: Int32), _ text: Range<Int>, offset: Int8
    ) {
        nodes.append(
            YAMLTree.Node(
                kind: kind, offset: offset, line: position.line, column: position.column,
                start: Int32(text.lowerBound), end: Int32(text.upperBound), next: Int32(nodes.count + 1)))
    }

    /// Opens a collection. It returns false if the nesting would be too deep.
    private mutating func begin(isMapping: Bool, at column: Int) -> Bool {
        guard open.count < YAMLReader.depthLimit else { return false }
        open.append(Block(node: nodes.count, column: column, isMapping: isMapping))
        let position = line.position
        nodes.append(
            YAMLTree.Node(kind: isMapping ? .mapping : .sequence, line: position.line, column: position.column))
        return true
    }

    /// Closes all collections that are indented more than a column.
    private mutating func close(right column: Int) {
        if let position = awaited {
            awaited = nil
            add(.plain, at: position, 0..<0, offset: 0)
        }
        while let last = open.last, last.column > column { closeLast() }
    }

    private mutating func closeLast() {
        guard let last = open.popLast() else { return }
        nodes[last.node].next = Int32(nodes.count)
        if open.isEmpty { roots.append(last.node) }
    }
}
