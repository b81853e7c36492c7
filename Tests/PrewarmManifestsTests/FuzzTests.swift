import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Damaged files")
struct FuzzTests {
    private static let count: UInt64 = 2000

    @Test("2,000 mutations cause no trap, and each error has a position inside the file")
    func mutations() async throws {
        let corpus = try CorpusFile.files(in: "good")
        var refused = 0
        for seed in 0..<Self.count {
            // Gives way to other tests, which measure time.
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
        #expect(refused > Self.count / 2, "most mutations cause an error")
    }

    @Test("The same bytes always give the same result")
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
        guard let position = diagnostic.position else { return diagnostic.message.hasPrefix("invalid configuration: ") }
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard position.line >= 1, position.column >= 1, position.line <= lines.count else { return false }
        return position.column <= lines[position.line - 1].unicodeScalars.count + 1
    }
}
