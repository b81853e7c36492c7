import Foundation
import PrewarmManifests
import Testing

/// Runs `check-jsonschema`.
enum SchemaPeer {
    /// Where a CI runner lacks it, the tests run and fail instead.
    static let isWanted = ProcessInfo.processInfo.environment["CI"] != nil || (try? run(["--version"])) != nil

    struct Verdict: Decodable {
        struct Problem: Decodable {
            let filename: String
        }

        /// Only beside failures; where there are none, all is in `checkedPaths`.
        let successes: [String]?
        let checkedPaths: [String]?
        let errors: [Problem]
        let parseErrors: [Problem]?

        var accepted: Set<String> { Set(successes ?? checkedPaths ?? []) }
        var refused: Set<String> { Set(errors.map(\.filename)) }
        var unreadable: Set<String> { Set((parseErrors ?? []).map(\.filename)) }
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
        #expect(verdict.refused == [] && verdict.unreadable == [])
        #expect(verdict.accepted == Set(files.map(\.url.path)))
    }

    @Test("A schema refuses the bad files", arguments: SchemaGenerator.Kind.allCases)
    func bad(kind: SchemaGenerator.Kind) throws {
        let files = try files("bad", kind)
        let verdict = try SchemaPeer.verdict(kind, files)
        #expect(verdict.accepted == [] && verdict.unreadable == [])
        #expect(verdict.refused == Set(files.map(\.url.path)))
    }

    @Test("What is said to be beyond a schema is", arguments: SchemaGenerator.Kind.allCases)
    func beyond(kind: SchemaGenerator.Kind) throws {
        let files = try files("beyond-schema", kind)
        let verdict = try SchemaPeer.verdict(kind, files)
        #expect(verdict.refused == [], "these belong to Corpus/bad")
        #expect(verdict.accepted.union(verdict.unreadable) == Set(files.map(\.url.path)))
    }
}
