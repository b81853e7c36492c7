import PrewarmCore
import Testing

@testable import PrewarmManifests

/// Plainly written files are read without libyaml. The result has to be the same as that of libyaml.
@Suite("Reading plain YAML")
struct PlainYAMLTests {
    /// Returns the contents of a tree, with one line for each node.
    private func lines(_ tree: YAMLTree) -> [String] {
        tree.nodes.indices.map { index in
            let node = tree.nodes[index]
            return "\(node.line):\(node.column) \(node.kind) \(node.offset) …\(node.next) \(tree.written(index) ?? "")"
        } + ["roots \(tree.roots)"]
    }

    /// Returns true if ``PlainYAML`` reads the file. In this case, it records an issue if libyaml gives another tree.
    @discardableResult
    private func isPlain(_ bytes: [UInt8], _ comment: @autoclosure () -> String = "") -> Bool {
        guard let tree = PlainYAML.tree(of: bytes) else { return false }
        let (expected, error) = YAMLReader.events(bytes)
        if error != nil || lines(tree) != lines(expected) {
            Issue.record(
                """
                \(comment())
                \(String(decoding: bytes, as: UTF8.self))
                libyaml: \(error?.message ?? lines(expected).joined(separator: "\n"))
                plainly: \(lines(tree).joined(separator: "\n"))
                """)
        }
        return true
    }

    @Test(
        "Common YAML is read without libyaml, with the same result",
        arguments: [
            "", "\n\n", "# only a comment", "a: b", "a: b\n", "a:\n", "a:", "a:   \nb:  # nothing\n", "a: 'b'  # c\n",
            "a: \"b: c # d\"\n", "a: ''\nb: \"\"\n", "a: it's {not} [a] \"list\", & so on\n", "a: https://x:8080/y#z\n",
            "a: -1\nb: .5\nc: ~\nd: 0x1f\n", "a: b   \nc: d", "---\na: b\n", "---   # one\na: b\n---\nc: d\n",
            "a:\n  b:\n    c: d\n  e: f\ng: h\n", "a:\n  - b\n  - c\nd: e\n", "a:\n- b\n- c\nd: e\n",
            "a:\n- b: c\n  d: e\n- f: g\nh: i\n", "a:\n  -   b: c\n      d:\n        e: f\n",
            "- a\n-\n- \n- b:\n  c: d\n",
            "-\n  a: b\n-\n  - c\n", "a:\n  -\n    b: c\n", "  a: b\n  c: d\n", "a: ü\nb: “é🙂”  # ü\nc: 'é'\nd: 日本\n",
            "yes: no\n007: on\nexample.org/a-b_c: d\n", "a: b\n\n  # c\n    # d\ne: f\n", "a: -b\nc: --- \nd: ...\n",
            "a: (b)\nc: $d\ne: \\f\ng: <h\ni: ;j\nk: ^l\nm: =n\n", "a: 'b\\c'\n", "a:\n  - b\n  # c\n  - d\n",
        ])
    func plain(text: String) {
        #expect(isPlain(Array(text.utf8)))
    }

    @Test(
        "Other YAML and broken YAML are left to libyaml",
        arguments: [
            "a: b\n  c\n", "a: |\n  b\n", "a: >\n  b\n", "a: [b,\n c]\n", "a: {b: c,\n d: e}\n", "a: &x b\n", "a: *x\n",
            "a: !!str b\n",
            "a: b: c\n", "a: 'b\n  c'\n", "a: 'it''s'\n", "a: \"\\n\"\n", "a:\tb\n", "a: b\r\n", "a: b\n c: d\n",
            "a:\n    b: c\n  d: e\n", "a: b\n- c\n", "- a\nb: c\n", "a:\n  - b\n  c: d\n", "? a\n: b\n", "a\n",
            "'a': b\n",
            "a : b\n", "--- a\n", "---\n", "a: b\n---\n", "a: b\n...\n", "%YAML 1.2\n---\na: b\n", "\u{feff}a: b\n",
            "a: [b, ]\n", "a: [,]\n", "a: {b}\n", "a: {b: }\n", "a: {b: c, }\n", "a: [b: c]\n", "a: [b]: c\n",
            "a: [b] c\n",
            "a: [b}\n", "a: {b: c]\n", "a: [b # c]\n", "a: [b:]\n", "a: {'b': c}\n", "a: {b:c}\n", "a: [- b]\n",
            "[a]\n",
            "a: [-]\n", "a: [b?]\n", "a: [&b c]\n", "a: ['b''c']\n", "a: [b[c]\n", "a: \u{7}\n", "a: b\u{85}c: d\n",
            "# \u{2028}\na: b\n", "# \u{7f}\na: b\n", "a: @b\n", "a: `b`\n",
            "a: %b\n", "a: - b\n",
            "- - a\n", "a: #b\n  c\n", "a: \"b\"c\n", "a: \"b\": c\n", "a: , b\n", "a: ? b\n", "<<: a\n",
            "a: '\u{80}'\n",
        ])
    func beyond(text: String) {
        #expect(!isPlain(Array(text.utf8)))
    }

    @Test(
        "Bytes that are not UTF-8 are left to libyaml",
        arguments: [
            [0x80], [0xc3], [0xc3, 0x28], [0xc0, 0xaf], [0xc1, 0xbf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80],
            [0xef, 0xbf, 0xbf], [0xf0, 0x80, 0x80, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80],
            [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xfe], [0xff], [0x00],
        ] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        for text in ["a: ", "# ", "a: '", "a: \""] {
            #expect(!isPlain(Array(text.utf8) + bytes))
            #expect(!isPlain(Array(text.utf8) + bytes + Array("'\"\n".utf8)))
        }
    }

    @Test("Every character is read as libyaml reads it, in each position")
    func characters() {
        for number in [Array(0..<0x3100), Array(0xd000..<0xd800), Array(0xe000..<0xe100), Array(0xfe00..<0x10400)]
            .joined()
        {
            guard let scalar = Unicode.Scalar(UInt32(number)) else { continue }
            for text in [
                "a: \(scalar)\n", "a: b\(scalar)c # \(scalar)\nd: e", "a: '\(scalar)'", "\(scalar): b", "- \(scalar)a",
            ] {
                isPlain(Array(text.utf8), "U+\(String(number, radix: 16))")
            }
        }
    }

    @Test("A nesting of 32 levels is read, and a deeper one is left to libyaml")
    func depth() {
        func nested(_ levels: Int) -> [UInt8] {
            Array((0..<levels).map { String(repeating: " ", count: $0) + "a:\n" }.joined().utf8)
        }
        #expect(isPlain(nested(32)) && !isPlain(nested(33)))
        func flow(_ levels: Int) -> [UInt8] {
            Array(("a: " + String(repeating: "[", count: levels) + String(repeating: "]", count: levels)).utf8)
        }
        #expect(isPlain(flow(31)) && !isPlain(flow(32)) && !isPlain(flow(100_000)))
    }

    @Test("The corpus and 20,000 mutations of it give the same result as libyaml, or are left to libyaml")
    func mutations() async throws {
        let corpus = try ["good", "bad", "beyond-schema"].flatMap { try CorpusFile.files(in: $0) }
        #expect(corpus.filter { isPlain($0.bytes, $0.name) }.count > corpus.count / 2)
        var plain = 0
        for seed in 0..<20_000 as Range<UInt64> {
            if seed % 100 == 0 { await Task.yield() }
            var random = SplitMix64(seed: seed)
            let file = try #require(corpus.randomElement(using: &random))
            if isPlain(file.mutated(among: corpus, using: &random), "seed \(seed), \(file.name)") { plain += 1 }
        }
        #expect(plain > 1000)
    }

    @Test("60,000 random documents give the same result as libyaml, or are left to libyaml")
    func random() async {
        var plain = 0
        for seed in 0..<60_000 as Range<UInt64> {
            if seed % 100 == 0 { await Task.yield() }
            var document = RandomDocument(seed: seed)
            if isPlain(document.bytes(), "seed \(seed)") { plain += 1 }
        }
        #expect(plain > 6000)
    }
}

/// A generator of random documents. Most of them are valid YAML, and the others look similar.
private struct RandomDocument {
    private var random: SplitMix64
    private var indents = [0]

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    mutating func bytes() -> [UInt8] {
        let lines = (0..<Int.random(in: 1...8, using: &random)).map { _ in line() }
        return Array((lines.joined(separator: "\n") + (Bool.random(using: &random) ? "\n" : "")).utf8)
    }

    private mutating func pick(_ texts: String...) -> String { texts.randomElement(using: &random) ?? "" }

    private mutating func isRare() -> Bool { Int.random(in: 0..<40, using: &random) == 0 }

    private mutating func line() -> String {
        switch Int.random(in: 0..<40, using: &random) {
        case 0: return pick("---", "--- # c", "...", "---a", "--- a", "--", "-", "")
        case 1: return pick("", "  ", "# c", "    # c: d", "\t", "  \t# c")
        default: break
        }
        var text = String(repeating: " ", count: indent())
        if Int.random(in: 0..<3, using: &random) == 0 { text += pick("- ", "- ", "- ", "-  ", "-", "- - ") }
        if Int.random(in: 0..<5, using: &random) > 0 { text += key() }
        if Int.random(in: 0..<5, using: &random) > 1 { text += value() }
        return text + (isRare() ? pick(" ", "  # c", "#c", " #", "\t", ": ", ":") : "")
    }

    /// Returns a random flow collection, in most cases with closed brackets.
    private mutating func flow() -> String {
        (0..<Int.random(in: 2...6, using: &random))
            .map { _ in pick("[", "{", "]", "}", ",", ", ", "a", "a: ", "b:", "'c'", "-1", " ", "é", "?", "#") }
            .joined()
    }

    /// Returns a random indentation, in most cases one of an earlier line.
    private mutating func indent() -> Int {
        if isRare() { return Int.random(in: 0...5, using: &random) }
        if Bool.random(using: &random), let last = indents.last { indents.append(last + 2) }
        let chosen = indents.randomElement(using: &random) ?? 0
        indents = indents.filter { $0 <= chosen } + [chosen]
        return chosen
    }

    private mutating func key() -> String {
        isRare()
            ? pick("'a': ", "a : ", "a:", "? ", "<<: ", "a b: ", "é: ", "-a: ", "[a]: ", "&a a: ")
            : pick("a: ", "b: ", "c:", "a.b/c: ", "1: ", "_:  ")
    }

    private mutating func value() -> String {
        isRare()
            ? pick(
                "|", ">", "[a]", "{a: b}", "&a b", "*a", "!a b", "a: b", "'a", "\"a\\n\"", "'a''b'", "@a", "- a", "%",
                "?", "-")
            : pick(
                "a", "a b", "'a'", "\"a\"", "-1", "a#b", "a:b", "~", "''", "é", "a, b", "a  # c", "{", "a - b", "...")
    }
}
