internal import CLibGit2
import Glibc

/// What differs between the manifests of two trees. Equal folders are told by their ids and never opened, so that it
/// costs what changed and how deep that lies, however large the repository is.
struct TreeComparison: ~Copyable {
    struct Difference {
        let path: [UInt8]
        /// Nil: the file is new.
        let old: git_oid?
        /// Nil: the file is gone.
        let new: git_oid?
    }

    /// A few kilobytes of git objects can stand for billions of entries.
    private static let mostEntries = 100_000
    private static let deepest = 128

    private let paths: ManifestPaths
    private let limit: Int
    private var differences: [Difference] = []
    private var entries = 0
    private var path: [UInt8] = []

    private init(_ paths: ManifestPaths, limit: Int) {
        self.paths = paths
        self.limit = limit
    }

    /// In the order of the paths; nil where there are more than `limit`, or too much to look at.
    static func differences(
        of old: borrowing Tree, and new: borrowing Tree, paths: ManifestPaths, limit: Int,
        in repository: borrowing Repository
    ) throws(LibGit2Error) -> [Difference]? {
        var comparison = TreeComparison(paths, limit: limit)
        let isWhole = try comparison.compare(old.pointer, new.pointer, repository, depth: 0)
        return isWhole ? comparison.differences : nil
    }

    private struct Entry {
        let name: UnsafeBufferPointer<UInt8>
        let id: git_oid
        let isFolder: Bool
    }

    /// Two trees in the order that git keeps: by bytes, folders as if they ended in a slash. Nil: there is none.
    /// False where it was too much.
    private mutating func compare(
        _ old: OpaquePointer?, _ new: OpaquePointer?, _ repository: borrowing Repository, depth: Int
    ) throws(LibGit2Error) -> Bool {
        guard depth < Self.deepest else { return false }
        let counts = (old: old.map(git_tree_entrycount) ?? 0, new: new.map(git_tree_entrycount) ?? 0)
        entries += counts.old + counts.new
        guard entries <= Self.mostEntries else { return false }
        var (oldIndex, newIndex) = (0, 0)
        while oldIndex < counts.old || newIndex < counts.new {
            let left = oldIndex < counts.old ? git_tree_entry_byindex(old, oldIndex) : nil
            let right = newIndex < counts.new ? git_tree_entry_byindex(new, newIndex) : nil
            let order = Self.order(left, right)
            if order <= 0 { oldIndex += 1 }
            if order >= 0 { newIndex += 1 }
            if order == 0, git_oid_equal(git_tree_entry_id(left), git_tree_entry_id(right)) != 0,
                git_tree_entry_filemode(left) == git_tree_entry_filemode(right)
            {
                continue
            }
            // It is named among the warnings, which only a look at everything gathers.
            if order >= 0, isLink(right) { return false }
            let pair = (old: order <= 0 ? Self.entry(left) : nil, new: order >= 0 ? Self.entry(right) : nil)
            guard try visit(pair.old, pair.new, repository, depth: depth) else { return false }
        }
        return true
    }

    /// A symbolic link or a submodule among the manifests.
    private func isLink(_ entry: OpaquePointer?) -> Bool {
        guard let entry, let name = git_tree_entry_name(entry) else { return false }
        let mode = git_tree_entry_filemode(entry)
        guard mode == GIT_FILEMODE_LINK || mode == GIT_FILEMODE_COMMIT else { return false }
        let full = path + UnsafeRawBufferPointer(start: name, count: strlen(name))
        return paths.concerns(link: full, isModule: mode == GIT_FILEMODE_COMMIT)
    }

    /// Two entries of one name; symbolic links and submodules are none.
    private mutating func visit(
        _ old: Entry?, _ new: Entry?, _ repository: borrowing Repository, depth: Int
    ) throws(LibGit2Error) -> Bool {
        guard let named = new ?? old else { return true }
        let length = path.count
        path.append(contentsOf: named.name)
        defer { path.removeLast(path.count - length) }
        if named.isFolder {
            guard paths.enters(folder: path) else { return true }
            path.append(UInt8(ascii: "/"))
            return try compare(old?.id, new?.id, repository, depth: depth + 1)
        }
        // It is named among the warnings, too.
        if new != nil, paths.ignores(file: path) { return false }
        guard paths.takes(file: path) else { return true }
        if let old, let new,
            withUnsafePointer(
                to: old.id,
                { left in
                    withUnsafePointer(to: new.id) { git_oid_equal(left, $0) != 0 }
                })
        {
            return true
        }
        guard differences.count < limit else { return false }
        differences.append(Difference(path: path, old: old?.id, new: new?.id))
        return true
    }

    private mutating func compare(
        _ old: git_oid?, _ new: git_oid?, _ repository: borrowing Repository, depth: Int
    ) throws(LibGit2Error) -> Bool {
        switch (old, new) {
        case (let old?, let new?):
            let left = try Tree(old, in: repository)
            let right = try Tree(new, in: repository)
            return try compare(left.pointer, right.pointer, repository, depth: depth)
        case (let old?, nil):
            let tree = try Tree(old, in: repository)
            return try compare(tree.pointer, nil, repository, depth: depth)
        case (nil, let new?):
            let tree = try Tree(new, in: repository)
            return try compare(nil, tree.pointer, repository, depth: depth)
        case (nil, nil): return true
        }
    }

    /// A file and a folder of one name stand in two places. What is not there comes last.
    private static func order(_ left: OpaquePointer?, _ right: OpaquePointer?) -> Int32 {
        guard let left else { return 1 }
        guard let right else { return -1 }
        // Says 0 for a symbolic link in the place of a file of the same name, too.
        return git_tree_entry_cmp(left, right)
    }

    private static func entry(_ entry: OpaquePointer?) -> Entry? {
        guard let entry, let name = git_tree_entry_name(entry), let id = git_tree_entry_id(entry)?.pointee else {
            return nil
        }
        let mode = git_tree_entry_filemode(entry)
        guard mode == GIT_FILEMODE_TREE || mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE else {
            return nil
        }
        let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name)).assumingMemoryBound(to: UInt8.self)
        return Entry(name: bytes, id: id, isFolder: mode == GIT_FILEMODE_TREE)
    }
}
