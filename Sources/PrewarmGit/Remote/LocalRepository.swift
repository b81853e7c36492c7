import Glibc
import PrewarmCore
import PrewarmEngine

/// A repository on this machine's disk.
///
/// Most branches are resolved by reading one small file, `refs/heads/main`, or a line of `packed-refs`
/// (gitrepository-layout(5)). libgit2 would list all references.
struct LocalRepository {
    /// The path of the git directory.
    private let path: String
    /// The path for messages, as the configuration gives it.
    private let shown: String

    /// Returns nil if neither or both of the path and its `.git` may be the git directory.
    /// - Parameter path: the path of the git directory, or of a work tree that contains it as `.git`.
    init?(_ path: String) {
        shown = path
        let inner = path + "/.git"
        switch (Self.isGitDirectory(path), access(inner, F_OK) == 0) {
        case (true, false): self.path = path
        case (false, true) where Self.isGitDirectory(inner): self.path = inner
        default: return nil
        }
    }

    /// Returns the revision of a branch or of HEAD, or nil if libgit2 has to resolve it or to report the error.
    /// - Throws: `.fetchFailed` if libgit2 would wait forever, for example because the reference is a pipe.
    func revision(of ref: GitSettings.Ref) throws(GitFailure) -> Revision? {
        let branch: String
        switch ref {
        case .branch(let name): branch = name.withoutPrefix(Self.branches)
        case .head:
            try checkFile("HEAD")
            let prefix = "ref: \(Self.branches)"
            guard let head = text("HEAD"), head.hasPrefix(prefix) else { return nil }
            branch = head.withoutPrefix(prefix)
        case .tag, .semver, .commit: return nil
        }
        return try tip(of: branch).map { Revision(ref: branch, commit: $0) }
    }

    /// The reason why libgit2 cannot fetch from the repository, or nil if there is no known reason.
    var incapacity: GitFailure? {
        if access("\(path)/shallow", F_OK) == 0 {
            return GitFailure(
                .refused, "cannot fetch from \(shown): it is a shallow clone, which lacks older commits",
                hint: "run `git -C \(shown) fetch --unshallow`. In CI, check out with the whole history")
        }
        if isPartial {
            return GitFailure(
                .refused, "cannot fetch from \(shown): it is a partial clone, which lacks files",
                hint: "clone it again without --filter, or set `url` of the source to the URL of the server")
        }
        if access("\(path)/reftable", F_OK) == 0 {
            return GitFailure(
                .refused, "cannot fetch from \(shown): it uses the reftable format, which libgit2 cannot read",
                hint: "run `git -C \(shown) refs migrate --ref-format=files`")
        }
        return nil
    }

    /// True if the configuration names a promisor remote, from which git would get missing objects.
    private var isPartial: Bool {
        guard let bytes = readFile("\(path)/config", limit: 1 << 20) else { return false }
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        return text.contains("partialclone") || text.contains("promisor")
    }

    private func tip(of branch: String) throws(GitFailure) -> String? {
        let parts = branch.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") }), !branch.utf8.contains(where: { $0 < 0x20 })
        else { return nil }
        let name = Self.branches + branch
        if access("\(path)/\(name)", F_OK) != 0 { return errno == ENOENT ? packed(name) : nil }
        try checkFile(name)
        return text(name).flatMap { Self.isCommit($0.utf8) ? $0 : nil }
    }

    private func checkFile(_ name: String) throws(GitFailure) {
        var status = stat()
        guard stat("\(path)/\(name)", &status) == 0, ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) else {
            return
        }
        throw GitFailure(
            .fetchFailed, "cannot read the reference \(path)/\(name): it is not a file",
            hint: "remove \(path)/\(name), and restore the reference with git")
    }

    /// Creates a repository that shares the objects of this one and has a single branch. It is used because libgit2
    /// cannot list the references of a repository if one of them points at a missing object.
    /// - Returns: false if the revision is not the current tip of a branch, or a file cannot be written.
    func makeView(of revision: Revision, at place: String) throws(GitFailure) -> Bool {
        guard let branch = revision.ref, try tip(of: branch) == revision.commit,
            let objects = realpath(path + "/objects", nil)
        else { return false }
        defer { free(objects) }
        guard (try? Repository.make(at: place)) != nil else { return false }
        let name = Self.branches + branch
        return replaceFile("\(place)/objects/info/alternates", String(cString: objects) + "\n")
            && replaceFile(
                "\(place)/packed-refs", "# pack-refs with: peeled fully-peeled sorted \n\(revision.commit) \(name)\n")
            && replaceFile("\(place)/HEAD", "ref: \(name)\n")
    }

    /// Returns the commit of a reference in `packed-refs`, whose lines are a commit, a space, and a name.
    private func packed(_ name: String) -> String? {
        guard let bytes = readFile(path + "/packed-refs", limit: 1 << 30) else { return nil }
        let wanted = Array(name.utf8)
        return bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return nil }
            var start = 0
            while let found = memchr(base + start, Int32(UInt8(ascii: "\n")), buffer.count - start) {
                let end = UnsafeRawPointer(found) - base
                let (commit, rest) = (buffer[start..<end].prefix(40), buffer[start..<end].dropFirst(41))
                if rest.count == wanted.count, rest.elementsEqual(wanted), Self.isCommit(commit) {
                    return String(decoding: commit, as: UTF8.self)
                }
                start = end + 1
            }
            return nil
        }
    }

    /// Returns the first line of a file of at most 4 KiB, without its end.
    private func text(_ name: String) -> String? {
        guard let bytes = readFile("\(path)/\(name)", limit: 4096) else { return nil }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    private static let branches = "refs/heads/"

    private static func isGitDirectory(_ path: String) -> Bool {
        ["HEAD", "objects", "refs"].allSatisfy { access("\(path)/\($0)", F_OK) == 0 }
    }

    private static func isCommit(_ digits: some Collection<UInt8>) -> Bool {
        digits.count == 40
            && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
