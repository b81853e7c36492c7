import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Files that are damaged")
struct FuzzTests {
    private static let count: UInt64 = 2000

    @Test("Any error is inside the file, and none of 2,000 mutations traps")
    func mutations() async throws {
        let corpus = try CorpusFile.files(in: "good")
        var refused = 0
        for seed in 0..<Self.count {
            // Other tests measure time.
            await Task.yield()
            var random = SplitMix64(seed: seed)
            let file = try #require(corpus.randomElement(using: &random))
            let bytes = mutated(file.bytes, corpus, using: &random)
            let manifest = ManifestParser.parse(bytes)
            let configuration = ConfigurationParser.parse(bytes, file: file.name) { _ in "value" }
            let isRefused = configuration.configuration == nil
            #expect(isRefused == configuration.diagnostics.contains { $0.severity == .error }, "seed \(seed)")
            let diagnostics = manifest.diagnostics + configuration.diagnostics
            if !diagnostics.isEmpty { refused += 1 }
            for diagnostic in diagnostics where !isInside(diagnostic, bytes) {
                Issue.record(
                    "seed \(seed), \(file.name): \(diagnostic.brief)\n\(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(refused > Self.count / 2, "most mutations should do harm")
    }

    @Test("What is read twice is the same")
    func deterministic() throws {
        let corpus = try CorpusFile.files(in: "good")
        for seed in 0..<200 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let file = try #require(corpus.randomElement(using: &random))
            let bytes = mutated(file.bytes, corpus, using: &random)
            #expect(ManifestParser.parse(bytes) == ManifestParser.parse(bytes), "seed \(seed)")
        }
    }

    /// One to four flips, deletions, insertions and splices.
    private func mutated(_ bytes: [UInt8], _ corpus: [CorpusFile], using random: inout SplitMix64) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: bytes.indices, using: &random)
            let end = min(bytes.count, at + Int.random(in: 1...16, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes.removeSubrange(at..<end)
            case 2: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &random))
            case 3:
                let piece = [
                    "\n", "\r", "\t", "\"", "'", "{", "[", "- ", ": ", "&a ", "*a", "|", "!", "\u{2028}", "é🙂",
                ]
                bytes.insert(contentsOf: piece.randomElement(using: &random)?.utf8 ?? "".utf8, at: at)
            case 4: bytes.removeSubrange(at...)
            default:
                let other = corpus.randomElement(using: &random)?.bytes ?? []
                bytes = Array(bytes[..<at]) + other.dropFirst(Int.random(in: 0...other.count, using: &random))
            }
        }
        return bytes
    }

    private func isInside(_ diagnostic: Diagnostic, _ bytes: [UInt8]) -> Bool {
        guard let position = diagnostic.position else { return diagnostic.message.hasPrefix("the file has ") }
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard position.line >= 1, position.column >= 1, position.line <= lines.count else { return false }
        return position.column <= lines[position.line - 1].unicodeScalars.count + 1
    }
}
