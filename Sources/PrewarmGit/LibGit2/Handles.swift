internal import CLibGit2

/// An open bare repository.
///
/// `@unchecked Sendable`: libgit2 lets any thread use a handle, one at a time
/// (https://github.com/libgit2/libgit2/blob/v1.5.1/docs/threading.md). The type cannot be copied, so it has one owner.
struct Repository: ~Copyable, @unchecked Sendable {
    let pointer: OpaquePointer

    /// Opens a repository. Only a job of a mirror's threads may call it.
    init(bare path: String) throws(LibGit2Error) {
        PassQueue.checkIsCurrent()
        var pointer: OpaquePointer?
        try check(git_repository_open_bare(&pointer, path))
        guard let pointer else { throw .last(code: -1) }
        self.pointer = pointer
    }

    deinit { git_repository_free(pointer) }

    /// The configuration of a mirror.
    ///
    /// `deltaCacheSize` makes libgit2 pack objects of 4 MiB or more without searching for deltas, because it uses this
    /// key as the size limit of objects (packbuilder_config in pack-objects.c, 1.5 to 1.9). For files of many
    /// megabytes, the search takes minutes and cannot be interrupted.
    private static let configuration = """
        [core]
        \trepositoryformatversion = 0
        \tbare = true
        [pack]
        \tdeltaCacheSize = 4194304

        """

    /// Creates an empty bare repository. Only a job of a mirror's threads may call it.
    static func make(at path: String) throws(LibGit2Error) {
        PassQueue.checkIsCurrent()
        var options = git_repository_init_options()
        try check(git_repository_init_options_init(&options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION)))
        options.flags =
            GIT_REPOSITORY_INIT_BARE.rawValue | GIT_REPOSITORY_INIT_MKPATH.rawValue
            | GIT_REPOSITORY_INIT_NO_REINIT.rawValue
        var pointer: OpaquePointer?
        try check(git_repository_init_ext(&pointer, path, &options))
        git_repository_free(pointer)
        guard replaceFile(path + "/config", configuration) else {
            throw LibGit2Error(code: -1, category: 0, message: "cannot write \(path)/config")
        }
    }

    /// Returns the type of an object without reading it, or nil if the object does not exist.
    func type(of id: git_oid) throws(LibGit2Error) -> git_object_t? { try header(of: id)?.type }

    /// Throws if an object is larger than the limit in bytes, without unpacking it. A missing object passes.
    func checkSize(of id: git_oid, limit: Int) throws(LibGit2Error) {
        guard let header = try header(of: id), header.size > limit else { return }
        throw LibGit2Error(code: -1, category: 0, message: "an object is too large", isTooLarge: true)
    }

    private func header(of id: git_oid) throws(LibGit2Error) -> (type: git_object_t, size: Int)? {
        try withDatabase { database throws(LibGit2Error) in
            var id = id
            var size = 0
            var type = GIT_OBJECT_INVALID
            let code = git_odb_read_header(&size, &type, database, &id)
            if code == GIT_ENOTFOUND.rawValue { return nil }
            try check(code)
            return (type, size)
        }
    }

    /// Returns true if each reference points at an existing object.
    ///
    /// libgit2 skips packs that it cannot read. A fetch into such a repository brings nothing, because the references
    /// claim that the objects are present.
    func hasAllTips() throws(LibGit2Error) -> Bool {
        var iterator: OpaquePointer?
        try check(git_reference_iterator_new(&iterator, pointer))
        defer { git_reference_iterator_free(iterator) }
        while true {
            var reference: OpaquePointer?
            let code = git_reference_next(&reference, iterator)
            if code == GIT_ITEROVER.rawValue { return true }
            try check(code)
            defer { git_reference_free(reference) }
            guard let target = git_reference_target(reference)?.pointee else { continue }
            if try type(of: target) == nil { return false }
        }
    }

    /// Calls `body` with the object database, and frees it afterwards.
    func withDatabase<Value>(
        _ body: (OpaquePointer) throws(LibGit2Error) -> Value
    ) throws(LibGit2Error) -> Value {
        var database: OpaquePointer?
        try check(git_repository_odb(&database, pointer))
        guard let database else { throw .last(code: -1) }
        defer { git_odb_free(database) }
        return try body(database)
    }
}

/// A commit that was read from a repository.
struct Commit: ~Copyable {
    let pointer: OpaquePointer

    /// - Throws: if the commit does not exist, or is larger than 16 MiB.
    init(_ id: git_oid, in repository: borrowing Repository) throws(LibGit2Error) {
        try repository.checkSize(of: id, limit: Self.largest)
        var id = id
        var pointer: OpaquePointer?
        try check(git_commit_lookup(&pointer, repository.pointer, &id))
        guard let pointer else { throw .last(code: -1) }
        self.pointer = pointer
    }

    deinit { git_commit_free(pointer) }

    /// The maximum size, in bytes.
    private static let largest = 16 << 20

    /// The name of the author, shortened and without control characters; empty if the commit has none.
    var author: String { git_commit_author(pointer).flatMap(\.pointee.name).map { String(beginningOf: $0) } ?? "" }
}

/// A tree that was read from a repository: the entries of one folder.
struct Tree: ~Copyable {
    let pointer: OpaquePointer

    /// Reads the root tree of a commit.
    init(of commit: borrowing Commit, in repository: borrowing Repository) throws(LibGit2Error) {
        guard let id = git_commit_tree_id(commit.pointer)?.pointee else { throw .last(code: -1) }
        try self.init(id, in: repository)
    }

    /// - Throws: if the tree does not exist, or is larger than 64 MiB.
    init(_ id: git_oid, in repository: borrowing Repository) throws(LibGit2Error) {
        try repository.checkSize(of: id, limit: Self.largest)
        var id = id
        var pointer: OpaquePointer?
        try check(git_tree_lookup(&pointer, repository.pointer, &id))
        guard let pointer else { throw .last(code: -1) }
        self.pointer = pointer
    }

    deinit { git_tree_free(pointer) }

    /// The maximum size, in bytes. About a million entries fit.
    private static let largest = 64 << 20
}

/// A reference that a remote lists.
struct AdvertisedRef: Sendable {
    let name: String
    /// 40 lower-case hexadecimal digits.
    let id: String
    /// The reference that a symbolic reference points at, for example HEAD at `refs/heads/main`; nil for others.
    let target: String?
}

/// Returns the object id of 40 hexadecimal digits, or nil if the text is different.
func objectID(_ hexadecimal: String) -> git_oid? {
    var id = git_oid()
    guard hexadecimal.utf8.count == 40, git_oid_fromstr(&id, hexadecimal) == 0 else { return nil }
    return id
}

/// Returns the object id of 40 hexadecimal digits.
/// - Throws: if the text is different.
func identifier(_ hexadecimal: String) throws(LibGit2Error) -> git_oid {
    guard let id = objectID(hexadecimal) else {
        throw LibGit2Error(code: -1, category: 0, message: "invalid object id: \(hexadecimal)")
    }
    return id
}

/// Returns the 40 hexadecimal digits of an object id.
func hexadecimal(_ id: git_oid) -> String {
    withUnsafePointer(to: id) { id in
        String(unsafeUninitializedCapacity: 40) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { _ = git_oid_fmt($0.baseAddress, id) }
            return 40
        }
    }
}
