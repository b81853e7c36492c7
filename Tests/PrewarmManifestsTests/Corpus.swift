import Foundation
import PrewarmCore
import Testing

@testable import PrewarmManifests

/// The files of one folder of `Corpus`; the first word of a file's name says what kind it holds, or tries to.
struct CorpusFile: CustomTestStringConvertible, Sendable {
    let url: URL
    let bytes: [UInt8]

    var name: String { url.lastPathComponent }
    var kind: SchemaGenerator.Kind? { name.split(separator: "-").first.flatMap { .init(rawValue: String($0)) } }
    var testDescription: String { name }

    static func files(in folder: String) throws -> [CorpusFile] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus/\(folder)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
            let url = folder.appending(path: name)
            return CorpusFile(url: url, bytes: Array(try Data(contentsOf: url)))
        }
    }

    /// What each parser says of the file by itself.
    func diagnostics(_ bytes: [UInt8]? = nil) -> [Diagnostic] {
        if kind == .config {
            return ConfigurationParser.parse(bytes ?? self.bytes, file: name) { $0 == "GIT_TOKEN" ? "secret" : nil }
                .diagnostics
        }
        return ManifestParser.parse(bytes ?? self.bytes).diagnostics
    }

    /// What is wrong once references are followed, too.
    var linkedDiagnostics: [Diagnostic] {
        if kind == .config { return diagnostics() }
        return Catalog(
            source: "corpus", files: [(name, ManifestParser.parse(bytes))], provisioners: ["local"],
            defaultProvisioner: "local", previous: [], previousTemplates: []
        ).diagnostics
    }
}
