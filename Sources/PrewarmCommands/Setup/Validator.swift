import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests

/// The checks of `prewarm validate`: files and folders, or the configuration and the newest commits of its sources.
struct Validator {
    private let global: GlobalOptions

    init(_ global: GlobalOptions) {
        self.global = global
    }

    /// Checks files and folders together, as one source. A configuration file among them is checked as a configuration.
    /// - Throws: ``CommandFailure`` if a path cannot be read.
    func check(_ paths: [String]) throws -> Findings {
        var findings = Findings()
        var files: [(path: String, file: ParsedFile)] = []
        var configuration: Configuration?
        var found = try paths.map(ManifestFolder.manifestFiles)
        findings.diagnostics = found.flatMap(\.warnings)
        for file in found.flatMap(\.files) {
            findings.files += 1
            guard let bytes = try? file.bytes(), ManifestParser.isConfiguration(bytes) else {
                files.append((file.path, try file.parsed()))
                continue
            }
            let result = ConfigurationFile.parse(bytes, path: file.path)
            findings.diagnostics += result.diagnostics
            configuration = result.configuration
        }
        if configuration == nil { configuration = try ConfigurationFile.loadIfPresent(global) }
        files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        var folder = Self.folder(configuration)
        if files.count == 1, paths.contains(files[0].path) {
            let end = files[0].path.lastIndex(of: "/")
            folder.folderOfPart = end.map { $0 == files[0].path.startIndex ? "/" : String(files[0].path[..<$0]) } ?? "."
        }
        var catalog = folder.link(files)
        catalog.quote { path in
            for index in found.indices {
                if let bytes = found[index].bytes(of: path) { return bytes }
            }
            return nil
        }
        findings.add(catalog)
        return findings
    }

    /// Returns a folder of manifests with the names and limits of a configuration.
    static func folder(_ configuration: Configuration?) -> ManifestFolder {
        ManifestFolder(
            provisioners: configuration?.provisioners.map(\.name.value), secrets: configuration?.secretNames,
            defaultProvisioner: configuration.map(\.defaultProvisioner) ?? "default",
            handoverProvisioners: configuration?.handoverProvisioners,
            limit: configuration?.limits.presetsPerSource ?? Policy.Limits.standardPresetsPerSource)
    }

    /// Checks the configuration, and the newest commit of each source. In a working copy whose manifests are not all
    /// committed, it checks the files instead, and says so.
    /// - Throws: ``CommandFailure`` if there is no configuration.
    func configured() async throws -> Findings {
        let file = try ConfigurationFile(global)
        let configuration: Configuration
        switch try file.parse() {
        case .failure(let findings): return findings
        case .success(let good): configuration = good
        }
        var findings = Findings()
        findings.files = 1
        findings.diagnostics = file.check(configuration)
        let sources: [Engine.Source]
        do {
            sources = try Assembly(file, configuration).sources()
        } catch let failure as CommandFailure {
            guard let diagnostic = failure.diagnostic else { throw failure }
            findings.diagnostics.append(diagnostic)
            return findings
        }
        let copies = await WorkingCopies(of: sources)
        for (source, configured) in zip(sources, configuration.sources) {
            if let copy = copies.next(of: source.name, ref: configured.ref) {
                let applied = await applied(source.name, file, configuration)
                try await findings.add(copy, of: source, Self.folder(configuration), applied: applied)
                if let remark = copies.remark(
                    "validate", reads: "the files of \(copy.folder)", of: source.name, readsFiles: true)
                {
                    findings.states.append(remark)
                }
                continue
            }
            do {
                let revision = try await source.git.head()
                try await source.git.fetch(revision)
                do {
                    try await source.git.verify(revision, since: nil)
                } catch {
                    findings.add(error, of: configured, in: file)
                }
                let files = try await source.git.manifests(at: revision)
                let parsed = try await Self.parsed(files, of: source)
                findings.files += files.count
                findings.diagnostics += try await source.git.warnings(at: revision)
                var catalog = Self.folder(configuration).check(
                    parsed, applied: await applied(source.name, file, configuration))
                try await catalog.quote(files, of: source)
                findings.add(catalog)
                let remark = copies.remark("validate", reads: "the commit \(revision.short)", of: source.name)
                findings.states.append(remark ?? "\(source.name) at \(revision.short)")
            } catch {
                findings.add(error, of: configured, in: file)
            }
        }
        return findings
    }

    /// Returns the applied definitions of a source, so that an error is found that concerns only them, for example a
    /// manifest that lost its `apiVersion`. Nil if this machine has no store that can be read.
    private func applied(
        _ source: String, _ file: ConfigurationFile, _ configuration: Configuration
    ) async -> ManifestFolder.Applied? {
        guard let choice = try? Assembly(file, configuration).storeChoice() else { return nil }
        if case .file(let path) = choice, !FileManager.default.isReadableFile(atPath: path) { return nil }
        guard let store = try? CommandStore.open(choice, readsBeside: false, updatesTables: false) else { return nil }
        return try? await store.read { store in
            (try store.presets(source: source), try store.templates(source: source))
        }
    }

    /// Returns the parsed files. Only a few megabytes of file contents are in memory at a time.
    static func parsed(
        _ files: [ManifestFile], of source: Engine.Source
    ) async throws(GitFailure) -> [(path: String, file: ParsedFile)] {
        var parsed: [(path: String, file: ParsedFile)] = []
        while parsed.count < files.count {
            let rest = files[parsed.count...]
            let contents = try await source.git.contents(of: rest, limit: ManifestParser.readLimit)
            parsed += zip(rest, contents).map { file, bytes in
                (file.path, bytes.map(ManifestParser.parseAll) ?? .tooLarge(limit: ManifestParser.readLimit))
            }
        }
        return parsed
    }
}

extension Catalog {
    /// Adds the lines of files that diagnostics refer to.
    fileprivate mutating func quote(_ files: [ManifestFile], of source: Engine.Source) async throws(GitFailure) {
        let paths = Set(unquotedPaths)
        let quoted = files.filter { paths.contains($0.path) }
        let contents = try await source.git.allContents(of: quoted, limit: ManifestParser.sizeLimit)
        let bytes = Dictionary(zip(quoted.map(\.path), contents)) { first, _ in first }
        quote { bytes[$0] ?? nil }
    }
}

extension Findings {
    fileprivate mutating func add(_ failure: GitFailure, of source: Configuration.Source, in file: ConfigurationFile) {
        let (name, position) = (source.name.value, source.name.position)
        diagnostics.append(
            Diagnostic(file: file.path, at: position, "the source \(name): \(failure.message)", hint: failure.hint))
    }

    /// Checks the files of a working copy: those of the checked-out commit, and new ones.
    fileprivate mutating func add(
        _ copy: WorkingCopy, of source: Engine.Source, _ folder: ManifestFolder,
        applied: ManifestFolder.Applied?
    ) async throws {
        var paths = Set(copy.changed)
        // Before the first commit, all manifests are new.
        if let revision = try? await source.git.head(), (try? await source.git.fetch(revision)) != nil,
            let committed = try? await source.git.manifests(at: revision)
        {
            paths.formUnion(committed.map(\.path))
        }
        let places = paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .filter { FileManager.default.fileExists(atPath: "\(copy.folder)/\($0)") }
        files += places.count
        var catalog = folder.check(
            try places.map { place in
                (path: place, file: try ManifestFolder.parse { try ManifestFolder.bytes("\(copy.folder)/\(place)") })
            }, applied: applied)
        catalog.quote { try? ManifestFolder.bytes("\(copy.folder)/\($0)") }
        add(catalog)
    }

    fileprivate mutating func add(_ catalog: Catalog) {
        presets += catalog.presets.count
        templates += catalog.templates.count
        foreignDocuments += catalog.foreignDocuments
        diagnostics += catalog.diagnostics
    }
}
