import PrewarmCore
import PrewarmEngine
import PrewarmManifests

/// Checks without a store: files and folders, or the configuration and what its sources hold now.
struct Validator {
    private let global: GlobalOptions

    init(_ global: GlobalOptions) {
        self.global = global
    }

    /// Several paths are checked as one source; a configuration among the files as what it is.
    func check(_ paths: [String]) throws -> Findings {
        var findings = Findings()
        var files: [(path: String, file: ParsedFile)] = []
        var configuration: Configuration?
        let found = try paths.map(ManifestFolder.manifestFiles)
        findings.diagnostics = found.flatMap(\.warnings)
        for path in found.flatMap(\.files) {
            let bytes = try ManifestFolder.bytes(path)
            findings.files += 1
            let text = String(decoding: bytes.prefix(4096), as: UTF8.self)
            if text.split(separator: "\n").contains("kind: Config") {
                let result = ConfigurationFile.parse(bytes, path: path)
                findings.diagnostics += result.diagnostics
                configuration = result.configuration
            } else {
                files.append((path, ManifestParser.parse(bytes)))
            }
        }
        if configuration == nil { configuration = try ConfigurationFile.loadIfPresent(global) }
        files.sort { $0.path < $1.path }
        var catalog = Self.folder(configuration).link(files)
        catalog.quote { try? ManifestFolder.bytes($0) }
        findings.add(catalog)
        return findings
    }

    static func folder(_ configuration: Configuration?) -> ManifestFolder {
        ManifestFolder(
            provisioners: configuration?.provisioners.map(\.name.value), secrets: configuration?.secretNames,
            defaultProvisioner: configuration.map(\.defaultProvisioner) ?? "default")
    }

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
        for (source, configured) in zip(sources, configuration.sources) {
            do {
                let revision = try await source.git.head()
                try await source.git.fetch(revision)
                do {
                    try await source.git.verify(revision, since: nil)
                } catch {
                    findings.add(error, of: configured, in: file)
                }
                let files = try await source.git.manifests(at: revision)
                let contents = try await source.git.allContents(of: files, limit: ManifestParser.sizeLimit)
                let parsed = zip(files, contents).map { file, bytes in
                    (
                        path: file.path,
                        file: bytes.map(ManifestParser.parse) ?? .tooLarge(limit: ManifestParser.sizeLimit)
                    )
                }
                findings.files += files.count
                findings.diagnostics += try await source.git.warnings(at: revision)
                var catalog = Self.folder(configuration).link(parsed)
                let bytes = Dictionary(zip(files.map(\.path), contents)) { first, _ in first }
                catalog.quote { bytes[$0] ?? nil }
                findings.add(catalog)
            } catch {
                findings.add(error, of: configured, in: file)
            }
        }
        return findings
    }
}

extension Findings {
    fileprivate mutating func add(_ failure: GitFailure, of source: Configuration.Source, in file: ConfigurationFile) {
        let (name, position) = (source.name.value, source.name.position)
        diagnostics.append(
            Diagnostic(file: file.path, at: position, "the source \(name): \(failure.message)", hint: failure.hint))
    }

    fileprivate mutating func add(_ catalog: Catalog) {
        presets += catalog.presets.count
        templates += catalog.templates.count
        foreignDocuments += catalog.foreignDocuments
        diagnostics += catalog.diagnostics
    }
}
