package import PrewarmCore

/// The rules for which files of a repository are manifests: files below the configured paths whose names end in `.yaml`
/// or `.yml` and that pass the patterns.
package struct ManifestPaths: Sendable {
    /// The folders and files to read, without slashes at their ends, in the order of their bytes. None is inside
    /// another. An empty root is the whole repository.
    let roots: [[UInt8]]
    private let include: [PathPattern]
    private let exclude: [PathPattern]

    package init(roots: [String], include: [PathPattern] = [], exclude: [PathPattern] = []) {
        let sorted = Set(roots.map { Array($0.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
        self.roots = sorted.filter { root in
            !sorted.contains { $0 != root && Self.isInside(root[...], $0) }
        }
        self.include = include
        self.exclude = exclude
    }

    /// Returns true if the folder may contain manifests.
    func enters(folder path: [UInt8]) -> Bool {
        roots.contains { root in
            if Self.isInside(root[...], path) { return true }
            guard Self.isInside(path[...], root) else { return false }
            if exclude.isEmpty { return true }
            let own = Self.relative(path, to: root)
            return !exclude.contains { $0.fits(own, isFolder: true) }
        }
    }

    /// Returns true if the file is a manifest. A file that is itself a root may have any name.
    package func takes(file path: [UInt8]) -> Bool {
        roots.contains { root in
            if path == root { return true }
            guard Self.isManifestName(path), Self.isInside(path[...], root) else { return false }
            if include.isEmpty, exclude.isEmpty { return true }
            return passes(Self.relative(path, to: root), isFolder: false)
        }
    }

    /// Returns true if the file is not a manifest, but would be one with its extension in lower case.
    package func ignores(file path: [UInt8]) -> Bool {
        guard let dot = path.lastIndex(of: UInt8(ascii: ".")), path.count - dot <= 5,
            path[dot...].contains(where: { (65...90).contains($0) })
        else { return false }
        let ending = path[dot...].map { (65...90).contains($0) ? $0 + 32 : $0 }
        return !takes(file: path) && takes(file: path[..<dot] + ending)
    }

    /// Returns true if a symbolic link or a submodule at the path could be a manifest or a folder with manifests.
    func concerns(link path: [UInt8], isModule: Bool) -> Bool {
        let name = path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
        let mayBeFolder = isModule || !name.dropFirst().contains(UInt8(ascii: "."))
        guard mayBeFolder || Self.isManifestName(path) else { return false }
        return roots.contains { root in
            guard path != root, Self.isInside(path[...], root) else { return false }
            let own = Self.relative(path, to: root)
            return mayBeFolder ? !exclude.contains { $0.fits(own, isFolder: true) } : passes(own, isFolder: false)
        }
    }

    private func passes(_ own: [UInt8], isFolder: Bool) -> Bool {
        (include.isEmpty || include.contains { $0.fits(own, isFolder: isFolder) })
            && !exclude.contains { $0.fits(own, isFolder: isFolder) }
    }

    /// Returns true if the name ends in `.yaml` or `.yml`, in lower case, and has at least one character before that.
    private static func isManifestName(_ path: [UInt8]) -> Bool {
        let name = path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
        return name.count > 5 && name.suffix(5).elementsEqual(".yaml".utf8)
            || name.count > 4 && name.suffix(4).elementsEqual(".yml".utf8)
    }

    private static func relative(_ path: [UInt8], to root: [UInt8]) -> [UInt8] {
        root.isEmpty ? path : Array(path.dropFirst(root.count + 1))
    }

    private static func isInside(_ path: ArraySlice<UInt8>, _ folder: [UInt8]) -> Bool {
        if folder.isEmpty { return true }
        guard path.starts(with: folder) else { return false }
        return path.count == folder.count || path[path.startIndex + folder.count] == UInt8(ascii: "/")
    }
}
