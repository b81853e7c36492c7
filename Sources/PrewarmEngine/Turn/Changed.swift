import PrewarmCore

/// A revision that was fetched into the mirror and passed the checks of ``Engine/verify(_:of:after:step:)``.
struct Arrival: Sendable {
    /// The events to record when it is applied.
    var events: [Event] = []
    /// The changes of manifests since the applied revision; nil if all manifests have to be read to find them.
    var changes: ManifestChanges?
}

extension Engine {
    /// The largest number of changed files that are read one by one. Reading all manifests is as fast for more.
    private static let fewFiles = 500

    /// Fetches a revision and checks whether it may be applied.
    /// - Throws: ``GitFailure`` if the revision cannot be read or may not be applied.
    func arrive(at target: Revision, of source: Source, after record: SourceRecord) async throws(GitFailure) -> Arrival
    {
        var step: RevisionStep?
        if isIncremental, let applied = record.applied, record.inputs == inputs(of: source) {
            let limit = ChangeLimit(files: Self.fewFiles, bytes: parser.sizeLimit)
            step = try await self.step(from: applied, to: target, of: source, limit: limit)
        } else {
            try await fetch(target, of: source)
        }
        return Arrival(
            events: try await verify(target, of: source, after: record, step: step), changes: step?.changes)
    }

    /// Returns the desired state of a revision by reading only the files that differ. Returns nil if all files have to be
    /// read: in the cases of ``CatalogChange``, and if the applied revision has an error or a warning.
    func desired(
        _ changes: ManifestChanges, since record: SourceRecord, of source: String
    ) async throws -> Desired? {
        let count = changes.files.reduce(record.files) {
            $0 + ($1.new == nil ? 0 : 1) - ($1.old == nil ? 0 : 1)
        }
        let (blobs, version) = (changes.files.flatMap { [$0.old, $0.new].compactMap { $0 } }, parser.version)
        let found = try await store.read { store in
            try store.diagnostics(source: source).isEmpty ? try store.parsed(blobs: blobs, parserVersion: version) : nil
        }
        guard count <= ManifestFile.mostInSource, let kept = found else { return nil }
        var newlyParsed: [String: [UInt8]] = [:]
        var files: [CatalogChange.File] = []
        for change in changes.files {
            let old = change.old.flatMap { blob in kept[blob].flatMap { try? ParsedFile(binary: $0) } }
            if change.old != nil, old == nil { return nil }
            let new =
                change.new.flatMap { blob in kept[blob].flatMap { try? ParsedFile(binary: $0) } }
                ?? change.contents.map(parsed)
            if let blob = change.new, kept[blob] == nil, new?.isOfBytesAlone == true {
                newlyParsed[blob] = new?.binary
            }
            files.append(CatalogChange.File(path: change.path, old: old, new: new))
        }
        let linked = files
        let change = try await store.read { store in
            try CatalogChange(
                source: source, files: linked, provisioners: Array(provisioners.keys), secrets: secretNames,
                defaultProvisioner: defaultProvisioner,
                base: StoredBase(source: source, held: try store.guardRecord(ofSource: source).held, store: store))
        }
        guard let change else { return nil }
        // Pruned presets count here, but not if all manifests are read.
        let (added, limit) = (change.presets.count { $0.before == nil }, policy.limits.presetsPerSource)
        let known = try await store.read { store in try store.presetCount(source: source) }
        guard added == 0 || known + added <= limit else { return nil }
        return Desired(
            changes: change.presets, files: count,
            filesKnown: changes.files.count { $0.new != nil } - newlyParsed.count, filesParsed: newlyParsed.count,
            foreignDocuments: record.foreignDocuments + change.foreignDocuments,
            newlyParsed: newlyParsed.map { (blob: $0, bytes: $1) }, commit: changes.commit)
    }

    private func parsed(_ contents: ManifestChange.Contents) -> ParsedFile {
        switch contents {
        case .bytes(let bytes): parser.parse(bytes)
        case .tooLarge: .tooLarge(limit: parser.sizeLimit)
        }
    }
}

/// The presets and templates of the applied revision of a source, read from the store.
private struct StoredBase: CatalogBase {
    let source: String
    /// The changes of the revision that wait for an approval.
    let held: [String: GuardRecord.Held]
    let store: any StoreReader

    func presets(_ names: Set<String>) throws -> [String: Preset]? {
        let found = try store.presets(names.map { PresetKey(source: source, name: $0) })
        return found.map { presets in
            Dictionary(presets.map { ($0.key.name, held[$0.key.name]?.proposal ?? $0) }) { first, _ in first }
        }
    }

    func template(_ name: String) throws -> Template? { try store.template(name, source: source) }

    func isReplacement(_ name: String) throws -> Bool {
        try held.values.contains { $0.proposal.replacement == name }
            || store.isReplacement(PresetKey(source: source, name: name))
    }
}
