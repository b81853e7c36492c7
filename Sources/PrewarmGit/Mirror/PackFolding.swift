internal import CLibGit2
import Glibc

/// Makes one pack of several small ones. Each fetch adds a pack, and every look-up asks all of them, one after another.
enum PackFolding {
    /// Those that are worth it: from the smallest on, as long as the next is no larger than twice those before it. So
    /// each object is copied a few times in all, however many fetches there are, and the large packs are left alone.
    static func foldable(_ packs: [MirrorDirectory.Pack]) -> ArraySlice<MirrorDirectory.Pack> {
        let sorted = packs.sorted { $0.size < $1.size }
        var (count, size) = (0, UInt64(0))
        for pack in sorted where count < 2 || pack.size <= 2 * size {
            count += 1
            size += pack.size
        }
        return sorted.prefix(count)
    }

    /// Writes the new one, and then removes the others. Who has one of them open reads on, or has to look again.
    /// - Parameter packs: paths without `.pack`.
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
            // Without its index nobody looks for it.
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
        // Freed with the database from now on.
        try check(git_odb_add_backend(database, backend, 1))
        try check(
            git_odb_foreach(
                database,
                { id, builder in builder.map { git_packbuilder_insert(OpaquePointer($0), id, nil) } ?? -1 },
                builder.map { UnsafeMutableRawPointer($0) }))
    }
}
