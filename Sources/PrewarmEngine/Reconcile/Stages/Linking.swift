import PrewarmCore

/// The presets and templates of a revision: its manifests, read from git, parsed and linked.
struct Definition: Sendable {
    let revision: Revision
    /// The presets that differ from the applied ones, in the order of their names.
    var changes: [PresetChange]
    /// All presets; nil if only changed files were read.
    var presets: [Preset]?
    /// All templates if one of them changed; otherwise nil.
    var templates: [Template]?
    /// The changes of templates, in the order of their names.
    var templateChanges: [DefinitionChange] = []
    /// The part of the changes that the record of the revision keeps. It is made before the transaction that applies them.
    var recordedChanges = DefinitionChanges()
    var diagnostics: [Diagnostic] = []
    /// The number of `.yaml` and `.yml` files of the revision.
    var files: Int
    /// The number of files whose parse result was in the cache.
    var filesKnown: Int
    /// The number of files that were parsed.
    var filesParsed: Int
    /// The number of YAML documents that are not manifests of prewarm.
    var foreignDocuments: Int
    /// The parse results of new blobs that are not in the cache yet.
    var newlyParsed: [(blob: String, bytes: [UInt8])] = []
    /// The commit of the revision; nil in a preview.
    var commit: CommitDescription?
    /// The events to record when the revision is applied.
    var events: [Event] = []
}

/// The stage that checks the references between manifests.
struct Linking: Sendable {
    private let engine: Engine
    private let source: Engine.Source

    init(_ engine: Engine, _ source: Engine.Source) {
        self.engine = engine
        self.source = source
    }

    /// Returns the definition of a revision that is applied next.
    func link(_ manifests: Manifests, of revision: Revision, _ events: [Event]) async throws -> Definition {
        var definition: Definition
        switch manifests {
        case .changed(let changed): definition = Definition(changed, of: revision)
        case .all(let all):
            definition = try await link(all, of: revision)
            definition.commit = try await source.git.commit(of: revision)
        }
        definition.events = events
        definition.describeChanges()
        return definition
    }

    /// Returns the definition of all manifests of a revision. A preset with an error keeps its last valid version.
    func link(_ manifests: AllManifests, of revision: Revision) async throws -> Definition {
        let inputs = manifests.files.compactMap { file in
            manifests.parsed[file.blob].map { (path: file.path, file: $0) }
        }
        try checkSize(of: inputs, manifests.size, at: revision)
        let previous = try await inForce()
        let warnings = try await source.git.warnings(at: revision)
        try refuseNewPaths(among: warnings, previous, at: revision)
        var catalog = Catalog(
            source: source.name, files: inputs, unreadPaths: warnings.map(\.file),
            provisioners: Array(engine.provisioners.keys), secrets: engine.secretNames,
            defaultProvisioner: engine.defaultProvisioner, handoverProvisioners: engine.handoverProvisioners,
            limit: engine.policy.limits.presetsPerSource,
            previous: previous.presets, previousTemplates: previous.templates)
        try await quote(&catalog, manifests.files)
        catalog.diagnostics += warnings
        return Definition(catalog, manifests, of: revision, previous: previous)
    }

    /// Returns the presets and templates of the applied revision, with the last valid version of those with an error.
    private func inForce() async throws -> InForce {
        let source = source.name
        return try await engine.store.read {
            InForce(
                presets: try $0.guardRecord(ofSource: source).written($0.presets(source: source)),
                templates: try $0.templates(source: source),
                unreadable: try $0.unreadablePresets(source: source))
        }
    }

    /// Adds the source lines to errors between files. It reads these files once more.
    private func quote(_ catalog: inout Catalog, _ files: [ManifestFile]) async throws {
        let paths = Set(catalog.unquotedPaths)
        guard !paths.isEmpty else { return }
        let quoted = files.filter { paths.contains($0.path) }
        let contents = try await source.git.allContents(of: quoted, limit: engine.parser.sizeLimit)
        let bytes = Dictionary(zip(quoted.map(\.path), contents)) { first, _ in first }
        catalog.quote { bytes[$0] ?? nil }
    }

    /// Throws if the revision has too many manifests: all manifests of a source are in memory while they are linked.
    private func checkSize(
        of inputs: [(path: String, file: ParsedFile)], _ size: Int, at revision: Revision
    ) throws(GitFailure) {
        let count = inputs.count { $0.file.isOurs }
        guard count <= ManifestFile.mostInSource else {
            throw GitFailure(
                .tooLarge,
                "cannot load \(revision.short): it has \(count) files with manifests, and the limit for a source is "
                    + "\(ManifestFile.mostInSource)",
                hint: "put more presets into one file, or split the source into several, each with its own `path`")
        }
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

extension Definition {
    /// Only changed files were read: there were no diagnostics before, and there are no new ones.
    fileprivate init(_ changed: ChangedManifests, of revision: Revision) {
        self.revision = revision
        changes = changed.change.presets
        files = changed.files
        filesKnown = changed.filesKnown
        filesParsed = changed.newlyParsed.count
        foreignDocuments = changed.foreignDocuments
        newlyParsed = changed.newlyParsed
        commit = changed.commit
    }

    fileprivate init(_ catalog: Catalog, _ manifests: AllManifests, of revision: Revision, previous: InForce) {
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
        self.revision = revision
        self.presets = presets
        templates = catalog.templates == previous.templates ? nil : catalog.templates
        templateChanges = DefinitionChange.of(previous.templates, catalog.templates)
        diagnostics = catalog.diagnostics
        files = manifests.files.count
        filesKnown = manifests.filesKnown
        filesParsed = manifests.filesParsed
        foreignDocuments = catalog.foreignDocuments
    }
}

extension Definition {
    /// Fills ``recordedChanges``.
    fileprivate mutating func describeChanges() {
        for change in templateChanges { recordedChanges.add(change) }
        for change in changes { recordedChanges.add(from: change.before, to: change.now) }
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
