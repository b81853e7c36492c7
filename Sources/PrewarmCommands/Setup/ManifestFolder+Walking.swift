import Foundation
import Glibc
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests
import SystemPackage

/// The search for manifests. Names are compared by their bytes, as git does. So two spellings of one name are two files,
/// and a name may be no UTF-8.
extension ManifestFolder {
    /// A file on disk.
    struct File {
        /// The path in diagnostics. Two files have equal paths only if the bytes of their names are equal.
        let path: String
        fileprivate let location: FilePath

        fileprivate init(_ bytes: [UInt8]) {
            path = String(repositoryPath: bytes)
            location = FilePath(bytes: bytes)
        }

        /// Returns the bytes of the file.
        /// - Throws: ``CommandFailure`` or ``RegularFile/TooLarge``.
        func bytes() throws -> [UInt8] {
            try RegularFile.bytes(location, shownAs: path, limit: ManifestParser.readLimit)
        }

        /// Parses the file. A file that is too large is no error here: the parsed file says so.
        /// - Throws: ``CommandFailure`` if the file cannot be read.
        func parsed() throws -> ParsedFile {
            try ManifestFolder.parse(bytes)
        }
    }

    /// The files below a path, sorted by path.
    struct Found {
        fileprivate(set) var files: [File] = []
        /// Warnings of files that are not read, for example symbolic links and names that end in `.YAML`.
        fileprivate(set) var warnings: [Diagnostic] = []

        private var places: [String: Int]?

        fileprivate init(files: [File] = []) {
            self.files = files
        }

        /// Returns the bytes of the file with this path in diagnostics; nil if no file has it or it cannot be read.
        mutating func bytes(of path: String) -> [UInt8]? {
            let places = places ?? Dictionary(zip(files.map(\.path), files.indices)) { first, _ in first }
            self.places = places
            return try? places[path].map { files[$0] }?.bytes()
        }
    }

    /// Returns the path itself if it is a file, otherwise all `.yaml` and `.yml` files below it at any depth.
    /// - Throws: ``CommandFailure`` if the path cannot be read or has too many files.
    static func manifestFiles(below path: String) throws -> Found {
        let root = FilePath(path)
        guard let kind = FileKind(root, followsLinks: true) else {
            throw CommandFailure(
                "cannot read \(path): there is no such file or folder", hint: "check the path", code: .invalid)
        }
        guard kind == .folder else { return Found(files: [File(Array(path.utf8))]) }
        var walk = FolderWalk()
        try walk.visit(path == "." ? [] : Array(path.utf8) + (path.hasSuffix("/") ? [] : [FolderWalk.slash]))
        guard walk.found.files.count <= fileLimit else {
            throw CommandFailure(
                "cannot read \(path): it has \(walk.found.files.count) YAML files, and the limit is \(fileLimit)",
                hint: "name a smaller folder", code: .invalid)
        }
        walk.found.files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        walk.found.warnings.sort()
        return walk.found
    }
}

/// The visit of a folder and the folders in it. It does not follow symbolic links.
private struct FolderWalk {
    static let slash = UInt8(ascii: "/")
    /// The rules of a source that reads a whole repository.
    private static let rules = ManifestPaths(roots: [""])

    var found = ManifestFolder.Found()

    /// Adds the files of a folder and of the folders in it.
    /// - Parameter prefix: the path of the folder with a slash at its end; empty for the working directory.
    mutating func visit(_ prefix: [UInt8]) throws {
        let folder = FilePath(bytes: prefix.isEmpty ? [UInt8(ascii: ".")] : prefix)
        guard let names = Self.names(in: folder) else {
            throw CommandFailure(
                "cannot read the folder \(String(repositoryPath: prefix))", hint: "check its permissions",
                code: .invalid)
        }
        for name in names where !name.elementsEqual(".git".utf8) {
            let path = prefix + name
            let isManifest = Self.rules.takes(file: name)
            switch FileKind(FilePath(bytes: path), followsLinks: false) {
            case .folder: try visit(path + [Self.slash])
            case .file where isManifest: found.files.append(ManifestFolder.File(path))
            case .file where Self.rules.ignores(file: name):
                found.warnings.append(.upperCase(String(repositoryPath: path)))
            case .link where isManifest || FileKind(FilePath(bytes: path), followsLinks: true) == .folder:
                found.warnings.append(.symbolicLink(String(repositoryPath: path)))
            case .other where isManifest: found.warnings.append(.noRegularFile(String(repositoryPath: path)))
            case .file, .link, .other, nil: continue
            }
        }
    }

    /// Returns the names in a folder; nil if it cannot be read.
    private static func names(in folder: FilePath) -> [[UInt8]]? {
        guard let stream = folder.withPlatformString({ opendir($0) }) else { return nil }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) { names.append(name) }
        }
        return names
    }
}

/// The kind of a file on disk.
private enum FileKind {
    case file, folder, link, other

    /// Returns nil if there is no such file.
    init?(_ path: FilePath, followsLinks: Bool) {
        var status = stat()
        let code = path.withPlatformString { followsLinks ? stat($0, &status) : lstat($0, &status) }
        guard code == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .folder
        case S_IFLNK: self = .link
        default: self = .other
        }
    }
}

extension FilePath {
    /// Creates a path from bytes, which may be no UTF-8. Bytes after a NUL are ignored.
    fileprivate init(bytes: [UInt8]) { self.init(platformString: bytes.map { CChar(bitPattern: $0) } + [0]) }
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
