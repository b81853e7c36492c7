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
            let bytes = file.mutated(among: corpus, using: &random)
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
            let bytes = file.mutated(among: corpus, using: &random)
            #expect(ManifestParser.parse(bytes) == ManifestParser.parse(bytes), "seed \(seed)")
        }
    }

    private func isInside(_ diagnostic: Diagnostic, _ bytes: [UInt8]) -> Bool {
        guard let position = diagnostic.position else { return diagnostic.message.hasPrefix("the file has ") }
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard position.line >= 1, position.column >= 1, position.line <= lines.count else { return false }
        return position.column <= lines[position.line - 1].unicodeScalars.count + 1
    }
}
