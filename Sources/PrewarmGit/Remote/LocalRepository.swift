import Glibc
import PrewarmCore
import PrewarmEngine

/// A repository on this machine's disk, of which most questions for a branch need no more than a small file to be read:
/// `refs/heads/main`, or a line of `packed-refs` (gitrepository-layout(5)). libgit2 would list all there is.
struct LocalRepository {
    /// The git directory.
    private let path: String
    /// As it was given.
    private let shown: String

    /// Nil where it isn't plain which folder is meant.
    /// - Parameter path: of the git directory, or of a work tree that has it as `.git`.
    init?(_ path: String) {
        shown = path
        let inner = path + "/.git"
        switch (Self.isGitDirectory(path), access(inner, F_OK) == 0) {
        case (true, false): self.path = path
        case (false, true) where Self.isGitDirectory(inner): self.path = inner
        default: return nil
        }
    }

    /// What a branch or HEAD points at; nil for what libgit2 has to find out, or to say what is wrong with it.
    /// - Throws: where libgit2 would wait for ever, as for the writer of a pipe.
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

    /// Why nothing can be fetched from it, where that shows.
    var incapacity: GitFailure? {
        if access("\(path)/shallow", F_OK) == 0 {
            return GitFailure(
                .refused, "\(shown) is a shallow clone, which lacks what came before",
                hint: "`git -C \(shown) fetch --unshallow` gets it; in CI, check out with the whole history")
        }
        if isPartial {
            return GitFailure(
                .refused, "\(shown) is a partial clone, which lacks files that nobody has looked at there",
                hint: "clone it anew without --filter, or give the source the URL of the server itself")
        }
        if access("\(path)/reftable", F_OK) == 0 {
            return GitFailure(
                .refused, "\(shown) keeps its references as reftable, which the libgit2 here can't read",
                hint: "`git -C \(shown) refs migrate --ref-format=files` keeps them as files")
        }
        return nil
    }

    /// Objects that are missing are promised by a remote (gitrepository-layout(5), partial clones).
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
        throw GitFailure(.fetchFailed, "\(path)/\(name) is no file", hint: "git keeps a reference there: remove it")
    }

    /// Makes a repository that has the objects of this one and a branch of it, and nothing else: libgit2 can't list one of
    /// which any reference leads to nothing.
    /// - Returns: false where the revision is not that of a branch as it is now.
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

    /// In lines of a commit, a space, and a name.
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

    /// Of a small file, without the end of its line.
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
