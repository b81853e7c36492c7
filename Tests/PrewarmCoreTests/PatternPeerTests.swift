import Foundation
import PrewarmCore
import Testing

/// Runs `Tests/pattern-peer.py`.
enum PatternPeer {
    /// Where a CI runner lacks it, the tests run and fail instead.
    static let isWanted = ProcessInfo.processInfo.environment["CI"] != nil || (try? answers(to: [["a", "a"]])) != nil

    struct Failure: Error {}

    /// A question is a pattern and the texts to find it in.
    static func answers(to questions: [[String]]) throws -> [[Bool]] {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "pattern-peer.py")
        // A file, as a pipe that nobody empties would stop both sides.
        let input = FileManager.default.temporaryDirectory.appending(path: "pattern-peer-\(UUID().uuidString)")
        let encoder = JSONEncoder()
        let lines = try questions.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }
        try Data(lines.joined().utf8).write(to: input)
        defer { try? FileManager.default.removeItem(at: input) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script.path()]
        let output = Pipe()
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure() }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map { $0.map { $0 == "1" } }
    }
}

@Suite("Patterns against Python's re", .enabled(if: PatternPeer.isWanted, "python3 is not here"))
struct PatternPeerTests {
    @Test("Thousands of small patterns match when re says so")
    func small() throws {
        var random = SeededGenerator(seed: 2028)
        // No empty texts: before Python 3.14, `\B` does not match in them.
        let questions = (0..<5000).map { _ in
            [Self.pattern(depth: 3, using: &random)]
                + (0..<6).map { _ in String.random(of: "ab1_ -\n", 1...6, using: &random) }
        }
        let answers = try PatternPeer.answers(to: questions)
        #expect(answers.count == questions.count)
        for (question, answer) in zip(questions, answers) {
            let pattern = try Pattern(question[0])
            #expect(question.dropFirst().map { pattern.matches($0) } == answer, "\(question)")
        }
        let matches = answers.joined().count(where: \.self)
        #expect((5000..<25_000).contains(matches), "both answers should be common")
    }

    private static func pattern(depth: Int, using random: inout SeededGenerator) -> String {
        let atoms = [
            "a", "b", "1", "\\-", ".", "[ab]", "[^a]", "[0-9-]", "[^\\w-]", "\\d", "\\w", "\\s", "\\W", "\\D", "\\S",
            "\\n",
        ]
        let assertions = ["^", "$", "\\b", "\\B"]
        let quantifiers = ["*", "+", "?", "{2}", "{1,}", "{0,2}", "{2,3}", "*?", "+?", "??"]
        return (0..<Int.random(in: 1...3, using: &random)).map { _ in
            let isRepeated = Int.random(in: 0..<3, using: &random) == 0
            let quantifier = isRepeated ? quantifiers.randomElement(using: &random) ?? "" : ""
            switch Int.random(in: 0..<8, using: &random) {
            case 0: return assertions.randomElement(using: &random) ?? ""
            case 1 where depth > 0: return "(?:\(pattern(depth: depth - 1, using: &random)))\(quantifier)"
            case 2 where depth > 0:
                let left = pattern(depth: depth - 1, using: &random)
                return "(\(left)|\(pattern(depth: depth - 1, using: &random)))\(quantifier)"
            default: return (atoms.randomElement(using: &random) ?? "") + quantifier
            }
        }.joined()
    }
}

extension String {
    static func random(
        of characters: String, _ counts: ClosedRange<Int>, using random: inout SeededGenerator
    ) -> String {
        let characters = Array(characters)
        let count = Int.random(in: counts, using: &random)
        return String((0..<count).compactMap { _ in characters.randomElement(using: &random) })
    }
}
