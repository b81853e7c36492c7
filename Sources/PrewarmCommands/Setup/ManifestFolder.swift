import Foundation
import PrewarmCore
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

    static let source = "local"
    static let fileLimit = 10_000

    func load(_ path: String) throws -> Loaded {
        let files = try Self.manifestFiles(below: path).map { path in
            (path: path, file: ManifestParser.parse(try Self.bytes(path)))
        }
        var catalog = link(files)
        catalog.quote { try? Self.bytes($0) }
        return Loaded(files: files.count, catalog: catalog)
    }

    func link(_ files: [(path: String, file: ParsedFile)]) -> Catalog {
        Catalog(
            source: Self.source, files: files, provisioners: provisioners, secrets: secrets,
            defaultProvisioner: defaultProvisioner,
            previous: [], previousTemplates: [])
    }

    /// The path itself where it is a file; else all `.yaml` and `.yml` files at any depth, in the order of their paths.
    static func manifestFiles(below path: String) throws -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandFailure("there is no file or folder \(path)", hint: "name one that is there")
        }
        guard isFolder.boolValue else { return [path] }
        guard let entries = FileManager.default.enumerator(atPath: path) else {
            throw CommandFailure("the folder \(path) can't be read")
        }
        var names: [String] = []
        for case let name as String in entries {
            if name == ".git" || name.hasPrefix(".git/") {
                entries.skipDescendants()
                continue
            }
            if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { names.append(name) }
        }
        guard names.count <= fileLimit else {
            throw CommandFailure(
                "\(path) has \(names.count) manifest files, more than \(fileLimit), the limit for a source")
        }
        let prefix = path.hasSuffix("/") ? path : path + "/"
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { path == "." ? $0 : prefix + $0 }
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw CommandFailure("the file \(path) can't be read", hint: "check its permissions")
        }
    }
}
