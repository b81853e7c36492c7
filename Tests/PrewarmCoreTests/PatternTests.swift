import PrewarmCore
import Testing

@Suite("Patterns")
struct PatternTests {
    @Test(
        "A pattern matches the texts that ECMA-262 defines",
        arguments: [
            ("", "", true), ("", "a", true), ("b+", "abbc", true), ("^b+$", "abbc", false), ("^$", "", true),
            ("^$", "\n", false), ("a$", "a\n", false), ("^b", "a\nb", false), ("a|", "x", true), ("^(a|)$", "b", false),
            ("^a.c$", "abc", true), ("^a.c$", "a\nc", false), ("^a.c$", "a\u{2028}c", false), ("^.$", "🙂", true),
            ("^.$", "e\u{301}", false), ("^.{2}$", "e\u{301}", true), ("^.{2}$", "\r\n", false),
            ("^[\\s\\S]{2}$", "\r\n", true), ("^[a-c]+$", "abc", true), ("^[a-c]+$", "abd", false),
            ("^[^a-c]+$", "xyz", true), ("^[^a-c]+$", "xbz", false), ("^[a-]+$", "a-", true), ("^[-a]+$", "-a", true),
            ("^[a-c-e]+$", "b-e", true), ("^[a-c-e]+$", "d", false), ("^[\\]\\\\^]+$", "]\\^", true),
            ("^[\\w-]+$", "a-_9", true), ("^[^\\D]$", "7", true), ("^[^\\D]$", "x", false),
            ("^[\\d\\D]$", "x", true), ("^[^\\d\\D]$", "x", false), ("^[(.|*+?{}$]+$", "(.|*+?{}$", true),
            ("^[[]$", "[", true), ("^[\\b]$", "\u{8}", true), ("^\\d$", "٣", false), ("^\\w$", "é", false),
            ("^\\s+$", " \t\u{b}\u{a0}\u{feff}\u{3000}", true), ("^\\S$", "\u{2029}", false), ("^\\W$", "é", true),
            ("\\bgo\\b", "let's go!", true), ("\\bgo\\b", "ago", false), ("\\Bgo", "ago", true), ("\\b", "", false),
            ("\\B", "", true), ("^\\x41\\u0042\\u{1F600}$", "AB😀", true), ("^\\uD83D\\uDE00$", "😀", true),
            ("^\\.\\/\\-\\n\\t\\r\\f\\v$", "./-\n\t\r\u{c}\u{b}", true), ("^[\\u{1f600}-\\u{1f64f}]$", "😀", true),
            ("^a{2}$", "aa", true), ("^a{2}$", "aaa", false), ("^a{2,}$", "aaaa", true), ("^a{2,}$", "a", false),
            ("^a{2,3}$", "aaa", true), ("^a{2,3}$", "aaaa", false), ("^a{0}$", "", true), ("^a{0}$", "a", false),
            ("^a{0,}$", "aa", true), ("^(ab){1,2}$", "abab", true), ("^(?:a*?b+?)??c$", "aabc", true),
            ("^(a*)*$", "aaa", true), ("^(a*)+$", "", true), ("^((a|b)*c|d)+$", "abcd", true), ("^(){9}$", "", true),
            ("^(^a|b$)+$", "ab", true), ("(^)*a", "ba", true), ("^x*(|y)$", "xxy", true), ("a|b|cd", "xcdx", true),
            ("^(a|b|cd)$", "c", false), ("^([01]?\\d|2[0-3]):[0-5]\\d$", "23:59", true), ("é", "cafe\u{301}", false),
        ])
    func table(pattern: String, text: String, isMatch: Bool) throws {
        #expect(try Pattern(pattern).matches(text) == isMatch)
    }

    @Test(
        "An unsupported pattern is refused with the text to write instead",
        arguments: [
            ("a(?=b)", 1, "lookahead is not supported: use anchors, classes and alternatives, or `enum`"),
            ("a(?!b)", 1, "lookahead is not supported: use anchors, classes and alternatives, or `enum`"),
            ("(?<=a)b", 0, "lookbehind is not supported: use anchors, classes and alternatives, or `enum`"),
            ("(?<!a)b", 0, "lookbehind is not supported: use anchors, classes and alternatives, or `enum`"),
            ("é(?<y>a)", 1, "named groups are not supported: use ( ) or (?: )"),
            ("(?P<y>a)", 0, "named groups are not supported: use ( ) or (?: )"),
            ("(?i)a", 0, "flags are not supported: use (?: ), and a class for both cases, for example [aA]"),
            ("(?>a)", 0, "atomic groups are not supported: use (?: )"),
            ("(?#a)", 0, "comments are not supported: use the rule's `description`"),
            ("(a)\\1", 3, "backreferences are not supported: write the group again"),
            ("\\k<a>", 0, "backreferences are not supported: write the group again"),
            ("^\\p{L}", 1, "\\p is not supported: use a class with ranges, for example [A-Za-z]"),
            ("[\\P{L}]", 1, "\\P is not supported: use a class with ranges, for example [A-Za-z]"),
            ("\\Aa", 0, "\\A is not supported: use ^"), ("a\\Z", 1, "\\Z is not supported: use $"),
            ("\\0", 0, "\\0 is not supported: use \\xHH"),
            ("\\é", 0, "the escape is unknown: write the character without \\, or \\u{HHHH}"),
            ("[\\B]", 1, "the escape is unknown: write the character without \\, or \\u{HHHH}"),
            ("a\\", 1, "nothing follows the \\: write \\\\ to match the character"),
            ("[\\", 1, "nothing follows the \\: write \\\\ to match the character"),
            ("\\x4", 0, "expected \\xHH, \\uHHHH or \\u{HHHH} in hexadecimal digits"),
            ("\\u{}", 0, "expected \\xHH, \\uHHHH or \\u{HHHH} in hexadecimal digits"),
            ("\\u{110000}", 0, "the escape is not a Unicode character"),
            ("\\ud800", 0, "the escape is not a Unicode character"),
            ("\\u{99999999999}", 0, "the escape is not a Unicode character"),
            ("[a", 0, "the [ has no ]: write \\[ to match the character"),
            ("[]a]", 0, "the class is empty: write \\] to match the character"),
            ("[^]", 0, "the class is empty: write [\\s\\S] to match any character"),
            ("[z-a]", 1, "the end of the range is before its start"),
            ("[\\d-z]", 1, "both ends of a range must be characters: write \\- to match the character"),
            ("(a", 0, "the ( has no ): write \\( to match the character"),
            ("a)", 1, "the ) has no (: write \\) to match the character"),
            ("a]", 1, "the ] is unmatched: write \\] to match the character"),
            ("}", 0, "the } is unmatched: write \\} to match the character"),
            ("*", 0, "nothing precedes the * to repeat: write \\* to match the character"),
            ("a|+", 2, "nothing precedes the + to repeat: write \\+ to match the character"),
            ("a**", 2, "the * follows another quantifier: put the repeated part into (?: )"),
            ("a++", 2, "the + follows another quantifier: put the repeated part into (?: )"),
            ("a{2}{3}", 4, "the { follows another quantifier: put the repeated part into (?: )"),
            ("^*", 1, "the * follows an assertion, which cannot be repeated"),
            ("a{3,2}", 1, "the first count of the quantifier is larger than the second"),
            ("a{,2}", 1, "expected a quantifier, for example {2}, {2,} or {2,3}: write \\{ to match the character"),
            ("a{2", 1, "expected a quantifier, for example {2}, {2,} or {2,3}: write \\{ to match the character"),
            ("a{2000}", 1, "the pattern takes more than 2000 steps when its counts are expanded"),
            ("a{99999999999999999999}", 1, "the pattern takes more than 2000 steps when its counts are expanded"),
            ("((a{40}){40}){9}", 13, "the pattern takes more than 2000 steps when its counts are expanded"),
            (String(repeating: "(", count: 200), 100, "groups are nested more than 100 deep"),
        ])
    func refused(pattern: String, offset: Int, message: String) {
        let error = #expect(throws: TextError.self) { _ = try Pattern(pattern) }
        #expect(error?.offset == offset)
        #expect(error?.message == message)
    }

    @Test(
        "A pattern that takes a backtracking engine exponential time ends",
        arguments: ["^(a+)+$", "^(a|a)*$", "^(a*)*b?$", "(.*)*=(.*)*x"])
    func exponential(pattern: String) throws {
        let text = String(repeating: "a", count: 10_000) + "!"
        let compiled = try Pattern(pattern)
        let time = ContinuousClock().measure { #expect(!compiled.matches(text)) }
        #expect(time < .seconds(60))
    }

    @Test("Nested counts of an empty group end")
    func countsOfNothing() throws {
        let pattern = String(repeating: "(", count: 100) + String(repeating: "){999}", count: 100)
        #expect(try Pattern(pattern).matches("a"))
    }

    @Test("A pattern with a large program ends")
    func largest() throws {
        let pattern = try Pattern("^(([ab]{0,31}){0,31})$")
        #expect(pattern.matches(String(repeating: "ab", count: 100)))
        #expect(!pattern.matches(String(repeating: "ab", count: 100) + "c"))
    }

    @Test("A value is refused if its pattern takes too many steps for one value or for the whole source")
    func budgets() throws {
        #expect(throws: TextError.self) { _ = try Pattern("(a?){4900}Z") }
        let rule = ParameterRule(name: "a", kind: .string, pattern: "(a?){900}Z")
        let value = ParameterValue.string(String(repeating: "a", count: 4_000))
        #expect(rule.problem(with: value)?.hasPrefix("takes more than 1000000 steps") == true)
        var patterns = PatternCache(steps: 200_000)
        let short = ParameterRule(name: "a", kind: .string, pattern: "^[a-z]+$")
        #expect(short.problem(with: .string("ab"), patterns: &patterns) == nil)
        for _ in 0..<3 { _ = rule.problem(with: value, patterns: &patterns) }
        let problem = short.problem(with: .string("ab"), patterns: &patterns)
        #expect(problem?.hasPrefix("cannot be checked: the patterns") == true)
        var others = PatternCache(steps: 500_000)
        for number in 0..<200 {
            let rule = ParameterRule(name: "a", kind: .string, pattern: "(a?){900}\(number)")
            _ = rule.problem(with: .string(""), patterns: &others)
        }
        #expect(short.problem(with: .string("ab"), patterns: &others) != nil, "compiling counts as steps, too")
    }

    @Test("A damaged pattern does not crash the parser, and its error has an offset inside the pattern")
    func damage() {
        var random = SplitMix64(seed: 2029)
        var refused = 0
        for round in 0..<20_000 {
            let pattern =
                round % 2 == 0
                ? String.random(of: "ab019()[]{}\\*+?|^$.,-:<=!dDwWsSbBpkuxnc é🙂", 0...24, using: &random)
                : String(decoding: (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }, as: UTF8.self)
            do throws(TextError) {
                _ = try Pattern(pattern).matches(String.random(of: "ab09 é🙂", 0...8, using: &random))
            } catch {
                refused += 1
                #expect((0...pattern.unicodeScalars.count).contains(error.offset), "\(pattern)")
            }
        }
        #expect((5000..<20_000).contains(refused))
    }

    @Test("A rule reports the value that does not match and the pattern that is invalid")
    func rules() {
        func problem(_ pattern: String, _ text: String) -> String? {
            ParameterRule(name: "a", kind: .string, pattern: pattern).problem(with: .string(text))
        }
        #expect(problem("^(a+)+$", String(repeating: "a", count: 35)) == nil)
        #expect(problem("^(a+)+$", "aab") == "is \"aab\", which does not match ^(a+)+$")
        #expect(
            problem("^*", "a") == "cannot be matched with ^*: the * follows an assertion, which cannot be repeated")
    }
}

extension ParameterRule {
    fileprivate func problem(with value: ParameterValue) -> String? {
        var patterns = PatternCache()
        return problem(with: value, patterns: &patterns)
    }
}
