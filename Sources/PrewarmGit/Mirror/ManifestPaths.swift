/// Which files of a repository are manifests of a source, and which folders are worth a look: what a comparison of
/// revisions asks for every entry. Paths are bytes from the root, without slashes at their ends.
struct ManifestPaths {
    private let root: [UInt8]

    /// - Parameter root: a folder or one file; empty for the whole repository.
    init(root: String) {
        self.root = Array(root.utf8)
    }

    /// Something in it may be a manifest.
    func enters(folder path: [UInt8]) -> Bool {
        Self.isInside(path, root) || Self.isInside(root, path)
    }

    /// `.yaml` or `.yml`, in lower case, with something before it; the file that is named itself may be called as it
    /// likes.
    func takes(file path: [UInt8]) -> Bool {
        if path == root { return true }
        guard Self.isInside(path, root) else { return false }
        let name = path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
        return name.count > 5 && name.suffix(5).elementsEqual(".yaml".utf8)
            || name.count > 4 && name.suffix(4).elementsEqual(".yml".utf8)
    }

    private static func isInside(_ path: [UInt8], _ folder: [UInt8]) -> Bool {
        if folder.isEmpty { return true }
        guard path.starts(with: folder) else { return false }
        return path.count == folder.count || path[folder.count] == UInt8(ascii: "/")
    }
}
