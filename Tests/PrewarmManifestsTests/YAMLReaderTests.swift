import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("Reading YAML")
struct YAMLReaderTests {
    private func read(_ text: String) -> (tree: YAMLTree, error: YAMLError?) { YAMLReader.read(Array(text.utf8)) }

    /// Returns every scalar with its position, in the order of the file.
    private func scalars(_ text: String) throws -> [String] {
        let (tree, error) = read(text)
        if let error { throw error }
        return tree.nodes.indices.compactMap { index in
            tree.written(index).map { "\(tree.position(index).line):\(tree.position(index).column) \($0)" }
        }
    }

    @Test(
        "Lines and columns count from 1, and columns count Unicode scalars, for each kind of line break",
        arguments: [
            ("a: b\nc:\n  - d\n", ["1:1 a", "1:4 b", "2:1 c", "3:5 d"]),
            ("a: b\r\nc:\r\n  - d\r\n", ["1:1 a", "1:4 b", "2:1 c", "3:5 d"]),
            ("a: b\rc: d", ["1:1 a", "1:4 b", "2:1 c", "2:4 d"]),
            ("\u{feff}a: b", ["1:1 a", "1:4 b"]),
            ("é🙂: {x: 'ü', y: z}", ["1:1 é🙂", "1:6 x", "1:9 ü", "1:14 y", "1:17 z"]),
            ("# only\n\na: |\n  text\nb: c", ["3:1 a", "3:4 text\n", "5:1 b", "5:4 c"]),
            ("a:\nb: ", ["1:1 a", "1:3 ", "2:1 b", "2:3 "]),
            ("---\na\n---\nb\n...\n", ["2:1 a", "4:1 b"]),
        ])
    func positions(text: String, expected: [String]) throws {
        #expect(try scalars(text) == expected)
    }

    @Test(
        "A file has any number of documents, including zero",
        arguments: [
            ("", 0), ("\u{feff}", 0), ("# a comment\n\n  # another", 0), ("\n\n", 0), ("a", 1), ("---\n", 1),
            ("---\n---\n", 2), ("a: 1\n---\nb: 2\n---\nc: 3\n", 3), ("%YAML 1.2\n---\na\n", 1),
        ])
    func documents(text: String, count: Int) {
        let (tree, error) = read(text)
        #expect(error == nil && tree.roots.count == count)
    }

    @Test("Both of two duplicate keys are kept, and a lookup finds the first")
    func duplicateKeys() throws {
        let (tree, error) = read("a: 1\na: 2\n")
        let root = try #require(tree.roots.first)
        let value = try #require(tree.value("a", of: root))
        #expect(error == nil && Array(tree.pairs(root)).count == 2 && tree.resolution(value) == .integer(1))
    }

    @Test("A nesting of 32 levels is read, and 33 levels are an error", arguments: ["[", "{a: ", "- ", "? "])
    func depth(opening: String) throws {
        #expect(read(nested(opening, 32)).error == nil)
        let error = try #require(read(nested(opening, 33)).error)
        #expect(error.message == "cannot parse YAML: the nesting is deeper than the limit of 32 levels")
        #expect(error.position == Position(line: 1, column: 32 * opening.count + 1))
        #expect(error.hint == "reduce the nesting: a manifest needs at most six levels")
    }

    private func nested(_ opening: String, _ levels: Int) -> String {
        let closing = ["[": "]", "{a: ": "}"][opening] ?? ""
        return String(repeating: opening, count: levels) + (closing.isEmpty ? "x" : "")
            + String(repeating: closing, count: levels)
    }

    @Test("256 KiB of brackets are refused quickly", arguments: ["[", "{", "[{a: ", "- "])
    func brackets(opening: String) throws {
        let text = String(repeating: opening, count: ManifestParser.sizeLimit / opening.count)
        let start = ContinuousClock.now
        #expect(read(text).error != nil)
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test("An alias gives the node of its anchor")
    func alias() throws {
        let (tree, error) = read("a: &x [1, 2]\nb: *x\n")
        let root = try #require(tree.roots.first)
        #expect(error == nil && tree.value("a", of: root) == tree.value("b", of: root))
        #expect(size(of: root, in: tree) == 9)
    }

    @Test("100 aliases are expanded, and 101 are an error")
    func aliasCount() throws {
        func text(_ count: Int) -> String { "- &a x\n" + String(repeating: "- *a\n", count: count) }
        #expect(read(text(100)).error == nil)
        let error = try #require(read(text(101)).error)
        #expect(
            error.message
                == "cannot parse YAML: too many aliases. The limits are 100 aliases in a file, and 20000 values after "
                + "their expansion")
        #expect(error.position == Position(line: 102, column: 3))
        #expect(error.hint == "write the values instead of aliases")
    }

    @Test("Nested aliases (billion laughs) are refused quickly at 20,000 values")
    func billionLaughs() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let alias = "*a\(level - 1)"
            text += "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
        }
        let start = ContinuousClock.now
        let (tree, error) = read(text)
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(try #require(error).message.hasPrefix("cannot parse YAML: too many aliases"))
        #expect(tree.nodes.indices.allSatisfy { size(of: $0, in: tree) <= YAMLReader.sizeLimit })
    }

    /// Returns the number of nodes in a node, including itself and the nodes behind aliases.
    private func size(of index: Int, in tree: YAMLTree) -> Int {
        tree.elements(index).reduce(1) { $0 + size(of: $1, in: tree) }
            + tree.pairs(index).reduce(0) { $0 + size(of: $1.key, in: tree) + size(of: $1.value, in: tree) }
    }

    @Test(
        "An alias without an earlier anchor in the same document is refused",
        arguments: [("a: *x\n", 1, 4), ("a: &x [*x]\n", 1, 8), ("a: &x 1\n---\nb: *x\n", 3, 4)])
    func danglingAlias(text: String, line: Int, column: Int) throws {
        let error = try #require(read(text).error)
        #expect(error.message == "cannot parse YAML: the alias \"*x\" has no anchor \"&x\" before it")
        #expect(error.position == Position(line: line, column: column))
        #expect(error.hint == "define \"&x\" earlier in the same document. An alias cannot be inside its own anchor")
    }

    @Test(
        "An error in broken YAML has a position and a cause",
        arguments: [
            (
                "a: [1, 2\n", 2, 1,
                "cannot parse YAML: did not find expected ',' or ']' while parsing a flow sequence that begins at line 1"
            ),
            ("a: [1, 2", 1, 9, "cannot parse YAML: did not find expected ',' or ']' while parsing a flow sequence"),
            ("a: 1\n b: 2\n", 2, 3, "cannot parse YAML: mapping values are not allowed in this context"),
            (
                "a: 'x\n", 2, 1,
                "cannot parse YAML: found unexpected end of stream while scanning a quoted scalar that begins at line 1"
            ),
            (
                "a: 1\n- b\n", 2, 1,
                "cannot parse YAML: did not find expected key while parsing a block mapping that begins at line 1"
            ),
            ("a: \"\\q\"", 1, 5, "cannot parse YAML: found unknown escape character while parsing a quoted scalar"),
            (
                "a: {b: 1\nc: 2", 2, 2,
                "cannot parse YAML: did not find expected ',' or '}' while parsing a flow mapping that begins at line 1"
            ),
        ])
    func broken(text: String, line: Int, column: Int, message: String) throws {
        let error = try #require(read(text).error)
        #expect(error.message == message)
        #expect(error.position == Position(line: line, column: column))
    }

    @Test("An error for a tab or a reserved character has a hint", arguments: ["a:\n\tb: 1\n", "a: @b\n", "a: `b`\n"])
    func tabs(text: String) throws {
        let error = try #require(read(text).error)
        #expect(
            error.message
                == "cannot parse YAML: found character that cannot start any token while scanning for the next token")
        #expect(
            error.hint
                == "use spaces instead of tabs for indentation, and put text that begins with @, ` or % in quotes")
    }

    @Test(
        "Bytes that are not UTF-8 and control characters are refused with their position",
        arguments: [
            ([0x61, 0x3a, 0x20, 0xff], 1, 4), ([0x61, 0x0a, 0x62, 0xc3, 0x28], 2, 3),
            ([0xed, 0xa0, 0x80], 1, 1), ([0x61, 0x3a, 0x20, 0x00], 1, 4), ([0xc3, 0xa9, 0x0d, 0x0a, 0x07], 2, 1),
            ([0x61, 0xe2, 0x82], 1, 2),
        ] as [([UInt8], Int, Int)])
    func notUTF8(bytes: [UInt8], line: Int, column: Int) throws {
        let error = try #require(YAMLReader.read(bytes).error)
        #expect(error.message.hasPrefix("cannot read the file as UTF-8: "))
        #expect(error.position == Position(line: line, column: column))
        #expect(error.hint == "save the file as UTF-8 without control characters")
    }

    @Test("Documents before an error are kept")
    func partial() {
        let (tree, error) = read("a: 1\n---\nb: 2\n---\nc: [\n")
        #expect(error != nil && tree.roots.count == 2)
    }
}
