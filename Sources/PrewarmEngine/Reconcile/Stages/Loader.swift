import PrewarmCore

/// The parsed manifests of a revision.
enum Manifests: Sendable {
    case all(AllManifests)
    case changed(ChangedManifests)
}

/// All manifests of a revision.
struct AllManifests: Sendable {
    /// The `.yaml` and `.yml` files, in the order of their paths.
    let files: [ManifestFile]
    /// The parse results by blob.
    let parsed: [String: ParsedFile]
    /// The size of the parse results in bytes.
    let size: Int
    /// The number of files whose parse result was in the cache.
    let filesKnown: Int
    /// The number of files that were parsed.
    let filesParsed: Int
    /// The parse results of new blobs, for the cache.
    let newlyParsed: [(blob: String, bytes: [UInt8])]
}

/// The manifests that differ from those of the applied revision, linked with the others.
struct ChangedManifests: Sendable {
    let change: CatalogChange
    let commit: CommitDescription
    /// The number of `.yaml` and `.yml` files of the revision.
    let files: Int
    /// The number of YAML documents of the revision that are not manifests of prewarm.
    let foreignDocuments: Int
    let filesKnown: Int
    let newlyParsed: [(blob: String, bytes: [UInt8])]
}

/// The stage that reads and parses manifests. Blobs that were parsed before are not read again.
struct Loader: Sendable {
    private let engine: Engine
    private let source: Engine.Source

    init(_ engine: Engine, _ source: Engine.Source) {
        self.engine = engine
        self.source = source
    }

    /// Loads the manifests of a revision: the changed ones if these are enough to know all presets, otherwise all. While it
    /// reads all, it holds the lease of the source, since other processes would read the same repository.
    func load(_ arrival: Arrival, _ start: ReconcileStart, _ lease: StoreLease) async throws -> Manifests {
        if let changes = arrival.step?.changes, let changed = try await changed(changes, start) {
            return .changed(changed)
        }
        try start.check(try await lease.take { [source] in try $0.record(of: source) })
        let all = try await all(at: arrival.revision)
        try await keepParsed(all.newlyParsed, lease)
        return .all(all)
    }

    /// Loads all manifests of a revision that is in the mirror.
    func all(at revision: Revision) async throws -> AllManifests {
        let files = try await source.git.manifests(at: revision)
        let (parserVersion, blobs) = (engine.parser.version, files.map(\.blob))
        let kept = try await engine.store.read { try $0.parsed(blobs: blobs, parserVersion: parserVersion) }
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
            let contents = try await source.git.contents(of: rest, limit: engine.parser.sizeLimit)
            for (file, bytes) in zip(rest, contents) {
                let result = bytes.map(engine.parser.parse) ?? .tooLarge(limit: engine.parser.sizeLimit)
                parsed[file.blob] = result
                if result.isOfBytesAlone { newlyParsed.append((file.blob, result.binary)) }
                // Claims share the threads that this runs on.
                await Task.yield()
            }
            rest = rest.dropFirst(contents.count)
        }
        let size = kept.values.reduce(0) { $0 + $1.count } + newlyParsed.reduce(0) { $0 + $1.bytes.count }
        return AllManifests(
            files: files, parsed: parsed, size: size, filesKnown: kept.count, filesParsed: unknown.count,
            newlyParsed: newlyParsed)
    }

    /// Loads the changed manifests. Returns nil if all files have to be read: in the cases of ``CatalogChange``, and if the
    /// applied revision has an error or a warning.
    private func changed(_ changes: ManifestChanges, _ start: ReconcileStart) async throws -> ChangedManifests? {
        let count = changes.files.reduce(start.record.files) {
            $0 + ($1.new == nil ? 0 : 1) - ($1.old == nil ? 0 : 1)
        }
        let (blobs, version) = (changes.files.flatMap { [$0.old, $0.new].compactMap { $0 } }, engine.parser.version)
        let found = try await engine.store.read { store in
            // Changes that wait are lost together with the record of the guard.
            let isWhole = try store.guardRecord(ofSource: source.name).isLost
            return try isWhole || !store.diagnostics(source: source.name).isEmpty
                ? nil : try store.parsed(blobs: blobs, parserVersion: version)
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
        let change = try await engine.store.read { store in
            try CatalogChange(
                source: source.name, files: linked, provisioners: Array(engine.provisioners.keys),
                secrets: engine.secretNames,
                defaultProvisioner: engine.defaultProvisioner,
                base: StoredBase(
                    source: source.name, held: try store.guardRecord(ofSource: source.name).held, store: store))
        }
        guard let change else { return nil }
        // Pruned presets count here, but not if all manifests are read.
        let (added, limit) = (change.presets.count { $0.before == nil }, engine.policy.limits.presetsPerSource)
        let known = try await engine.store.read { store in try store.presetCount(source: source.name) }
        guard added == 0 || known + added <= limit else { return nil }
        return ChangedManifests(
            change: change, commit: changes.commit, files: count,
            foreignDocuments: start.record.foreignDocuments + change.foreignDocuments,
            filesKnown: changes.files.count { $0.new != nil } - newlyParsed.count,
            newlyParsed: newlyParsed.map { (blob: $0, bytes: $1) })
    }

    private func parsed(_ contents: ManifestChange.Contents) -> ParsedFile {
        switch contents {
        case .bytes(let bytes): engine.parser.parse(bytes)
        case .tooLarge: .tooLarge(limit: engine.parser.sizeLimit)
        }
    }

    /// Saves parse results in small transactions: there may be very many files, and claims wait for each transaction.
    private func keepParsed(_ files: [(blob: String, bytes: [UInt8])], _ lease: StoreLease) async throws {
        let (version, now) = (engine.parser.version, engine.now())
        var (rest, room) = (files[...], Self.mostBytesKept)
        while !rest.isEmpty, room > 0 {
            var size = 0
            let part = Array(
                rest.prefix(500).prefix { file in
                    defer { size += file.bytes.count }
                    return size < 1 << 20
                })
            try await engine.store.write { store in
                try lease.checkShare(in: store)
                try store.saveParsed(part, parserVersion: version, at: now)
            }
            (rest, room) = (rest.dropFirst(part.count), room - size)
        }
    }

    /// The largest number of bytes of parse results that one revision adds to the store. The others are parsed again when
    /// they are needed.
    private static let mostBytesKept = 16 << 20
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
