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
    /// The number of presets that the files may define.
    var limit = Policy.Limits.standardPresetsPerSource

    static let source = "local"
    /// The maximum number of YAML files in a folder, including files that are not manifests.
    static let fileLimit = 200_000

    /// Returns the manifests of a file or folder.
    /// - Throws: ``CommandFailure`` if the path cannot be read or has more than ``fileLimit`` YAML files.
    func load(_ path: String) throws -> Loaded {
        let found = try Self.manifestFiles(below: path)
        let files = try found.files.map { path in (path: path, file: try Self.parse(path)) }
        var catalog = link(files)
        catalog.quote { try? Self.bytes($0) }
        catalog.diagnostics += found.warnings
        return Loaded(files: files.count, catalog: catalog)
    }

    /// Returns the presets and templates of parsed files, with references between files resolved.
    func link(_ files: [(path: String, file: ParsedFile)]) -> Catalog {
        var catalog = Catalog(
            source: Self.source, files: files, provisioners: provisioners, secrets: secrets,
            defaultProvisioner: defaultProvisioner, limit: limit, previous: [], previousTemplates: [])
        catalog.diagnostics = (catalog.diagnostics + catalog.notices).sorted()
        return catalog
    }

    /// The files below a path, sorted by path.
    struct Found {
        var files: [String] = []
        /// Warnings of files that are not read, for example symbolic links and names that end in `.YAML`.
        var warnings: [Diagnostic] = []
    }

    /// Returns the path itself if it is a file, otherwise all `.yaml` and `.yml` files below it at any depth.
    /// - Throws: ``CommandFailure`` if the path cannot be read or has too many files.
    static func manifestFiles(below path: String) throws -> Found {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandFailure("cannot read \(path): there is no such file or folder", hint: "check the path")
        }
        guard isFolder.boolValue else { return Found(files: [path]) }
        guard let entries = FileManager.default.enumerator(atPath: path) else {
            throw CommandFailure("cannot read the folder \(path)", hint: "check its permissions")
        }
        var found = Found()
        let prefix = path == "." ? "" : path.hasSuffix("/") ? path : path + "/"
        for case let name as String in entries {
            if name == ".git" || name.hasPrefix(".git/") {
                entries.skipDescendants()
                continue
            }
            let isManifest = name.hasSuffix(".yaml") || name.hasSuffix(".yml")
            switch entries.fileAttributes?[.type] as? FileAttributeType {
            case .typeSymbolicLink where isManifest || leadsToFolder(prefix + name):
                found.warnings.append(.symbolicLink(prefix + name))
            case .typeRegular where isManifest: found.files.append(prefix + name)
            case .typeRegular where name.lowercased().hasSuffix(".yaml") || name.lowercased().hasSuffix(".yml"):
                found.warnings.append(.upperCase(prefix + name))
            case .typeSymbolicLink, .typeDirectory, .typeRegular: continue
            default: if isManifest { found.warnings.append(.noRegularFile(prefix + name)) }
            }
        }
        guard found.files.count <= fileLimit else {
            throw CommandFailure(
                "cannot read \(path): it has \(found.files.count) YAML files, and the limit is \(fileLimit)",
                hint: "name a smaller folder")
        }
        found.files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        found.warnings.sort()
        return found
    }

    private static func leadsToFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// Returns the bytes of a manifest or a configuration.
    /// - Throws: ``CommandFailure`` or ``RegularFile/TooLarge``.
    static func bytes(_ path: String) throws -> [UInt8] {
        try RegularFile.bytes(path, limit: ManifestParser.readLimit)
    }

    /// Parses a file. A file that is too large is no error here: the parsed file says so.
    /// - Throws: ``CommandFailure`` if the file cannot be read.
    static func parse(_ path: String) throws -> ParsedFile {
        do {
            return ManifestParser.parse(try bytes(path))
        } catch is RegularFile.TooLarge {
            return .tooLarge(limit: ManifestParser.readLimit)
        }
    }
}

extension Diagnostic {
    fileprivate static func noRegularFile(_ path: String) -> Diagnostic {
        Diagnostic(
            .warning, file: path, "this file is not read: it is a pipe, a socket or a device",
            hint: "replace it with a regular file")
    }

    fileprivate static func symbolicLink(_ path: String) -> Diagnostic {
        Diagnostic(
            .warning, file: path, "this symbolic link is not followed: its target is not read",
            hint: "replace the link with the files themselves")
    }
}
