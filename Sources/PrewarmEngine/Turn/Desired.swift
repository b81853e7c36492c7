import PrewarmCore

/// The desired state of a revision: its manifests, read from git, parsed and linked.
struct Desired: Sendable {
    /// The presets that differ from the applied ones, in the order of their names.
    var changes: [PresetChange]
    /// All presets; nil if only changed files were read.
    var presets: [Preset]?
    /// All templates if one of them changed; otherwise nil.
    var templates: [Template]?
    var diagnostics: [Diagnostic] = []
    /// The number of `.yaml` and `.yml` files of the revision.
    var files: Int
    /// The number of files whose parse result was in the cache.
    var filesKnown: Int
    /// The number of files that were parsed.
    var filesParsed: Int
    /// The number of YAML documents that are not manifests of prewarm.
    var foreignDocuments: Int
    /// The parse results of new blobs, for the cache.
    var newlyParsed: [(blob: String, bytes: [UInt8])] = []
    /// The commit of the revision; nil in a preview.
    var commit: CommitDescription?
}

extension Engine {
    /// Reads the manifests of a revision that is in the mirror. Only blobs that are not in the cache are read and parsed.
    /// - Parameter previous: The applied presets and templates of the source.
    func desired(at revision: Revision, of source: Source, previous: InForce) async throws -> Desired {
        let files = try await source.git.manifests(at: revision)
        let (parserVersion, blobs) = (parser.version, files.map(\.blob))
        let kept = try await store.read { try $0.parsed(blobs: blobs, parserVersion: parserVersion) }
        var parsed: [String: ParsedFile] = [:]
        parsed.reserveCapacity(files.count)
        for (blob, bytes) in kept { parsed[blob] = try? ParsedFile(binary: bytes) }
        var unknown: [ManifestFile] = []
        var seen: Set<String> = []
        for file in files where parsed[file.blob] == nil && seen.insert(file.blob).inserted { unknown.append(file) }
        var newlyParsed: [(blob: String, bytes: [UInt8])] = []
        newlyParsed.reserveCapacity(unknown.count)
        var rest = unknown[...]
        while !rest.isEmpty {
            let contents = try await source.git.contents(of: rest, limit: parser.sizeLimit)
            for (file, bytes) in zip(rest, contents) {
                let result = bytes.map(parser.parse) ?? .tooLarge(limit: parser.sizeLimit)
                parsed[file.blob] = result
                if result.isOfBytesAlone { newlyParsed.append((file.blob, result.binary)) }
                // Claims share the threads that this runs on.
                await Task.yield()
            }
            rest = rest.dropFirst(contents.count)
        }
        let inputs = files.compactMap { file in parsed[file.blob].map { (path: file.path, file: $0) } }
        try checkSize(of: inputs, kept: kept, newlyParsed, at: revision)
        let warnings = try await source.git.warnings(at: revision)
        try refuseNewPaths(among: warnings, previous, at: revision)
        var catalog = Catalog(
            source: source.name, files: inputs, unreadPaths: warnings.map(\.file),
            provisioners: Array(provisioners.keys), secrets: secretNames, defaultProvisioner: defaultProvisioner,
            limit: policy.limits.presetsPerSource, previous: previous.presets, previousTemplates: previous.templates)
        try await quote(&catalog, files, of: source)
        catalog.diagnostics += warnings
        var desired = Desired(catalog, previous: previous)
        desired.files = files.count
        desired.filesKnown = kept.count
        desired.filesParsed = unknown.count
        desired.newlyParsed = newlyParsed
        return desired
    }
}

extension Engine {
    /// Throws if the revision has too many manifests: all manifests of a source are in memory while they are linked.
    private func checkSize(
        of inputs: [(path: String, file: ParsedFile)], kept: [String: [UInt8]],
        _ newlyParsed: [(blob: String, bytes: [UInt8])], at revision: Revision
    ) throws(GitFailure) {
        let count = inputs.count { $0.file.isOurs }
        guard count <= ManifestFile.mostInSource else {
            throw GitFailure(
                .tooLarge,
                "cannot load \(revision.short): it has \(count) files with manifests, and the limit for a source is "
                    + "\(ManifestFile.mostInSource)",
                hint: "put more presets into one file, or split the source into several, each with its own `path`")
        }
        let size = kept.values.reduce(0) { $0 + $1.count } + newlyParsed.reduce(0) { $0 + $1.bytes.count }
        guard size <= ManifestFile.mostBytesInSource else {
            throw GitFailure(
                .tooLarge,
                "cannot load \(revision.short): its manifests take more than "
                    + "\(ManifestFile.mostBytesInSource >> 20) MiB, the limit for a source",
                hint: "split the source into several, each with its own `path`")
        }
    }

    /// Throws if a configured path has no files and no applied preset or template comes from it. Such a path was never
    /// there, so it is probably misspelled.
    private func refuseNewPaths(
        among warnings: [Diagnostic], _ previous: InForce, at revision: Revision
    ) throws(GitFailure) {
        let known = previous.presets.map(\.origin.file) + previous.templates.map(\.origin.file)
        for path in warnings.lazy.filter(\.isMissingPath).map(\.file)
        where !known.contains(where: { $0.isPath(atOrBelow: path) }) {
            throw GitFailure(
                .pathNotFound, "cannot find the path \(path) in \(revision.short)",
                hint: "check `paths` in the configuration, also for upper and lower case")
        }
    }
}

extension Desired {
    fileprivate init(_ catalog: Catalog, previous: InForce) {
        let before = Dictionary(previous.presets.map { ($0.key, $0) }) { first, _ in first }
        let named = Set(catalog.presets.map(\.key))
        // The stored definition of a removed preset cannot be read, but its workspaces have to be deleted.
        let lost = previous.unreadable.filter {
            !named.contains($0) && !catalog.hidesPresets && !catalog.invalidNames.contains($0.name)
        }
        var presets = catalog.presets
        if !lost.isEmpty { presets = (presets + lost.map { Preset(lost: $0) }).sorted { $0.key < $1.key } }
        changes = presets.compactMap { preset in
            let before = before[preset.key]
            return before == preset ? nil : PresetChange(before: before, now: preset)
        }
        self.presets = presets
        templates = catalog.templates == previous.templates ? nil : catalog.templates
        diagnostics = catalog.diagnostics
        files = 0
        filesKnown = 0
        filesParsed = 0
        foreignDocuments = catalog.foreignDocuments
    }
}

extension Preset {
    /// A preset that was removed from git and whose stored definition cannot be read.
    fileprivate init(lost key: PresetKey) {
        self.init(
            key: key, origin: Origin(file: "", line: 1),
            spec: WorkspaceSpec(template: "", version: "", provisioner: "", parameters: [:]), instances: 0,
            retirement: .pruned)
    }
}

/// The presets and templates of a source that are applied now.
struct InForce: Sendable {
    var presets: [Preset] = []
    var templates: [Template] = []
    /// The presets whose stored definition cannot be read.
    var unreadable: [PresetKey] = []
}
