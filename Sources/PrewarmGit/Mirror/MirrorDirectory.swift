import Glibc
import PrewarmEngine

/// Where a mirror lies on disk:
///
///     mirror.lock       held by whoever changes anything
///     repository.git    the mirror; it came here whole, by one rename
///     incoming.git      one in the making; what a killed process left is removed
struct MirrorDirectory: Sendable {
    let path: String

    var repository: String { path + "/repository.git" }
    var incoming: String { path + "/incoming.git" }
    private var discarded: String { path + "/discarded.git" }
    /// For one fetch.
    var view: String { path + "/view.git" }

    /// Whatever it is, if only a link that leads nowhere.
    var exists: Bool {
        var status = stat()
        return lstat(repository, &status) == 0
    }

    /// Waits, on the thread of a mirror, for other processes and other mirrors of this one that fetch.
    func withLock<Value>(
        _ isOver: () -> Bool, _ body: () throws(GitFailure) -> Value
    ) throws(GitFailure) -> Value {
        try makeDirectories()
        let lock = path + "/mirror.lock"
        var descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        // On a local disk it can be locked by who may not write it, too.
        if descriptor < 0, errno == EACCES { descriptor = open(lock, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw problem("can't open", lock) }
        // Closing lets go of the lock, as does the end of the process.
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw problem("can't lock", lock) }
            guard !isOver() else {
                throw GitFailure(.fetchFailed, "another process was still fetching into \(path)", hint: "try again")
            }
            usleep(20_000)
        }
        removeLeftovers()
        return try body()
    }

    /// Puts `incoming` in the place of the mirror. Who has the old one open reads on, or has to open anew.
    func swap() throws(GitFailure) {
        // What another user left there can't be removed, but it can be moved out of the way.
        if exists, rename(repository, discarded) != 0, rename(repository, "\(discarded).\(time(nil))") != 0 {
            throw problem("can't rename", repository)
        }
        guard rename(incoming, repository) == 0 else { throw problem("can't rename", incoming) }
        Self.removeTree(discarded)
    }

    /// Runs the body without the mirror's references; where it fails, they are there again. What they lead to stays. Only
    /// under the lock.
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
        Self.removeTree(aside)
    }

    private var aside: String { repository + "/aside" }
    private var referenceFiles: [(String, String)] {
        [("/refs/prewarm", "/prewarm"), ("/packed-refs", "/packed-refs")]
    }

    /// Also where a process was killed while they were away.
    private func putReferencesBack() {
        for (from, to) in referenceFiles where access(aside + to, F_OK) == 0 {
            Self.removeTree(repository + from)
            unlink(repository + from)
            rename(aside + to, repository + from)
        }
        Self.removeTree(aside)
    }

    func removeIncoming() {
        Self.removeTree(incoming)
    }

    /// Whether it takes several times the room that it took when it was made.
    var isOvergrown: Bool {
        let sizes = packs(in: repository).map(\.size)
        guard
            let fresh = readFile(repository + "/" + Self.sizeFile, limit: 32).flatMap({ bytes in
                UInt64(String(decoding: bytes, as: UTF8.self))
            })
        else { return false }
        return sizes.count > 1 && sizes.reduce(0, +) > fresh * Self.mostGrowth + Self.freeGrowth
    }

    /// Remembers how large `incoming` is, before it becomes the mirror.
    func noteSize() {
        _ = replaceFile(incoming + "/" + Self.sizeFile, "\(packs(in: incoming).reduce(0) { $0 + $1.size })")
    }

    private static let sizeFile = "prewarm-size"
    private static let mostGrowth: UInt64 = 4
    /// In bytes: so much is never worth the trouble.
    private static let freeGrowth: UInt64 = 16 << 20

    struct Pack {
        /// Without `.pack`.
        let path: String
        /// In bytes.
        let size: UInt64
    }

    var packs: [Pack] { packs(in: repository) }

    /// Paths of all that tells whether the mirror has other objects than before, or the same ones elsewhere.
    var filesOfObjects: [String] {
        let folder = Self.packs(of: repository)
        return [repository, folder] + Self.names(in: folder).map { folder + $0 }
    }

    private static func packs(of repository: String) -> String { repository + "/objects/pack/" }

    private func packs(in repository: String) -> [Pack] {
        let folder = Self.packs(of: repository)
        return Self.names(in: folder).filter { $0.hasSuffix(".pack") }.compactMap { name in
            var status = stat()
            guard stat(folder + name, &status) == 0 else { return nil }
            return Pack(path: folder + name.dropLast(5), size: UInt64(max(0, status.st_size)))
        }
    }

    /// What a process that was killed left behind. Only under the lock.
    private func removeLeftovers() {
        Self.removeTree(incoming)
        Self.removeTree(view)
        if exists {
            Self.removeTree(discarded)
        } else {
            // Killed between the two renames: the old one is still good.
            _ = rename(discarded, repository)
        }
        for name in Self.names(in: path) where name.hasPrefix("discarded.git.") {
            Self.removeTree(path + "/" + name)
        }
        for name in Self.names(in: path) where name.hasPrefix("verify.") {
            var status = stat()
            // Another process may be at it just now.
            guard stat(path + "/" + name, &status) == 0, status.st_mtim.tv_sec < time(nil) - 3600 else { continue }
            Self.removeTree(path + "/" + name)
        }
        let packs = Self.packs(of: repository)
        for name in Self.names(in: packs) where name.contains("_git2_") { unlink(packs + name) }
        putReferencesBack()
        removeLocks(repository, depth: 0)
        removeLocks(repository + "/refs", depth: 16)
    }

    private func removeLocks(_ folder: String, depth: Int) {
        for name in Self.names(in: folder) {
            if name.hasSuffix(".lock") {
                unlink(folder + "/" + name)
            } else if depth > 0 {
                removeLocks(folder + "/" + name, depth: depth - 1)
            }
        }
    }

    func makeDirectories() throws(GitFailure) {
        var made = ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
            guard mkdir(made, 0o700) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES || errno == EISDIR
            else { throw problem("can't make", made) }
        }
    }

    private func problem(_ what: String, _ path: String) -> GitFailure {
        let code = errno
        let isForeign = [EACCES, EPERM, ENOTEMPTY].contains(code)
        return GitFailure(
            .fetchFailed, "\(what) \(path): \(String(cString: strerror(code)).lowercased())",
            hint: isForeign ? "it may be another user's: give \(self.path) to the one that prewarm runs as" : nil)
    }

    /// Empty where the folder can't be read.
    private static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            // In its place: it is as long as its name, and behind the last one memory may end.
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Follows no symbolic links. What can't be removed is met again at the next turn.
    static func removeTree(_ path: String) {
        guard unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
        for name in Self.names(in: path) { removeTree(path + "/" + name) }
        rmdir(path)
    }
}
