internal import CLibGit2
import Glibc

/// Combines small packs into one. Each fetch adds a pack, and a lookup searches all packs one after another.
enum PackFolding {
    /// Returns the packs to combine: beginning with the smallest, each next pack that is at most twice as large as the
    /// sum of the packs before it.
    ///
    /// So each object is copied only a few times, and large packs are left alone. For example, of the sizes 2, 3, 4, 30
    /// and 900, the packs 2, 3 and 4 are combined, because 30 is more than twice 9.
    static func foldable(_ packs: [MirrorDirectory.Pack]) -> ArraySlice<MirrorDirectory.Pack> {
        let sorted = packs.sorted { $0.size < $1.size }
        var (count, size) = (0, UInt64(0))
        for pack in sorted where count < 2 || pack.size <= 2 * size {
            count += 1
            size += pack.size
        }
        return sorted.prefix(count)
    }

    /// Writes the combined pack, and then removes the others. A process that has one of them open reads on, or opens
    /// again.
    /// - Parameters:
    ///   - packs: the paths of the packs without `.pack`.
    ///   - path: the path of the repository.
    static func fold(_ packs: [String], in path: String) throws(LibGit2Error) {
        let repository = try Repository(bare: path)
        var builder: OpaquePointer?
        try check(git_packbuilder_new(&builder, repository.pointer))
        defer { git_packbuilder_free(builder) }
        git_packbuilder_set_threads(builder, 1)
        for pack in packs { try insert(pack, into: builder) }
        let folder = path + "/objects/pack"
        try check(git_packbuilder_write(builder, folder, 0o444, nil, nil))
        let name = git_packbuilder_name(builder).map { String(cString: $0) }
        for pack in packs where pack != "\(folder)/pack-\(name ?? "")" {
            // Remove the index first: without it, the pack is not used.
            unlink(pack + ".idx")
            unlink(pack + ".pack")
        }
    }

    private static func insert(_ pack: String, into builder: OpaquePointer?) throws(LibGit2Error) {
        var database: OpaquePointer?
        try check(git_odb_new(&database))
        defer { git_odb_free(database) }
        var backend: OpaquePointer?
        try check(git_odb_backend_one_pack(&backend, pack + ".idx"))
        // The database frees the backend from now on.
        try check(git_odb_add_backend(database, backend, 1))
        try check(
            git_odb_foreach(
                database,
                { id, builder in builder.map { git_packbuilder_insert(OpaquePointer($0), id, nil) } ?? -1 },
                builder.map { UnsafeMutableRawPointer($0) }))
    }
}
