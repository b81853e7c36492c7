internal import CLibGit2
import Glibc
import PrewarmEngine

/// Collects the manifests of a tree. git keeps the entries of trees in the order of their bytes, with folders as if
/// they ended in a slash: a walk in that order gives the paths in theirs.
struct TreeWalk: ~Copyable {
    enum Outcome {
        case found([ManifestFile])
        case pathNotFound
        case tooLarge(String)
    }

    static let largestCount = 10_000
    /// A few kilobytes of git objects can stand for billions of entries, which repeat.
    private static let mostEntries = 1_000_000
    private static let deepest = 128

    private var files: [ManifestFile] = []
    private var entries = 0
    private var path: [UInt8] = []

    private init() {}

    /// `path` is a folder or one file, without slashes at its ends; empty for the root.
    static func manifests(
        at path: String, of commit: git_oid, in repository: borrowing Repository
    ) throws(LibGit2Error) -> Outcome {
        let commit = try Commit(commit, in: repository)
        let root = try Tree(of: commit)
        var walk = TreeWalk()
        if path.isEmpty { return try walk.outcome(root, repository) }
        var entry: OpaquePointer?
        let code = git_tree_entry_bypath(&entry, root.pointer, path)
        if code == GIT_ENOTFOUND.rawValue { return .pathNotFound }
        try check(code)
        defer { git_tree_entry_free(entry) }
        switch git_tree_entry_filemode(entry) {
        case GIT_FILEMODE_TREE:
            walk.path = Array(path.utf8) + [UInt8(ascii: "/")]
            guard let id = git_tree_entry_id(entry)?.pointee else { return .pathNotFound }
            return try walk.outcome(try Tree(id, in: repository), repository)
        case GIT_FILEMODE_BLOB, GIT_FILEMODE_BLOB_EXECUTABLE:
            guard let id = git_tree_entry_id(entry)?.pointee else { return .pathNotFound }
            return .found([ManifestFile(path: path, blob: hexadecimal(id))])
        default: return .pathNotFound
        }
    }

    private mutating func outcome(
        _ tree: borrowing Tree, _ repository: borrowing Repository
    ) throws(LibGit2Error) -> Outcome {
        if let excess = try visit(tree, repository, depth: 0) { return .tooLarge(excess) }
        return .found(files)
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
            let bytes = UnsafeBufferPointer(start: name, count: strlen(name))
            switch git_tree_entry_filemode(entry) {
            case GIT_FILEMODE_TREE:
                path.append(contentsOf: bytes.lazy.map { UInt8(bitPattern: $0) })
                path.append(UInt8(ascii: "/"))
                if let excess = try visit(try Tree(id.pointee, in: repository), repository, depth: depth + 1) {
                    return excess
                }
            case GIT_FILEMODE_BLOB, GIT_FILEMODE_BLOB_EXECUTABLE:
                guard Self.isManifest(bytes) else { continue }
                guard files.count < Self.largestCount else { return "more than \(Self.largestCount) manifest files" }
                path.append(contentsOf: bytes.lazy.map { UInt8(bitPattern: $0) })
                files.append(ManifestFile(path: String(decoding: path, as: UTF8.self), blob: hexadecimal(id.pointee)))
            default: continue  // Symbolic links and submodules lead out of the tree.
            }
            path.removeLast(path.count - length)
        }
        return nil
    }

    /// `.yaml` or `.yml`, in lower case, with something before it.
    private static func isManifest(_ name: UnsafeBufferPointer<CChar>) -> Bool {
        guard let start = name.baseAddress else { return false }
        return name.count > 5 && memcmp(start + name.count - 5, ".yaml", 5) == 0
            || name.count > 4 && memcmp(start + name.count - 4, ".yml", 4) == 0
    }
}
