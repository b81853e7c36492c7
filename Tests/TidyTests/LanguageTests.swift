import Foundation
import Testing

/// The rules of our language that a program can check, over everything that people read: string literals and comments
/// in `Sources`, the guides, the README, the schemas and the examples. There is no list of exceptions.
@Suite("The language of the project")
struct LanguageTests {
    /// A place in a file, with the prose that stands there.
    private struct Line {
        let file: String
        let number: Int
        let text: String
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Words and phrases that the project does not use, in lower case, with what it says instead.
    private static let banned: [String: String] = [
        "shall": "should, or the present tense", "whoever": "name the person", "whyever": "for any reason",
        "be it": "whether it is", "in vain": "without success", "unless it is said": "(default: X)",
        "is none": "name what is missing", "let go": "approve, release", "lets go": "approves, releases",
        "tell": "report", "tells": "reports", "told": "reported", "telling": "reporting", "mend": "fix",
        "mends": "fixes", "mended": "fixed", "mending": "fixing", "stranger": "name the person",
        "strangers": "name the people", "in force": "applied", "in place of": "instead of",
        "somebody": "name the person", "nobody": "name the person", "did not become as wanted": "did not converge",
        "as wanted": "as desired", "colour": "color", "colours": "colors", "behaviour": "behavior",
        "cancelled": "canceled", "cancelling": "canceling", "favour": "favor", "honour": "honor", "honours": "honors",
        "recognise": "recognize", "recognised": "recognized", "grey": "gray", "or else": "otherwise",
    ]

    /// First words of a doc comment that make it a fragment.
    private static let fragments: Set<String> = ["What", "Of", "Those", "Who", "As", "By", "Whether", "Nil"]

    @Test("No text uses a word that the project avoids")
    func words() throws {
        for line in try Self.prose() {
            for (found, instead) in Self.avoided(in: line.text) {
                Issue.record("\(line.file):\(line.number): \"\(found)\"; write: \(instead)")
            }
        }
    }

    @Test("A doc comment begins with a noun or a verb")
    func docComments() throws {
        for file in try Self.files(below: "Sources", endings: [".swift"]) {
            var isBehindComment = false
            for (index, line) in try Self.lines(of: file).enumerated() {
                let text = line.trimmingPrefix { $0 == " " }
                let isComment = text.hasPrefix("///")
                defer { isBehindComment = isComment }
                guard isComment, !isBehindComment else { continue }
                let first = text.dropFirst(3).drop { $0 == " " }.prefix { $0.isLetter }
                #expect(!Self.fragments.contains(String(first)), "\(file):\(index + 1): \(text)")
            }
        }
    }

    @Test(
        "A text with an avoided word is found",
        arguments: [
            "the token is none", "it is let go, and more", "Nobody knows", "in  place of it", "or else it fails",
        ])
    func isFound(text: String) {
        #expect(!Self.avoided(in: text).isEmpty)
    }

    @Test(
        "A text without an avoided word passes",
        arguments: [
            "Another process did something else.", "`tell` is code", "a placeholder for storytellers",
            "in placement of",
        ])
    func passes(text: String) {
        #expect(Self.avoided(in: text).isEmpty)
    }

    // MARK: -

    private static func avoided(in text: String) -> [(String, String)] {
        let words = withoutCode(text).lowercased().split { !$0.isLetter && $0 != "'" }.map(String.init)
        var found: [(String, String)] = []
        for (index, word) in words.enumerated() {
            for phrase in phrases[word] ?? [] where words[index...].starts(with: phrase) {
                let key = phrase.joined(separator: " ")
                found.append((key, banned[key] ?? ""))
            }
        }
        return found
    }

    /// The banned phrases by their first word.
    private static let phrases = Dictionary(grouping: banned.keys.map { $0.split(separator: " ").map(String.init) }) {
        $0[0]
    }

    /// Returns the text without the parts between back-ticks, which are code.
    private static func withoutCode(_ text: String) -> String {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset.isMultiple(of: 2) }.map { String($0.element) }.joined(separator: " code ")
    }

    private static func prose() throws -> [Line] {
        var all: [Line] = []
        for file in try files(below: "Sources", endings: [".swift"]) {
            var position = Position.code
            for (index, line) in try lines(of: file).enumerated() {
                let text = swiftProse(String(line), &position)
                if !text.isEmpty { all.append(Line(file: file, number: index + 1, text: text)) }
            }
        }
        let texts =
            try files(below: "Sources", endings: [".md"]) + files(below: "schemas", endings: [".json"])
            + files(below: "examples", endings: [""]) + ["README.md"]
        for file in texts {
            for (index, line) in try lines(of: file).enumerated() {
                all.append(Line(file: file, number: index + 1, text: String(line)))
            }
        }
        return all
    }

    /// A position in Swift: outside a literal of several lines, at its first line, or inside it.
    private enum Position {
        case code, firstLine, prose
        /// Inside a literal that holds SQL or a script.
        case foreign
    }

    /// The comment and the string literals of a line of Swift.
    private static func swiftProse(_ line: String, _ position: inout Position) -> String {
        let text = line.trimmingCharacters(in: .whitespaces)
        if position != .code {
            if text.hasPrefix("\"\"\"") {
                position = .code
            } else if position == .firstLine {
                let word = text.prefix { $0 != " " }
                let isForeign = word.hasPrefix("#!") || word.count > 3 && word.allSatisfy(\.isUppercase)
                position = isForeign ? .foreign : .prose
            }
            return position == .prose ? text : ""
        }
        if text.hasPrefix("//") { return text }
        if text.components(separatedBy: "\"\"\"").count == 2 { position = .firstLine }
        let parts = text.replacing("\\\"", with: "'").split(separator: "\"", omittingEmptySubsequences: false)
        // A literal without a space is a key or a name.
        return parts.enumerated().filter { !$0.offset.isMultiple(of: 2) && $0.element.contains(" ") }
            .map { String($0.element) }.joined(separator: " | ")
    }

    private static func lines(of file: String) throws -> [Substring] {
        let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
        return text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    private static func files(below folder: String, endings: [String]) throws -> [String] {
        let path = root.appending(path: folder).path
        return try FileManager.default.subpathsOfDirectory(atPath: path).sorted().filter { name in
            var isFolder: ObjCBool = false
            let isThere = FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder)
            return isThere && !isFolder.boolValue && endings.contains(where: name.hasSuffix)
        }.map { "\(folder)/\($0)" }
    }
}
