import Foundation
import Testing

/// The errors that the tables of the guides quote are those that prewarm prints.
@Suite("Errors that the documentation quotes")
struct QuotedErrorTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Stands for any text in a quote (`…`) and in a literal (an interpolation).
    private static let anything: Character = "…"

    /// Quotes of other programs.
    private static let foreign = ["error while loading shared libraries: libgit2.so.…"]

    @Test("Each error in a table of symptoms is a string literal of prewarm")
    func quotes() throws {
        let literals = try Self.literals()
        let index = Index(literals)
        let quotes = try Self.quotes()
        for (page, quote) in quotes where !Self.foreign.contains(quote) {
            #expect(Self.isMade(quote, of: index), "\(page) quotes `\(quote)`")
        }
        #expect(quotes.count > 50 && literals.count > 1000)
    }

    @Test(
        "A quote matches a literal if each character of it has a place",
        arguments: [
            ("cannot find a b", "cannot find a b in the c", true), ("cannot find … b", "cannot find a b", true),
            ("no preset \"a\" here", "there is no preset \"…\" here", true),
            ("cannot fnd a b", "cannot find a b", false), ("find a cat", "find a dog in …", false),
            ("one: two", "…: …", false),
        ])
    func matches(quote: String, literal: String, isPart: Bool) {
        #expect(Self.isPart(quote, of: literal) == isPart)
    }

    // MARK: Quotes

    /// Returns the quotes of at least three words in the first cells of the tables of symptoms, with their pages.
    private static func quotes() throws -> [(page: String, quote: String)] {
        let catalog = root.appending(path: "Sources/prewarm/Documentation.docc")
        let names = try FileManager.default.contentsOfDirectory(atPath: catalog.path).filter { $0.hasSuffix(".md") }
        return try names.sorted().flatMap { name -> [(page: String, quote: String)] in
            let text = try String(contentsOf: catalog.appending(path: name), encoding: .utf8)
            var isTable = false
            return text.split(separator: "\n").flatMap { line -> [(page: String, quote: String)] in
                if line.hasPrefix("## ") { isTable = name == "Troubleshoot.md" || line == "## What can go wrong" }
                guard isTable, line.hasPrefix("| ") else { return [] }
                let cells = line.dropFirst(2)
                return cells[..<(cells.firstRange(of: " | ")?.lowerBound ?? cells.endIndex)]
                    .matches(of: /`([^`]+)`/).map { String($0.output.1) }
                    .filter { $0.split(separator: " ").count >= 3 }.map { (name, $0) }
            }
        }
    }

    // MARK: Literals

    /// Returns the string literals of the sources. Literals that `+` joins are one, and each interpolation is
    /// ``anything``.
    private static func literals() throws -> [String] {
        let sources = root.appending(path: "Sources")
        let names = FileManager.default.enumerator(atPath: sources.path)?.compactMap { $0 as? String } ?? []
        return try names.filter { $0.hasSuffix(".swift") }.flatMap { name in
            literals(in: try String(contentsOf: sources.appending(path: name), encoding: .utf8))
        }
    }

    private static func literals(in source: String) -> [String] {
        var literals: [String] = []
        // The end of the last literal, and the code since then.
        var (gap, isFirst) = ("", true)
        for line in source.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("//") {
            var rest = line[...]
            while let start = rest.firstIndex(of: "\"") {
                gap += rest[..<start]
                let (literal, end) = literal(in: rest, after: rest.index(after: start))
                let isJoined = gap.filter { !$0.isWhitespace } == "+"
                if isJoined, !isFirst {
                    literals[literals.count - 1] += literal
                } else {
                    literals.append(literal)
                }
                (gap, isFirst) = ("", false)
                rest = rest[end...]
            }
            gap += rest
        }
        return literals
    }

    /// Returns the literal that begins at an index, and the index after its end.
    private static func literal(in line: Substring, after start: String.Index) -> (String, String.Index) {
        var (text, index, depth) = ("", start, 0)
        while index < line.endIndex {
            let character = line[index]
            let next = line.index(after: index)
            if depth > 0 {
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
            } else if character == "\\", next < line.endIndex {
                if line[next] == "(" {
                    text.append(anything)
                    depth = 1
                } else {
                    text.append(line[next])
                }
                index = line.index(after: next)
                continue
            } else if character == "\"" {
                return (text, next)
            } else {
                text.append(character)
            }
            index = next
        }
        return (text, line.endIndex)
    }

    // MARK: Matching

    /// Returns true if a quote is a part of a literal, or consists of two parts that are: many errors are composed of the
    /// operation and its cause.
    private static func isMade(_ quote: String, of index: Index) -> Bool {
        var words = quote.split(separator: " ").map(String.init)
        if words.first == String(anything) { words.removeFirst() }
        func isPart(_ words: ArraySlice<String>) -> Bool {
            let part = words.joined(separator: " ")
            return index.literals(of: Array(words)).contains { Self.isPart(part, of: $0) }
        }
        return isPart(words[...])
            || (1..<words.count).contains { isPart(words.prefix($0)) && isPart(words.dropFirst($0)) }
    }

    /// The literals by their words and by their pairs of words, so that a quote is compared with few of them.
    private struct Index {
        private let literals: [String]
        private var places: [String: Set<Int>] = [:]

        init(_ literals: [String]) {
            self.literals = literals
            for (place, literal) in literals.enumerated() {
                let words = literal.split(separator: " ").map(String.init)
                for key in words + Self.pairs(of: words) { places[key, default: []].insert(place) }
            }
        }

        /// Returns the literals that have a pair of neighboring words; for one word, those that have the word.
        func literals(of words: [String]) -> [String] {
            let keys = words.count == 1 ? words : Self.pairs(of: words)
            return keys.reduce(into: Set<Int>()) { $0.formUnion(places[$1] ?? []) }.map { literals[$0] }
        }

        private static func pairs(of words: [String]) -> [String] {
            zip(words, words.dropFirst()).map { "\($0) \($1)" }
        }
    }

    /// Returns true if a quote is a part of a literal. ``anything`` in one of them stands for any part of the other, but at
    /// least half of the quote has to be written out in the literal.
    private static func isPart(_ quote: String, of literal: String) -> Bool {
        let (quote, literal) = (Array(quote), Array(literal))
        guard literal.count * 2 >= quote.count else { return false }
        // The best number of equal characters if the first characters of the quote end at each place of the literal.
        var row = [Int?](repeating: 0, count: literal.count + 1)
        for character in quote {
            var next = [Int?](repeating: nil, count: literal.count + 1)
            for place in 0...literal.count {
                var best: Int?
                func offer(_ count: Int?) {
                    if let count { best = max(best ?? count, count) }
                }
                if place > 0 {
                    if literal[place - 1] == character { offer(row[place - 1].map { $0 + 1 }) }
                    // The place in the literal stands for this character, or for nothing.
                    if literal[place - 1] == anything {
                        offer(row[place])
                        offer(row[place - 1])
                        offer(next[place - 1])
                    }
                    if character == anything { offer(next[place - 1]) }
                }
                if character == anything { offer(row[place]) }
                next[place] = best
            }
            row = next
            if row.allSatisfy({ $0 == nil }) { return false }
        }
        let most = row.compactMap(\.self).max() ?? 0
        return most * 2 >= quote.count
    }
}
