import Foundation
import PrewarmCore
import Subprocess
import Testing

/// The reference for patterns: `Tests/pattern-peer.py`, which uses Python's `re`.
enum PatternPeer {
    /// Returns true if python3 is installed. In CI it is always true, so that the tests fail without python3.
    static func isWanted() async -> Bool {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        return await (try? answers(to: [["a", "a"]])) != nil
    }

    struct Failure: Error {}

    /// Returns for each question whether its texts match.
    /// - Parameter questions: lists of a pattern and texts.
    static func answers(to questions: [[String]]) async throws -> [[Bool]] {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "pattern-peer.py")
        let encoder = JSONEncoder()
        let lines = try questions.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }
        let result = try await Subprocess.run(
            .name("python3"), arguments: [script.path()], input: .string(lines.joined()),
            output: .string(limit: 64 << 20), error: .discarded)
        guard result.terminationStatus.isSuccess else { throw Failure() }
        return result.standardOutput.split(separator: "\n").map { $0.map { $0 == "1" } }
    }
}

@Suite("Patterns compared with Python's re", .enabled("python3 is not installed") { await PatternPeer.isWanted() })
struct PatternPeerTests {
    @Test("Thousands of small patterns match the same texts as Python's re")
    func small() async throws {
        var random = SplitMix64(seed: 2028)
        // Empty texts are left out, since `\B` does not match in them before Python 3.14.
        let questions = (0..<5000).map { _ in
            [Self.pattern(depth: 3, using: &random)]
                + (0..<6).map { _ in String.random(of: "ab1_ -\n", 1...6, using: &random) }
        }
        let answers = try await PatternPeer.answers(to: questions)
        #expect(answers.count == questions.count)
        for (question, answer) in zip(questions, answers) {
            let pattern = try Pattern(question[0])
            #expect(question.dropFirst().map { pattern.matches($0) } == answer, "\(question)")
        }
        let matches = answers.joined().count(where: \.self)
        #expect((5000..<25_000).contains(matches), "both answers are common")
    }

    private static func pattern(depth: Int, using random: inout SplitMix64) -> String {
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
        of characters: String, _ counts: ClosedRange<Int>, using random: inout SplitMix64
    ) -> String {
        let characters = Array(characters)
        let count = Int.random(in: counts, using: &random)
        return String((0..<count).compactMap { _ in characters.randomElement(using: &random) })
    }
}
