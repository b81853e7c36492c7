import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("Rules for texts")
struct TextRuleTests {
    private static let rules: [(name: String, rule: TextRule)] = [
        ("name", .name), ("version", .version), ("parameterName", .parameterName), ("variableName", .variableName),
        ("labelKey", .labelKey), ("labelValue", .labelValue), ("timezone", .timezone),
        ("network", .network), ("containerUser", .containerUser), ("mountTarget", .mountTarget),
        ("httpPath", .httpPath),
    ]

    @Test("A rule accepts the same texts as its pattern and lengths")
    func patterns() throws {
        var random = SplitMix64(seed: 1)
        for (name, rule) in Self.rules {
            let pattern = try Pattern(try #require(rule.pattern))
            var allowed = 0
            for _ in 0..<4000 {
                let text = Self.text(using: &random)
                let count = text.unicodeScalars.count
                let expected =
                    count >= rule.minimumLength ?? 0 && count <= rule.maximumLength ?? .max && pattern.matches(text)
                #expect((rule.check(text) == nil) == expected, "\(name): \(text)")
                if expected { allowed += 1 }
            }
            #expect(allowed > 20, "\(name)")
        }
    }

    /// Returns a random text. One in 20 has about the maximum length of a rule.
    private static func text(using random: inout SplitMix64) -> String {
        let marks = Array("aaaabzAZ0099-_./+@: %é")
        let long = [62, 63, 64, 65, 127, 128, 129].randomElement(using: &random) ?? 63
        let count = Int.random(in: 0..<20, using: &random) == 0 ? long : Int.random(in: 0...5, using: &random)
        let isTame = Bool.random(using: &random)
        return String(
            (0..<count).map { _ in (isTame ? marks[0...10] : marks[...]).randomElement(using: &random) ?? "a" })
    }

    @Test("A duplicate key is found among few and many keys, and reported with the line of the first")
    func duplicateKeys() {
        for seed in 0..<60 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let keys = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                "k\(Int.random(in: 0..<80, using: &random))"
            }
            var firsts: [String: Int] = [:]
            var expected: [String] = []
            for (index, key) in keys.enumerated() {
                // The first line of the spec is line 6, and the keys begin below its three.
                let line = index + 9
                if let first = firsts[key] {
                    expected.append(
                        "\(line):5 invalid parameters: duplicate key \"\(key)\", first at line \(first)")
                } else {
                    firsts[key] = line
                }
            }
            let spec =
                "template: go-dev\ninstances: 1\nparameters:\n" + keys.map { "  \($0): x" }.joined(separator: "\n")
            let found = parse(presetText(spec)).diagnostics
            #expect(found.map { $0.brief } == expected.map { $0 + " | remove one of the two" }, "seed \(seed)")
        }
    }
}
