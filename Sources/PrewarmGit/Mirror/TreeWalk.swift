internal import CLibGit2
import Glibc
import PrewarmCore
import PrewarmEngine

/// Collects the manifests of a tree. git keeps the entries of trees in the order of their bytes, with folders as if
/// they ended in a slash: a walk in that order gives the paths in theirs.
struct TreeWalk: ~Copyable {
    enum Outcome {
        case found([ManifestFile], warnings: [Diagnostic])
        case pathNotFound(String, Missing)
        case tooLarge(String)
    }

    enum Missing {
        case absent, link, module
    }

    /// The number of files that are listed, whoever's they are, and the bytes of their paths.
    static let largestCount = 200_000
    private static let mostPathBytes = 32 << 20
    /// A few kilobytes of git objects can stand for billions of entries, which repeat.
    private static let mostEntries = 1_000_000
    private static let deepest = 128
    private static let mostWarnings = 50

    private let paths: ManifestPaths
    private var files: [ManifestFile] = []
    private var warnings: [Diagnostic] = []
    /// The number of links, submodules and files with a name in upper case.
    private var unread = 0
    private var entries = 0
    private var pathBytes = 0
    private var path: [UInt8] = []

    private init(_ paths: ManifestPaths) {
        self.paths = paths
    }

    static func manifests(
        at paths: ManifestPaths, of commit: git_oid, in repository: borrowing Repository
    ) throws(LibGit2Error) -> Outcome {
        let commit = try Commit(commit, in: repository)
        let tree = try Tree(of: commit, in: repository)
        var walk = TreeWalk(paths)
        var missing: [String] = []
        for root in paths.roots {
            switch try walk.enter(root, tree, repository) {
            case .pathNotFound(let path, .absent): missing.append(path)
            case let end?: return end
            case nil: break
            }
        }
        // git keeps no empty folder: of several, one may have lost its last file.
        if missing.count == paths.roots.count, let first = missing.first { return .pathNotFound(first, .absent) }
        walk.warnings += missing.map { .missingPath($0) }
        if walk.unread > Self.mostWarnings {
            walk.warnings.append(
                Diagnostic(
                    .warning, "\(walk.unread - Self.mostWarnings) more links, submodules and files are not read"))
        }
        return .found(walk.files, warnings: walk.warnings)
    }

    /// Returns what ends the walk.
    private mutating func enter(
        _ root: [UInt8], _ tree: borrowing Tree, _ repository: borrowing Repository
    ) throws(LibGit2Error) -> Outcome? {
        path = root
        if root.isEmpty { return try visit(tree, repository, depth: 0).map { .tooLarge($0) } }
        let text = String(repositoryPath: root)
        var entry: OpaquePointer?
        let code = git_tree_entry_bypath(&entry, tree.pointer, String(decoding: root, as: UTF8.self))
        if code == GIT_ENOTFOUND.rawValue { return .pathNotFound(text, .absent) }
        try check(code)
        defer { git_tree_entry_free(entry) }
        guard let id = git_tree_entry_id(entry)?.pointee else { return .pathNotFound(text, .absent) }
        switch git_tree_entry_filemode(entry) {
        case GIT_FILEMODE_TREE:
            path.append(UInt8(ascii: "/"))
            return try visit(try Tree(id, in: repository), repository, depth: 0).map { .tooLarge($0) }
        case GIT_FILEMODE_BLOB, GIT_FILEMODE_BLOB_EXECUTABLE:
            files.append(ManifestFile(path: text, blob: hexadecimal(id)))
            return nil
        case GIT_FILEMODE_LINK: return .pathNotFound(text, .link)
        default: return .pathNotFound(text, .module)
        }
    }

    /// Returns what there is too much of.
    private mutating func visit(
        _ tree: borrowing Tree, _ repository: borrowing Repository, depth: Int
    ) throws(LibGit2Error) -> String? {
        guard depth < Self.deepest else { return "folders nested deeper than \(Self.deepest)" }
        let length = path.count
        for index in 0..<git_tree_entrycount(tree.pointer) {
            entries += 1
            guard entries <= Self.mostEntries else { return "more than \(Self.mostEntries) entries" }
            guard let entry = git_tree_entry_byindex(tree.pointer, index), let name = git_tree_entry_name(entry),
                let id = git_tree_entry_id(entry)
            else { continue }
            path.append(contentsOf: UnsafeRawBufferPointer(start: name, count: strlen(name)))
            defer { path.removeLast(path.count - length) }
            switch git_tree_entry_filemode(entry) {
            case GIT_FILEMODE_TREE:
                guard paths.enters(folder: path) else { continue }
                path.append(UInt8(ascii: "/"))
                if let excess = try visit(try Tree(id.pointee, in: repository), repository, depth: depth + 1) {
                    return excess
                }
            case GIT_FILEMODE_BLOB, GIT_FILEMODE_BLOB_EXECUTABLE:
                if paths.ignores(file: path) { note(.upperCase(String(decoding: path, as: UTF8.self))) }
                guard paths.takes(file: path) else { continue }
                guard files.count < Self.largestCount else { return "more than \(Self.largestCount) YAML files" }
                pathBytes += path.count
                guard pathBytes <= Self.mostPathBytes else {
                    return "YAML files whose paths take more than \(Self.mostPathBytes >> 20) MiB"
                }
                files.append(ManifestFile(path: String(repositoryPath: path), blob: hexadecimal(id.pointee)))
            case GIT_FILEMODE_LINK: note(isModule: false)
            case GIT_FILEMODE_COMMIT: note(isModule: true)
            default: continue
            }
        }
        return nil
    }

    /// They lead out of the tree, and are never followed.
    private mutating func note(isModule: Bool) {
        guard paths.concerns(link: path, isModule: isModule) else { return }
        let what = isModule ? "a submodule" : "a symbolic link"
        note(
            Diagnostic(
                .warning, file: String(repositoryPath: path),
                "this is \(what), which is not followed: what it leads to is not read",
                hint: "put the files themselves here, or exclude it in the configuration"))
    }

    private mutating func note(_ warning: Diagnostic) {
        unread += 1
        if unread <= Self.mostWarnings { warnings.append(warning) }
    }
}
