import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmManifests

/// Manifests of a folder or a file on disk, as they would be read from a repository.
struct ManifestFolder {
    struct Loaded {
        var files = 0
        var catalog: Catalog
    }

    /// The names of the configuration, where there is one; nil: any name will do.
    var provisioners: [String]?
    var secrets: [String: Set<String>]?
    var defaultProvisioner: String?
    /// The number of presets that the files may define.
    var limit = Policy.Limits.standardPresetsPerSource

    static let source = "local"
    /// The number of files, whoever's they are.
    static let fileLimit = 200_000

    func load(_ path: String) throws -> Loaded {
        let found = try Self.manifestFiles(below: path)
        let files = try found.files.map { path in (path: path, file: try Self.parse(path)) }
        var catalog = link(files)
        catalog.quote { try? Self.bytes($0) }
        catalog.diagnostics += found.warnings
        return Loaded(files: files.count, catalog: catalog)
    }

    func link(_ files: [(path: String, file: ParsedFile)]) -> Catalog {
        var catalog = Catalog(
            source: Self.source, files: files, provisioners: provisioners, secrets: secrets,
            defaultProvisioner: defaultProvisioner, limit: limit, previous: [], previousTemplates: [])
        catalog.diagnostics = (catalog.diagnostics + catalog.notices).sorted()
        return catalog
    }

    /// What is found below a path, in the order of the paths.
    struct Found {
        var files: [String] = []
        /// What is not read, as in a repository: symbolic links, and files with a name in upper case.
        var warnings: [Diagnostic] = []
    }

    /// The path itself where it is a file; else all `.yaml` and `.yml` files at any depth.
    static func manifestFiles(below path: String) throws -> Found {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandFailure("there is no file or folder \(path)", hint: "name one that is there")
        }
        guard isFolder.boolValue else { return Found(files: [path]) }
        guard let entries = FileManager.default.enumerator(atPath: path) else {
            throw CommandFailure("the folder \(path) can't be read")
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
                "\(path) has \(found.files.count) YAML files, more than \(fileLimit), the limit for a source")
        }
        found.files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        found.warnings.sort()
        return found
    }

    private static func leadsToFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// Reads a manifest or a configuration.
    static func bytes(_ path: String) throws -> [UInt8] {
        try RegularFile.bytes(path, limit: ManifestParser.readLimit)
    }

    /// Parses a file, however large it is.
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
            .warning, file: path, "this is a pipe, a socket or a device, and is not read", hint: "put a file here")
    }

    fileprivate static func symbolicLink(_ path: String) -> Diagnostic {
        Diagnostic(
            .warning, file: path, "this is a symbolic link, which is not followed: what it leads to is not read",
            hint: "put the files themselves here")
    }
}
