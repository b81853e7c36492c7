internal import CLibGit2
import Glibc

/// A comparison of the manifests of two trees. Folders with equal ids are not opened, so that the cost depends on the
/// number and the depth of the changes, not on the size of the repository.
struct TreeComparison: ~Copyable {
    /// A manifest that was added, changed or removed.
    struct Difference {
        let path: [UInt8]
        /// The old blob, or nil if the file was added.
        let old: git_oid?
        /// The new blob, or nil if the file was removed.
        let new: git_oid?
    }

    /// The number of entries that are compared at most. A few kilobytes of git objects can represent billions of
    /// entries.
    private static let mostEntries = 100_000
    /// The number of nested folders at most.
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

    /// Returns the differences in the order of their paths, or nil if a full listing is needed: there are more than
    /// `limit` differences or too many entries, or a changed entry causes a warning.
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

    /// Compares two trees, of which one may be missing. Their entries are in git's order: by the bytes of their names,
    /// as if the names of folders ended in a slash. Returns false if a full listing is needed.
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
            // A link causes a warning, and only a full listing collects warnings.
            if order >= 0, isLink(right) { return false }
            let pair = (old: order <= 0 ? Self.entry(left) : nil, new: order >= 0 ? Self.entry(right) : nil)
            guard try visit(pair.old, pair.new, repository, depth: depth) else { return false }
        }
        return true
    }

    /// Returns true if the entry is a symbolic link or a submodule that could be a manifest or a folder with manifests.
    private func isLink(_ entry: OpaquePointer?) -> Bool {
        guard let entry, let name = git_tree_entry_name(entry) else { return false }
        let mode = git_tree_entry_filemode(entry)
        guard mode == GIT_FILEMODE_LINK || mode == GIT_FILEMODE_COMMIT else { return false }
        let full = path + UnsafeRawBufferPointer(start: name, count: strlen(name))
        return paths.concerns(link: full, isModule: mode == GIT_FILEMODE_COMMIT)
    }

    /// Compares two entries with the same name. An entry is nil if it is missing, a symbolic link or a submodule.
    /// Returns false if a full listing is needed.
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
        // The file causes a warning, too.
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

    /// Returns the order of two entries: negative, 0 or positive. A missing entry comes last. A file and a folder with
    /// the same name are not equal.
    private static func order(_ left: OpaquePointer?, _ right: OpaquePointer?) -> Int32 {
        guard let left else { return 1 }
        guard let right else { return -1 }
        // It is also 0 for a symbolic link and a file with the same name.
        return git_tree_entry_cmp(left, right)
    }

    /// Returns the name and id of a file or folder, or nil for other entries.
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
