import PrewarmCore

extension Engine {
    /// Adds the source lines to errors between files. It reads these files once more.
    func quote(_ catalog: inout Catalog, _ files: [ManifestFile], of source: Source) async throws {
        let paths = Set(catalog.unquotedPaths)
        guard !paths.isEmpty else { return }
        let quoted = files.filter { paths.contains($0.path) }
        let contents = try await source.git.allContents(of: quoted, limit: parser.sizeLimit)
        let bytes = Dictionary(zip(quoted.map(\.path), contents)) { first, _ in first }
        catalog.quote { bytes[$0] ?? nil }
    }
}
