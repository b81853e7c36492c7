internal import CLibGit2
import Glibc
import PrewarmCore
import PrewarmEngine

/// A walk that collects the manifests of a tree, in the order of their paths. git sorts the entries of a tree by the
/// bytes of their names, as if the names of folders ended in a slash, so that a walk in this order is sorted by path.
struct TreeWalk: ~Copyable {
    /// The result of a walk.
    enum Outcome {
        case found([ManifestFile], warnings: [Diagnostic])
        /// A configured path is not a file or folder.
        case pathNotFound(String, Missing)
        /// A limit was exceeded. The text says by what: `more than 200000 YAML files`.
        case tooLarge(String)
    }

    /// The reason why a configured path cannot be read.
    enum Missing {
        case absent, link, module
    }

    /// The number of YAML files at most, including files that are not prewarm's.
    static let largestCount = 200_000
    /// The sum of the lengths of their paths at most, in bytes.
    private static let mostPathBytes = 32 << 20
    /// The number of entries at most. A few kilobytes of git objects can represent billions of entries.
    private static let mostEntries = 1_000_000
    /// The number of nested folders at most.
    private static let deepest = 128
    /// The number of warnings that are listed one by one.
    private static let mostWarnings = 50

    private let paths: ManifestPaths
    private var files: [ManifestFile] = []
    private var warnings: [Diagnostic] = []
    /// The number of links, submodules and files with an extension in upper case.
    private var unread = 0
    private var entries = 0
    private var pathBytes = 0
    private var path: [UInt8] = []

    private init(_ paths: ManifestPaths) {
        self.paths = paths
    }

    /// Returns the manifests of a commit, and warnings about entries that look like manifests but are not read.
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
        // git does not store empty folders. If only some of several paths are missing, they may have lost their last
        // file.
        if missing.count == paths.roots.count, let first = missing.first { return .pathNotFound(first, .absent) }
        walk.warnings += missing.map { .missingPath($0) }
        if walk.unread > Self.mostWarnings {
            walk.warnings.append(
                Diagnostic(
                    .warning,
                    "\(walk.unread - Self.mostWarnings) more symbolic links, submodules and files are not read"))
        }
        return .found(walk.files, warnings: walk.warnings)
    }

    /// Walks through a configured path. Returns the outcome if the walk has to end, otherwise nil.
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

    /// Walks through a tree. Returns a text that says which limit was exceeded, otherwise nil.
    private mutating func visit(
        _ tree: borrowing Tree, _ repository: borrowing Repository, depth: Int
    ) throws(LibGit2Error) -> String? {
        guard depth < Self.deepest else { return "folders that are nested more than \(Self.deepest) levels deep" }
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

    /// Adds a warning about a symbolic link or a submodule. They lead out of the tree, so they are never followed.
    private mutating func note(isModule: Bool) {
        guard paths.concerns(link: path, isModule: isModule) else { return }
        let what = isModule ? "a submodule" : "a symbolic link"
        note(
            Diagnostic(
                .warning, file: String(repositoryPath: path),
                "this is \(what), which prewarm does not follow: the files behind it are not read",
                hint: "replace it with the files, or add it to `exclude` of the source"))
    }

    private mutating func note(_ warning: Diagnostic) {
        unread += 1
        if unread <= Self.mostWarnings { warnings.append(warning) }
    }
}
