package import PrewarmCore

/// One configured git repository, kept as a bare mirror beside the store. There is never a work tree.
///
/// No call blocks the thread of its caller. Each call ends soon after its task was canceled, even if the remote does not
/// answer.
package protocol GitSource: Sendable {
    /// Asks the remote for the commit that the configured ref points to. It reads one ref advertisement and fetches nothing.
    func head() async throws(GitFailure) -> Revision

    /// Fetches the commit of `revision` with its trees and blobs into the mirror. Returns at once if it is already there.
    func fetch(_ revision: Revision) async throws(GitFailure)

    /// Resolves a branch, a tag or a (short) commit, for `--rev`.
    func lookUp(_ text: String) async throws(GitFailure) -> Revision

    /// Returns the `.yaml` and `.yml` files under the configured path, in the order of their paths. They need not be
    /// manifests.
    func manifests(at revision: Revision) async throws(GitFailure) -> [ManifestFile]

    /// Returns the contents of the first files, in the given order. It reads only as many files as take some megabytes
    /// together, so that memory does not grow with the repository. A file of more than `limit` bytes gives nil.
    func contents(of files: ArraySlice<ManifestFile>, limit: Int) async throws(GitFailure) -> [[UInt8]?]

    /// Fetches `new` like ``fetch(_:)`` and compares its manifests with those of `old`. The time grows with the changes, not
    /// with the repository.
    func step(from old: Revision, to new: Revision, limit: ChangeLimit) async throws(GitFailure) -> RevisionStep

    /// Returns the author, the time and the subject of the commit.
    func commit(of revision: Revision) async throws(GitFailure) -> CommitDescription

    /// Returns true if `new` is `old` or has it in its history. It fetches `new`; if `old` is not in the mirror then, it is
    /// not part of that history.
    func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool

    /// Fetches `revision`, and throws `VerificationFailed` if the configuration requires a signature that it lacks.
    /// - Parameter applied: The applied revision. If every new commit needs a signature, the new commits are those that are
    ///   not in the history of this one. Nil checks only the newest commit.
    func verify(_ revision: Revision, since applied: Revision?) async throws(GitFailure)

    /// Verifies an applied revision again, since keys may have changed. While they have not, a result counts for some
    /// minutes.
    func verifyAgain(_ revision: Revision) async throws(GitFailure)

    /// Returns true if the ref is in the configured range of versions; false if no range is configured.
    func isOfRange(_ ref: String) -> Bool

    /// Returns warnings about entries that are not read, for example symbolic links and submodules.
    func warnings(at revision: Revision) async throws(GitFailure) -> [Diagnostic]
}

extension GitSource {
    package func verifyAgain(_ revision: Revision) async throws(GitFailure) {
        try await verify(revision, since: nil)
    }

    package func isOfRange(_ ref: String) -> Bool { false }

    /// Returns the contents of all files, which have to be few.
    package func allContents(of files: [ManifestFile], limit: Int) async throws(GitFailure) -> [[UInt8]?] {
        var contents: [[UInt8]?] = []
        while contents.count < files.count {
            contents += try await self.contents(of: files[contents.count...], limit: limit)
        }
        return contents
    }
}

/// A `.yaml` or `.yml` file of a revision.
package struct ManifestFile: Hashable, Sendable {
    /// The path from the root of the repository.
    package let path: String
    /// The blob as 40 lower-case hexadecimal digits.
    package let blob: String

    /// The largest number of files with manifests in a source. Other YAML files do not count.
    package static let mostInSource = 10_000
    /// The largest number of bytes of all parsed manifests of a source: 32 MiB.
    package static let mostBytesInSource = 32 << 20

    package init(path: String, blob: String) {
        self.path = path
        self.blob = blob
    }
}

package struct CommitDescription: Hashable, Sendable {
    package let author: String
    package let time: Timestamp
    package let subject: String

    package init(author: String, time: Timestamp, subject: String) {
        self.author = author
        self.time = time
        self.subject = subject
    }
}

/// The reason why a repository could not be read. The last good revision stays applied.
package struct GitFailure: Error, Hashable, Sendable {
    package enum Reason: String, Sendable {
        /// The remote gave no answer, or not in time.
        case unreachable = "Unreachable"
        case authenticationFailed = "AuthenticationFailed"
        /// There is no git repository at the URL.
        case notARepository = "NotARepository"
        /// The repository has no commit yet.
        case empty = "RepositoryEmpty"
        case refNotFound = "RefNotFound"
        case pathNotFound = "PathNotFound"
        /// The URL, a certificate or a host key is not allowed, or this libgit2 does not support what the remote needs.
        case refused = "Refused"
        /// The revision has more than 200,000 YAML files, or a pack or object is beyond its limit.
        case tooLarge = "TooLarge"
        /// The commit or tag lacks a signature that the operator trusts.
        case verificationFailed = "VerificationFailed"
        /// The applied revision is not in the history of the new one, and the configuration requires that.
        case historyRewritten = "HistoryRewritten"
        case fetchFailed = "FetchFailed"
    }

    package let reason: Reason
    /// One sentence without secrets. URLs have no user information.
    package let message: String
    package let hint: String?

    package init(_ reason: Reason, _ message: String, hint: String? = nil) {
        self.reason = reason
        self.message = message
        self.hint = hint
    }
}

extension Diagnostic {
    /// The warning about a file whose name ends in `.YAML`, `.Yml` and the like.
    package static func upperCase(_ path: String) -> Diagnostic {
        let ending = path[(path.lastIndex(of: ".") ?? path.startIndex)...]
        return Diagnostic(
            .warning, file: path, "prewarm does not read this file, because its name ends in \(ending)",
            hint: "rename it to end in \(ending.lowercased())")
    }

    /// The warning about a path of a source with several `paths` that has no files.
    package static func missingPath(_ path: String) -> Diagnostic {
        Diagnostic(
            .warning, file: path, "this path has no files; prewarm keeps its applied presets and templates",
            hint: "remove it from `paths` to delete them; if it should have files, check upper and lower case")
    }

    /// Returns true for the warning of ``missingPath(_:)``.
    package var isMissingPath: Bool { self == .missingPath(file) }
}
