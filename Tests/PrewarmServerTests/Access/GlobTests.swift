import Foundation
import PrewarmCore
import Testing

@testable import PrewarmServer

@Suite("Patterns of OIDC claims and presets")
struct GlobTests {
    @Test(
        "* does not match a slash, ** does, and ? matches one character",
        arguments: [
            ("go", "go", true), ("go", "go-large", false), ("go*", "go-large", true), ("*", "go", true),
            ("*", "", true),
            ("", "", true), ("", "a", false), ("?", "", false), ("?", "a", true), ("?", "/", false), ("??", "é", false),
            ("?", "é", true), ("?", "👩", true), ("*", "a/b", false), ("**", "a/b", true), ("***", "a/b", true),
            ("a/*", "a/b", true), ("a/*", "a/b/c", false), ("a/**", "a/b/c", true), ("a/**", "a/", true),
            ("a/**", "a", false),
            ("*/c", "a/b/c", false), ("**/c", "a/b/c", true), ("*a*b*", "xaybz", true), ("*a*b*", "xbyaz", false),
            ("A", "a", false), ("[ab]", "a", false), ("[ab]", "[ab]", true), (".*", "abc", false),
            ("a\\*", "a*", false),
        ])
    func cases(pattern: String, text: String, expected: Bool) {
        #expect(Glob(pattern).matches(text) == expected)
    }

    @Test("Random patterns match the same texts as equivalent regular expressions")
    func agreement() throws {
        var random = SplitMix64(seed: 11)
        func word(_ letters: String, _ most: Int) -> String {
            String(
                (0..<Int.random(in: 0...most, using: &random)).compactMap { _ in letters.randomElement(using: &random) }
            )
        }
        for _ in 0..<3000 {
            let (pattern, text) = (word("ab/*?", 6), word("ab/", 8))
            let expression = pattern.replacing("**", with: "\u{1}").replacing("*", with: "\u{2}")
                .replacing("?", with: "[^/]").replacing("\u{1}\u{2}", with: ".*").replacing("\u{1}", with: ".*")
                .replacing("\u{2}", with: "[^/]*")
            let expected = text.range(of: "^(?:\(expression))$", options: .regularExpression) != nil
            #expect(Glob(pattern).matches(text) == expected, "\(pattern) of \(text)")
        }
    }

    @Test("A pattern with many stars is matched quickly")
    func effort() {
        let pattern = Glob(String(repeating: "*a", count: 400))
        #expect(!pattern.matches(String(repeating: "a", count: 4000) + "b"))
    }

    @Test(
        "A preset pattern matches a name in any source, or a source and a name",
        arguments: [
            ([], "main/go", true), (["go"], "main/go", true), (["go"], "other/go", true),
            (["main/go"], "other/go", false),
            (["main/*"], "main/rust", true), (["*/go-*"], "other/go-large", true), (["rust", "go"], "main/go", true),
            (["go*"], "main/rust", false), (["main"], "main/go", false), (["*"], "main/go", true),
        ] as [([String], String, Bool)])
    func presets(patterns: [String], preset: String, expected: Bool) {
        let parts = preset.split(separator: "/").map(String.init)
        #expect(PresetScope(patterns).contains(PresetKey(source: parts[0], name: parts[1])) == expected)
        #expect(patterns.allSatisfy { PresetScope.problem($0) == nil })
    }

    @Test(
        "An invalid preset pattern is refused with the rule",
        arguments: ["", "a/b/c", "/go", "go/", "Go", "go large", "ß", "a,b"])
    func notPatterns(text: String) {
        let problem = PresetScope.problem(text)
        #expect(problem?.hasPrefix("invalid preset pattern \"\(text)\": it must be a lower-case name") == true)
        #expect(problem?.contains("for example go-* or main/go-*") == true)
    }
}
