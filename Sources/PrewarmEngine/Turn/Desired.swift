package import PrewarmCore

/// What a revision asks for, read from git and followed through.
struct Desired: Sendable {
    var catalog: Catalog
    var files: Int
    /// Results to keep, of blobs that were not known yet.
    var newlyParsed: [(blob: String, bytes: [UInt8])] = []
}

extension Engine {
    /// Reads the manifests of a revision that is in the mirror; only blobs that were never seen are read and parsed.
    func desired(at revision: Revision, of source: Source, previous: InForce) async throws -> Desired {
        let files = try await source.git.manifests(at: revision)
        let (parserVersion, blobs) = (parser.version, files.map(\.blob))
        let kept = try await store.read { try $0.parsed(blobs: blobs, parserVersion: parserVersion) }
        var parsed: [String: ParsedFile] = [:]
        for (blob, bytes) in kept { parsed[blob] = try? ParsedFile(binary: bytes) }
        var unknown: [ManifestFile] = []
        var seen: Set<String> = []
        for file in files where parsed[file.blob] == nil && seen.insert(file.blob).inserted { unknown.append(file) }
        var newlyParsed: [(blob: String, bytes: [UInt8])] = []
        // In portions, so that memory follows the portion and not the repository.
        for start in stride(from: 0, to: unknown.count, by: 256) {
            let portion = Array(unknown[start..<min(start + 256, unknown.count)])
            let contents = try await source.git.contents(of: portion, limit: parser.sizeLimit)
            for (file, bytes) in zip(portion, contents) {
                let result = bytes.map(parser.parse) ?? .tooLarge(limit: parser.sizeLimit)
                parsed[file.blob] = result
                newlyParsed.append((file.blob, result.binary))
            }
        }
        observe(.parsed(known: kept.count, new: newlyParsed.count))
        let inputs = files.compactMap { file in parsed[file.blob].map { (path: file.path, file: $0) } }
        var catalog = Catalog(
            source: source.name, files: inputs, provisioners: Array(provisioners.keys),
            secrets: secretNames, defaultProvisioner: defaultProvisioner, previous: previous.presets,
            previousTemplates: previous.templates)
        try await quote(&catalog, files, of: source)
        return Desired(catalog: catalog, files: files.count, newlyParsed: newlyParsed)
    }
}

/// What a source's last good revision left in force.
struct InForce: Sendable {
    var presets: [Preset] = []
    var templates: [Template] = []
}

extension ParsedFile {
    package static func tooLarge(limit: Int) -> ParsedFile {
        var file = ParsedFile()
        file.isUnreadable = true
        file.diagnostics = [
            Diagnostic(
                .error,
                "the file is larger than \(limit / 1024) KiB, the limit for a manifest file",
                hint: "split it into several files")
        ]
        return file
    }
}
