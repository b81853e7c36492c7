import PrewarmCore
import Testing

@Suite("Limits for JSON from outside")
struct JSONBoundsTests {
    private static func violation(
        _ text: String, size: Int = 1 << 20, depth: Int = 3
    ) -> JSONBounds.Violation? {
        do {
            try JSONBounds(size: size, depth: depth).check(Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "Objects and lists count as levels, and brackets in strings do not",
        arguments: [
            ("1", 0), ("[]", 1), ("{}", 1), (#"[{"a": []}]"#, 3), (#"{"a": {"b": {"c": {}}}}"#, 4),
            ("[[], [], [], []]", 2), (#"["[[[[[["]"#, 1), (#"{"{{{{": "}}}}"}"#, 1), (#"["\"[[[["]"#, 1),
            (#"["\\", [["#, 3), (#"["\\\"[[[["]"#, 1), (#"["\u005b[[["]"#, 1), ("[\"é[[\", []]", 2),
            ("[[]]", 2), ("]]]][[", 2),
        ])
    func depth(text: String, levels: Int) {
        #expect(Self.violation(text, depth: levels) == nil)
        if levels > 0 { #expect(Self.violation(text, depth: levels - 1) == .tooDeep(limit: levels - 1)) }
    }

    @Test("The size of a text is its number of bytes", arguments: [("[1,2]", 5), (#""é""#, 4)])
    func size(text: String, bytes: Int) {
        #expect(Self.violation(text, size: bytes) == nil)
        #expect(Self.violation(text, size: bytes - 1) == .tooLarge(limit: bytes - 1))
    }

    /// The two bytes of U+2222 in UTF-16 are two quotes in UTF-8, so a text in UTF-16 could hide brackets.
    @Test("A text in UTF-16 or UTF-32 is refused")
    func encodings() {
        for text in [#"{"a": 1}"#, "[\"\u{2201}\", [[[[[[[[[]]]]]]]]]"] {
            let units = text.utf16.map { unit in
                (low: UInt8(truncatingIfNeeded: unit), high: UInt8(truncatingIfNeeded: unit >> 8))
            }
            let little: [UInt8] = units.flatMap { unit -> [UInt8] in [unit.low, unit.high] }
            let big: [UInt8] = units.flatMap { unit -> [UInt8] in [unit.high, unit.low] }
            let wide: [UInt8] = units.flatMap { unit -> [UInt8] in [unit.low, unit.high, 0, 0] }
            let marked: [[UInt8]] = [[0xff, 0xfe] + little, [0xfe, 0xff] + big]
            for bytes in [little, big, wide] + marked {
                #expect(throws: JSONBounds.Violation.notUTF8) { try JSONBounds(size: 1000, depth: 64).check(bytes) }
            }
        }
    }

    @Test("A random text is refused if and only if a slow model counts too many levels")
    func model() {
        var generator = SystemRandomNumberGenerator()
        let pieces = ["[", "]", "{", "}", "\"", "\\", ":", ",", "a", "\\\"", "\\\\"]
        for _ in 0..<2000 {
            let text = (0..<Int.random(in: 0...40, using: &generator))
                .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            let deepest = Self.deepest(text)
            #expect(Self.violation(text, depth: deepest) == nil, "\(text)")
            if deepest > 0 {
                #expect(Self.violation(text, depth: deepest - 1) == .tooDeep(limit: deepest - 1), "\(text)")
            }
        }
    }

    /// Returns the depth of a text: removes all strings, then counts brackets.
    private static func deepest(_ text: String) -> Int {
        let bare = text.replacing(/"(?:[^"\\]|\\.)*(?:"|\\?$)/, with: "s")
        let depths = bare.reduce(into: [0]) { depths, character in
            let last = depths[depths.count - 1]
            if "[{".contains(character) { depths.append(last + 1) }
            if "]}".contains(character) { depths.append(max(0, last - 1)) }
        }
        return depths.max() ?? 0
    }
}
