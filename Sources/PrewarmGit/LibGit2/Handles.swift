internal import CLibGit2

/// A bare repository, open for one pass.
///
/// `@unchecked Sendable`: libgit2 lets any thread use a handle, one at a time
/// (https://github.com/libgit2/libgit2/blob/v1.5.1/docs/threading.md). The type can't be copied, so it has one owner.
struct Repository: ~Copyable, @unchecked Sendable {
    let pointer: OpaquePointer

    /// Only for a job of a mirror's threads.
    init(bare path: String) throws(LibGit2Error) {
        PassQueue.checkIsCurrent()
        var pointer: OpaquePointer?
        try check(git_repository_open_bare(&pointer, path))
        guard let pointer else { throw .last(code: -1) }
        self.pointer = pointer
    }

    deinit { git_repository_free(pointer) }

    /// libgit2 looks for what large files have in common when it packs them, and asks nobody meanwhile whether the time is
    /// over: for files of many megabytes that takes minutes. It takes the size from which on it doesn't from a key that is
    /// meant for something else (packbuilder_config in its pack-objects.c, 1.5 to 1.9).
    private static let configuration = """
        [core]
        \trepositoryformatversion = 0
        \tbare = true
        [pack]
        \tdeltaCacheSize = 4194304

        """

    /// Makes an empty bare repository. Only for a job of a mirror's threads.
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
            throw LibGit2Error(code: -1, category: 0, message: "\(path)/config can't be written")
        }
    }

    /// The object's type, without reading it; nil where it is not there.
    func type(of id: git_oid) throws(LibGit2Error) -> git_object_t? { try header(of: id)?.type }

    /// Throws where the object is larger than the limit in bytes, before it is unpacked. One that is not there has no size.
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

    /// Whether each reference leads to an object. libgit2 passes over packs that it can't read, and a fetch then brings
    /// nothing, as the references say that everything is there.
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

struct Commit: ~Copyable {
    let pointer: OpaquePointer

    init(_ id: git_oid, in repository: borrowing Repository) throws(LibGit2Error) {
        try repository.checkSize(of: id, limit: Self.largest)
        var id = id
        var pointer: OpaquePointer?
        try check(git_commit_lookup(&pointer, repository.pointer, &id))
        guard let pointer else { throw .last(code: -1) }
        self.pointer = pointer
    }

    deinit { git_commit_free(pointer) }

    /// In bytes.
    private static let largest = 16 << 20

    /// As its header has it; empty where it has none.
    var author: String { git_commit_author(pointer).flatMap(\.pointee.name).map { GitMirror.beginning(of: $0) } ?? "" }
}

struct Tree: ~Copyable {
    let pointer: OpaquePointer

    init(of commit: borrowing Commit, in repository: borrowing Repository) throws(LibGit2Error) {
        guard let id = git_commit_tree_id(commit.pointer)?.pointee else { throw .last(code: -1) }
        try self.init(id, in: repository)
    }

    init(_ id: git_oid, in repository: borrowing Repository) throws(LibGit2Error) {
        try repository.checkSize(of: id, limit: Self.largest)
        var id = id
        var pointer: OpaquePointer?
        try check(git_tree_lookup(&pointer, repository.pointer, &id))
        guard let pointer else { throw .last(code: -1) }
        self.pointer = pointer
    }

    deinit { git_tree_free(pointer) }

    /// In bytes: a million entries have room.
    private static let largest = 64 << 20
}

/// A reference that a remote shows.
struct AdvertisedRef: Sendable {
    let name: String
    /// 40 lower-case hexadecimal digits.
    let id: String
    /// What a symbolic one, as HEAD, points at.
    let target: String?
}

func objectID(_ hexadecimal: String) -> git_oid? {
    var id = git_oid()
    guard hexadecimal.utf8.count == 40, git_oid_fromstr(&id, hexadecimal) == 0 else { return nil }
    return id
}

/// - Throws: where it is not of 40 hexadecimal digits.
func identifier(_ hexadecimal: String) throws(LibGit2Error) -> git_oid {
    guard let id = objectID(hexadecimal) else {
        throw LibGit2Error(code: -1, category: 0, message: "\(hexadecimal) is no object of git")
    }
    return id
}

func hexadecimal(_ id: git_oid) -> String {
    withUnsafePointer(to: id) { id in
        String(unsafeUninitializedCapacity: 40) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { _ = git_oid_fmt($0.baseAddress, id) }
            return 40
        }
    }
}
