import Foundation
import PrewarmManifests
import Testing

@Suite("The files in schemas")
struct SchemaFilesTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "schemas")

    @Test("A schema file is up to date with the Swift types", arguments: SchemaGenerator.Kind.allCases)
    func upToDate(kind: SchemaGenerator.Kind) {
        let name = "\(kind.rawValue).json"
        let text = try? String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        let isUpToDate = text == SchemaGenerator.schema(kind)
        #expect(isUpToDate, "schemas/\(name) is stale: prewarm schema \(kind.rawValue) > schemas/\(name)")
    }

    @Test("The folder contains only the three schema files")
    func nothingElse() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
        #expect(names == ["config.json", "preset.json", "template.json"])
    }
}
