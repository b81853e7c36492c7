import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmManifests

/// Manifests of a folder or a file on disk. They are read in the same way as those of a repository.
struct ManifestFolder {
    struct Loaded {
        var files = 0
        var catalog: Catalog
    }

    /// The names of the configured provisioners; nil without a configuration, so that any name is valid.
    var provisioners: [String]?
    /// The names of secrets by provisioner; nil without a configuration, so that any name is valid.
    var secrets: [String: Set<String>]?
    var defaultProvisioner: String?
    /// The names of the provisioners that offer `claim`; nil without a configuration, so that any may.
    var handoverProvisioners: Set<String>?
    /// The number of presets that the files may define.
    var limit = Policy.Limits.standardPresetsPerSource

    /// The folder of the only file that is read, for hints; nil if whole folders are read.
    var folderOfPart: String?

    static let source = "local"
    /// The maximum number of YAML files in a folder, including files that are not manifests.
    static let fileLimit = 200_000

    /// Returns the manifests of a file or folder.
    /// - Throws: ``CommandFailure`` if the path cannot be read or has more than ``fileLimit`` YAML files.
    func load(_ path: String) throws -> Loaded {
        var found = try Self.manifestFiles(below: path)
        let files = try found.files.map { file in (path: file.path, file: try file.parsed()) }
        var catalog = link(files)
        catalog.quote { found.bytes(of: $0) }
        catalog.diagnostics += found.warnings
        return Loaded(files: files.count, catalog: catalog)
    }

    /// Returns the presets and templates of parsed files, with references between files resolved.
    /// - Parameter applied: The applied definitions of the source, which an error in a file keeps.
    func link(
        _ files: [(path: String, file: ParsedFile)], applied: Applied = ([], [])
    ) -> Catalog {
        var catalog = Catalog(
            source: Self.source, files: files, folderOfPart: folderOfPart, provisioners: provisioners, secrets: secrets,
            defaultProvisioner: defaultProvisioner, handoverProvisioners: handoverProvisioners, limit: limit,
            previous: applied.presets,
            previousTemplates: applied.templates)
        catalog.diagnostics = (catalog.diagnostics + catalog.notices).sorted()
        return catalog
    }

    /// Returns the presets and templates of parsed files, with the errors that a reconciliation would find.
    /// - Parameter applied: The applied definitions of the source; nil if they are unknown.
    func check(_ files: [(path: String, file: ParsedFile)], applied: Applied?) -> Catalog {
        var catalog = link(files)
        if let applied { catalog.diagnostics = link(files, applied: applied).diagnostics }
        return catalog
    }

    /// The definitions of a source that the store has.
    typealias Applied = (presets: [Preset], templates: [Template])

    /// Parses a manifest. A file that is too large is no error here: the parsed file says so.
    /// - Throws: what `bytes` throws, but not ``RegularFile/TooLarge``.
    static func parse(_ bytes: () throws -> [UInt8]) throws -> ParsedFile {
        do {
            return ManifestParser.parseAll(try bytes())
        } catch is RegularFile.TooLarge {
            return .tooLarge(limit: ManifestParser.readLimit)
        }
    }

    /// Returns the bytes of a manifest or a configuration.
    /// - Throws: ``CommandFailure`` or ``RegularFile/TooLarge``.
    static func bytes(_ path: String) throws -> [UInt8] {
        try RegularFile.bytes(path, limit: ManifestParser.readLimit)
    }
}
