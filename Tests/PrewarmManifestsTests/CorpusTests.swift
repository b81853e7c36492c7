import Foundation
import PrewarmCore
import PrewarmManifests
import Testing

@Suite("The corpus")
struct CorpusTests {
    @Test("Each good file is read without a word", arguments: try CorpusFile.files(in: "good"))
    func good(file: CorpusFile) {
        #expect(file.diagnostics().map(\.brief) == [])
        let parsed = ManifestParser.parse(file.bytes)
        #expect(parsed.presets.count == (file.kind == .preset ? 1 : 0))
        #expect(parsed.templates.count == (file.kind == .template ? 1 : 0))
    }

    @Test("Each bad file is refused", arguments: try CorpusFile.files(in: "bad"))
    func bad(file: CorpusFile) {
        #expect(file.kind != nil)
        #expect(!file.diagnostics().isEmpty)
        let parsed = ManifestParser.parse(file.bytes)
        #expect(parsed.presets == [] && parsed.templates == [])
    }

    @Test("What only more than a schema can see is refused, too", arguments: try CorpusFile.files(in: "beyond-schema"))
    func beyond(file: CorpusFile) {
        #expect(!file.linkedDiagnostics.isEmpty)
    }

    @Test("The corpus is there")
    func counts() throws {
        #expect(try CorpusFile.files(in: "good").count >= 25)
        #expect(try CorpusFile.files(in: "bad").count >= 50)
        #expect(try CorpusFile.files(in: "beyond-schema").count >= 20)
    }
}

/// Runs `check-jsonschema`.
enum SchemaPeer {
    /// Where a CI runner lacks it, the tests run and fail instead.
    static let isWanted = ProcessInfo.processInfo.environment["CI"] != nil || (try? run(["--version"])) != nil

    struct Verdict: Decodable {
        struct Problem: Decodable {
            let filename: String
        }

        let successes: [String]
        let errors: [Problem]
        let parseErrors: [Problem]
    }

    static func run(_ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["check-jsonschema"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus <= 1 else { throw CocoaError(.executableLoad) }
        return data
    }

    static func withSchema<Result>(_ kind: SchemaGenerator.Kind, _ body: (URL) throws -> Result) throws -> Result {
        let file = FileManager.default.temporaryDirectory.appending(path: "prewarm-schema-\(UUID().uuidString).json")
        try Data(SchemaGenerator.schema(kind).utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try body(file)
    }

    static func verdict(_ kind: SchemaGenerator.Kind, _ files: [CorpusFile]) throws -> Verdict {
        try withSchema(kind) { schema in
            let arguments = ["--schemafile", schema.path, "--output-format", "json", "-v"]
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Verdict.self, from: try run(arguments + files.map(\.url.path)))
        }
    }
}

@Suite(
    "JSON Schemas against check-jsonschema",
    .enabled(if: SchemaPeer.isWanted, "check-jsonschema is not here: pip install check-jsonschema"))
struct SchemaAgreementTests {
    private func files(_ folder: String, _ kind: SchemaGenerator.Kind) throws -> [CorpusFile] {
        try CorpusFile.files(in: folder).filter { $0.kind == kind }
    }

    @Test("A schema is one of draft 2020-12", arguments: SchemaGenerator.Kind.allCases)
    func metaschema(kind: SchemaGenerator.Kind) throws {
        let answer = try SchemaPeer.withSchema(kind) { schema in
            try SchemaPeer.run(["--check-metaschema", "--output-format", "json", schema.path])
        }
        #expect(String(decoding: answer, as: UTF8.self).contains("\"status\": \"ok\""))
    }

    @Test("A schema accepts the good files", arguments: SchemaGenerator.Kind.allCases)
    func good(kind: SchemaGenerator.Kind) throws {
        let files = try files("good", kind)
        let verdict = try SchemaPeer.verdict(kind, files)
        #expect(Set(verdict.successes) == Set(files.map(\.url.path)))
    }

    @Test("A schema refuses the bad files", arguments: SchemaGenerator.Kind.allCases)
    func bad(kind: SchemaGenerator.Kind) throws {
        let files = try files("bad", kind)
        let verdict = try SchemaPeer.verdict(kind, files)
        #expect(verdict.successes == [] && verdict.parseErrors.map(\.filename) == [])
        #expect(Set(verdict.errors.map(\.filename)) == Set(files.map(\.url.path)))
    }

    @Test("What is said to be beyond a schema is", arguments: SchemaGenerator.Kind.allCases)
    func beyond(kind: SchemaGenerator.Kind) throws {
        let verdict = try SchemaPeer.verdict(kind, try files("beyond-schema", kind))
        #expect(verdict.errors.map(\.filename) == [], "these belong to Corpus/bad")
    }
}
