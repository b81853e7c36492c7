import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Corpus of manifests and configurations")
struct CorpusTests {
    @Test("A valid file is read without diagnostics", arguments: try CorpusFile.files(in: "good"))
    func good(file: CorpusFile) {
        #expect(file.diagnostics().map(\.brief) == [])
        let parsed = ManifestParser.parse(file.bytes)
        #expect(parsed.presets.count == (file.kind == .preset ? 1 : 0))
        #expect(parsed.templates.count == (file.kind == .template ? 1 : 0))
    }

    @Test("An invalid file is refused", arguments: try CorpusFile.files(in: "bad"))
    func bad(file: CorpusFile) {
        #expect(file.kind != nil)
        #expect(!file.diagnostics().isEmpty)
        let parsed = ManifestParser.parse(file.bytes)
        #expect(parsed.presets == [] && parsed.templates == [])
    }

    @Test(
        "A file with an error that the schema cannot express is refused",
        arguments: try CorpusFile.files(in: "beyond-schema"))
    func beyond(file: CorpusFile) {
        #expect(!file.linkedDiagnostics.isEmpty)
    }

    @Test("The corpus contains enough files")
    func counts() throws {
        #expect(try CorpusFile.files(in: "good").count >= 25)
        #expect(try CorpusFile.files(in: "bad").count >= 50)
        #expect(try CorpusFile.files(in: "beyond-schema").count >= 20)
    }
}
