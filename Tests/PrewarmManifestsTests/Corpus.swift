import Foundation
import PrewarmCore
import Testing

@testable import PrewarmManifests

/// A file of a folder of `Corpus`. The first word of its name is the kind of the document: preset, template or config.
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

    /// Returns the diagnostics of the parser for this file alone.
    func diagnostics(_ bytes: [UInt8]? = nil) -> [Diagnostic] {
        if kind == .config {
            return ConfigurationParser.parse(bytes ?? self.bytes, file: name) { $0 == "GIT_TOKEN" ? "secret" : nil }
                .diagnostics
        }
        return ManifestParser.parse(bytes ?? self.bytes).diagnostics
    }

    /// The diagnostics of the file including those of references between documents.
    var linkedDiagnostics: [Diagnostic] {
        if kind == .config { return diagnostics() }
        return Catalog(
            source: "corpus", files: [(name, ManifestParser.parse(bytes))], provisioners: ["local"],
            defaultProvisioner: "local", previous: [], previousTemplates: []
        ).diagnostics
    }

    /// Returns the bytes with one to four random mutations: flips, deletions, insertions and splices.
    func mutated(among corpus: [CorpusFile], using random: inout SplitMix64) -> [UInt8] {
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
}
