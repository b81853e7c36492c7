import Glibc
import PrewarmEngine

/// The directory of a mirror on disk:
///
///     mirror.lock       locked while the mirror is changed
///     repository.git    the mirror; it is put here complete, by one rename
///     incoming.git      a new mirror that is being created; the rest of a killed process is removed
struct MirrorDirectory: Sendable {
    let path: String

    var repository: String { path + "/repository.git" }
    var incoming: String { path + "/incoming.git" }
    private var discarded: String { path + "/discarded.git" }
    /// The view of a repository on disk. It exists during one fetch.
    var view: String { path + "/view.git" }

    /// True if something exists in the place of the mirror, even a broken link.
    var exists: Bool {
        var status = stat()
        return lstat(repository, &status) == 0
    }

    /// Runs `body` with the lock. It waits for other processes and for other mirrors of this process that have the
    /// lock.
    /// - Throws: `.fetchFailed` if the lock cannot be taken before `isOver` returns true.
    func withLock<Value>(
        _ isOver: () -> Bool, _ body: () throws(GitFailure) -> Value
    ) throws(GitFailure) -> Value {
        try makeDirectories()
        let lock = path + "/mirror.lock"
        var descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        // On a local disk, a file can be locked without the permission to write it.
        if descriptor < 0, errno == EACCES { descriptor = open(lock, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw problem("cannot open", lock) }
        // Closing releases the lock, as does the end of the process.
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw problem("cannot lock", lock) }
            guard !isOver() else {
                throw GitFailure(
                    .fetchFailed, "cannot lock \(path): another process is still fetching into it", hint: "try again")
            }
            usleep(20_000)
        }
        removeLeftovers()
        return try body()
    }

    /// Replaces the mirror with `incoming`. A process that has the old mirror open reads on, or opens the new one.
    func swap() throws(GitFailure) {
        // A mirror of another user cannot be removed, but it can be renamed.
        if exists, rename(repository, discarded) != 0, rename(repository, "\(discarded).\(time(nil))") != 0 {
            throw problem("cannot rename", repository)
        }
        guard rename(incoming, repository) == 0 else { throw problem("cannot rename", incoming) }
        removeTree(discarded)
    }

    /// Runs `body` without the mirror's references, and restores them if it fails. The objects stay. The caller holds
    /// the lock.
    func withoutReferences(_ body: () throws(GitFailure) -> Void) throws(GitFailure) {
        putReferencesBack()
        mkdir(aside, 0o700)
        for (from, to) in referenceFiles { rename(repository + from, aside + to) }
        do throws(GitFailure) {
            try body()
        } catch {
            putReferencesBack()
            throw error
        }
        removeTree(aside)
    }

    private var aside: String { repository + "/aside" }
    private var referenceFiles: [(String, String)] {
        [("/refs/prewarm", "/prewarm"), ("/packed-refs", "/packed-refs")]
    }

    /// Restores the references, also those that a killed process moved away.
    private func putReferencesBack() {
        for (from, to) in referenceFiles where access(aside + to, F_OK) == 0 {
            removeTree(repository + from)
            unlink(repository + from)
            rename(aside + to, repository + from)
        }
        removeTree(aside)
    }

    func removeIncoming() {
        removeTree(incoming)
    }

    /// True if the packs are more than four times as large as when the mirror was created, plus 16 MiB. For example, a
    /// mirror that was created with 10 MiB is overgrown above 56 MiB.
    var isOvergrown: Bool {
        let sizes = packs(in: repository).map(\.size)
        guard
            let fresh = readFile(repository + "/" + Self.sizeFile, limit: 32).flatMap({ bytes in
                UInt64(String(decoding: bytes, as: UTF8.self))
            })
        else { return false }
        return sizes.count > 1 && sizes.reduce(0, +) > fresh * Self.mostGrowth + Self.freeGrowth
    }

    /// Writes the size of `incoming` into it, before it becomes the mirror.
    func noteSize() {
        _ = replaceFile(incoming + "/" + Self.sizeFile, "\(packs(in: incoming).reduce(0) { $0 + $1.size })")
    }

    private static let sizeFile = "prewarm-size"
    private static let mostGrowth: UInt64 = 4
    /// The growth that is always accepted, in bytes.
    private static let freeGrowth: UInt64 = 16 << 20

    /// A pack of the mirror.
    struct Pack {
        /// The path without `.pack`.
        let path: String
        /// The size, in bytes.
        let size: UInt64
    }

    var packs: [Pack] { packs(in: repository) }

    /// The paths whose stamps change when the mirror gets other objects or packs.
    var filesOfObjects: [String] {
        let folder = Self.packs(of: repository)
        return [repository, folder] + entryNames(in: folder).map { folder + $0 }
    }

    private static func packs(of repository: String) -> String { repository + "/objects/pack/" }

    private func packs(in repository: String) -> [Pack] {
        let folder = Self.packs(of: repository)
        return entryNames(in: folder).filter { $0.hasSuffix(".pack") }.compactMap { name in
            var status = stat()
            guard stat(folder + name, &status) == 0 else { return nil }
            return Pack(path: folder + name.dropLast(5), size: UInt64(max(0, status.st_size)))
        }
    }

    /// Removes files of a killed process. The caller holds the lock.
    private func removeLeftovers() {
        removeTree(incoming)
        removeTree(view)
        if exists {
            removeTree(discarded)
        } else {
            // The process was killed between the two renames: restore the old mirror.
            _ = rename(discarded, repository)
        }
        for name in entryNames(in: path) where name.hasPrefix("discarded.git.") {
            removeTree(path + "/" + name)
        }
        for name in entryNames(in: path) where name.hasPrefix("verify.") {
            var status = stat()
            // A newer folder may belong to a process that is verifying now.
            guard stat(path + "/" + name, &status) == 0, status.st_mtim.tv_sec < time(nil) - 3600 else { continue }
            removeTree(path + "/" + name)
        }
        let packs = Self.packs(of: repository)
        for name in entryNames(in: packs) where name.contains("_git2_") { unlink(packs + name) }
        putReferencesBack()
        removeLocks(repository, depth: 0)
        removeLocks(repository + "/refs", depth: 16)
    }

    private func removeLocks(_ folder: String, depth: Int) {
        for name in entryNames(in: folder) {
            if name.hasSuffix(".lock") {
                unlink(folder + "/" + name)
            } else if depth > 0 {
                removeLocks(folder + "/" + name, depth: depth - 1)
            }
        }
    }

    /// Creates the directory and its parents.
    func makeDirectories() throws(GitFailure) {
        var made = ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
            guard mkdir(made, 0o700) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES || errno == EISDIR
            else { throw problem("cannot create", made) }
        }
    }

    private func problem(_ what: String, _ path: String) -> GitFailure {
        let code = errno
        let isForeign = [EACCES, EPERM, ENOTEMPTY].contains(code)
        return GitFailure(
            .fetchFailed, "\(what) \(path): \(String(cString: strerror(code)).lowercased())",
            hint: isForeign ? "make the user that prewarm runs as the owner of \(self.path)" : nil)
    }
}
