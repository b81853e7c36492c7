import Foundation
import PrewarmManifests
import Subprocess
import Testing

/// Runs `check-jsonschema`.
enum SchemaPeer {
    /// True if the program is installed. In CI, it is always true, so that a missing program is a failure.
    static let isWanted: Bool = {
        let environment = ProcessInfo.processInfo.environment
        let folders = environment["PATH"]?.split(separator: ":") ?? []
        return environment["CI"] != nil
            || folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/check-jsonschema") }
    }()

    struct Failure: Error {}

    struct Verdict: Decodable {
        struct Problem: Decodable {
            let filename: String
        }

        let status: String
        /// The accepted files if there are failures. Without failures, the files are in `checkedPaths`.
        let successes: [String]?
        let checkedPaths: [String]?
        let errors: [Problem]
        let parseErrors: [Problem]?

        var accepted: Set<String> { Set(successes ?? checkedPaths ?? []) }
        var refused: Set<String> { Set(errors.map(\.filename)) }
        var unreadable: Set<String> { Set((parseErrors ?? []).map(\.filename)) }
    }

    /// Checks files with the schema of a kind.
    static func verdict(_ kind: SchemaGenerator.Kind, _ files: [CorpusFile]) async throws -> Verdict {
        try await run(kind) { ["--schemafile", $0] + files.map(\.url.path) }
    }

    /// Checks the schema of a kind with the metaschema.
    static func verdict(onSchema kind: SchemaGenerator.Kind) async throws -> Verdict {
        try await run(kind) { ["--check-metaschema", $0] }
    }

    private static func run(_ kind: SchemaGenerator.Kind, _ arguments: (String) -> [String]) async throws -> Verdict {
        let folder = FileManager.default.temporaryDirectory.appending(path: "prewarm-schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let schema = folder.appending(path: "schema.json")
        try Data(SchemaGenerator.schema(kind).utf8).write(to: schema)
        let result = try await Subprocess.run(
            .name("check-jsonschema"),
            arguments: Arguments(["--output-format", "json", "-v"] + arguments(schema.path)),
            output: .string(limit: 64 << 20), error: .discarded)
        guard case .exited(let status) = result.terminationStatus, status <= 1 else { throw Failure() }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Verdict.self, from: Data(result.standardOutput.utf8))
    }
}

@Suite(
    "JSON Schemas and check-jsonschema", .serialized,
    .enabled(if: SchemaPeer.isWanted, "check-jsonschema is not installed: pip install check-jsonschema"))
struct SchemaAgreementTests {
    @Test("A schema is valid by the metaschema of draft 2020-12", arguments: SchemaGenerator.Kind.allCases)
    func metaschema(kind: SchemaGenerator.Kind) async throws {
        #expect(try await SchemaPeer.verdict(onSchema: kind).status == "ok")
    }

    @Test("A schema accepts and refuses the same files as the parser", arguments: SchemaGenerator.Kind.allCases)
    func corpus(kind: SchemaGenerator.Kind) async throws {
        let folders = try ["good", "bad", "beyond-schema"].map { folder in
            try CorpusFile.files(in: folder).filter { $0.kind == kind }
        }
        let verdict = try await SchemaPeer.verdict(kind, folders.flatMap(\.self))
        let paths = folders.map { Set($0.map(\.url.path)) }
        #expect(paths[0].subtracting(verdict.accepted) == [])
        #expect(paths[1].subtracting(verdict.refused) == [])
        #expect(verdict.refused.intersection(paths[2]) == [], "these belong to Corpus/bad")
        #expect(
            verdict.accepted.union(verdict.refused).union(verdict.unreadable)
                == paths[0].union(paths[1]).union(paths[2]))
        #expect(verdict.unreadable.isSubset(of: paths[2]))
    }
}
