import Foundation
import PrewarmCore
import PrewarmManifests
import SystemPackage

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

    static let source = "local"
    static let fileLimit = 10_000

    func load(_ path: String) throws -> Loaded {
        let found = try Self.manifestFiles(below: path)
        let files = try found.files.map { path in (path: path, file: ManifestParser.parse(try Self.bytes(path))) }
        var catalog = link(files)
        catalog.quote { try? Self.bytes($0) }
        catalog.diagnostics += found.warnings
        return Loaded(files: files.count, catalog: catalog)
    }

    func link(_ files: [(path: String, file: ParsedFile)]) -> Catalog {
        Catalog(
            source: Self.source, files: files, provisioners: provisioners, secrets: secrets,
            defaultProvisioner: defaultProvisioner,
            previous: [], previousTemplates: [])
    }

    /// What is found below a path, in the order of the paths.
    struct Found {
        var files: [String] = []
        /// Symbolic links, which are not followed, as in a repository.
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
            case .typeSymbolicLink, .typeDirectory: continue
            default: if isManifest { found.files.append(prefix + name) }
            }
        }
        guard found.files.count <= fileLimit else {
            throw CommandFailure(
                "\(path) has \(found.files.count) manifest files, more than \(fileLimit), the limit for a source")
        }
        found.files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        found.warnings.sort()
        return found
    }

    private static func leadsToFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly)
            return try file.closeAfter {
                var bytes: [UInt8] = []
                while true {
                    let more = try [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                        count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                    }
                    if more.isEmpty { return bytes }
                    bytes += more
                }
            }
        } catch {
            throw CommandFailure("the file \(path) can't be read", hint: "check its permissions")
        }
    }
}

extension Diagnostic {
    fileprivate static func symbolicLink(_ path: String) -> Diagnostic {
        Diagnostic(
            .warning, file: path, "this is a symbolic link, which is not followed: what it leads to is not read",
            hint: "put the files themselves here")
    }
}
