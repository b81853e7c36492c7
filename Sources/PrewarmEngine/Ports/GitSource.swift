package import PrewarmCore

/// One configured git repository, kept as a bare mirror beside the store. There is never a work tree.
///
/// No call blocks the thread of its caller, and each ends soon after its task was canceled, whatever the remote does.
package protocol GitSource: Sendable {
    /// Asks the remote what the configured ref points at: one ref advertisement, nothing is fetched.
    func head() async throws(GitFailure) -> Revision

    /// Makes the commit of `revision` and its trees and blobs present in the mirror; at once where it is there already.
    func fetch(_ revision: Revision) async throws(GitFailure)

    /// Looks a revision up in the mirror, by branch, tag or (short) commit; for `--rev`.
    func lookUp(_ text: String) async throws(GitFailure) -> Revision

    /// The `.yaml` and `.yml` files under the configured path, in the order of their paths, whoever's they are.
    func manifests(at revision: Revision) async throws(GitFailure) -> [ManifestFile]

    /// The bytes of the first of the files, in the order given: of as many as take some megabytes together, so that memory
    /// does not follow the size of the repository. A file of more than `limit` bytes gets nil.
    func contents(of files: ArraySlice<ManifestFile>, limit: Int) async throws(GitFailure) -> [[UInt8]?]

    /// Makes `new` present as ``fetch(_:)`` does, and says what differs between the manifests of the two, and whether
    /// the one follows on the other. It costs what changed, not what there is.
    func step(from old: Revision, to new: Revision, limit: ChangeLimit) async throws(GitFailure) -> RevisionStep

    /// Author, time and subject of the commit.
    func commit(of revision: Revision) async throws(GitFailure) -> CommitDescription

    /// Whether `new` is `old`, or has it in its history. `new` is made present in the mirror; an `old` that is not there
    /// then is no part of that history.
    func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool

    /// Throws `VerificationFailed` where the configuration asks for signatures, and `revision` has none that counts.
    /// It is made present in the mirror.
    /// - Parameter applied: what is in force. Where every new commit needs a signature, those count that are not in the
    ///   history of this one; nil: the tip alone.
    func verify(_ revision: Revision, since applied: Revision?) async throws(GitFailure)

    /// The same of a revision that is in force: keys may have changed since. A result counts for some minutes while they
    /// have not.
    func verifyAgain(_ revision: Revision) async throws(GitFailure)

    /// Whether the ref is one of those that the configured range of versions takes; false where it is no range.
    func isOfRange(_ ref: String) -> Bool

    /// What is among the manifests that is never read: symbolic links and submodules.
    func warnings(at revision: Revision) async throws(GitFailure) -> [Diagnostic]
}

extension GitSource {
    package func verifyAgain(_ revision: Revision) async throws(GitFailure) {
        try await verify(revision, since: nil)
    }

    package func isOfRange(_ ref: String) -> Bool { false }

    /// The same of all of them, for a few.
    package func allContents(of files: [ManifestFile], limit: Int) async throws(GitFailure) -> [[UInt8]?] {
        var contents: [[UInt8]?] = []
        while contents.count < files.count {
            contents += try await self.contents(of: files[contents.count...], limit: limit)
        }
        return contents
    }
}

package struct ManifestFile: Hashable, Sendable {
    /// From the root of the repository.
    package let path: String
    /// 40 lower-case hexadecimal digits.
    package let blob: String

    /// The number of files with manifests that a source may have; files of others do not count.
    package static let mostInSource = 10_000
    /// The number of bytes that all parsed manifests of a source may take.
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

/// Why a repository could not be read. The last good revision stays in force.
package struct GitFailure: Error, Hashable, Sendable {
    package enum Reason: String, Sendable {
        /// No answer, or not in time.
        case unreachable = "Unreachable"
        case authenticationFailed = "AuthenticationFailed"
        /// The URL leads to something that is no git repository.
        case notARepository = "NotARepository"
        /// The repository has no commit yet.
        case empty = "RepositoryEmpty"
        case refNotFound = "RefNotFound"
        case pathNotFound = "PathNotFound"
        /// The URL, a certificate or a host key is not allowed, or this libgit2 can't do what would be needed.
        case refused = "Refused"
        /// More than 10,000 manifest files, or a pack beyond its limit.
        case tooLarge = "TooLarge"
        /// The commit or tag lacks a signature that the operator trusts.
        case verificationFailed = "VerificationFailed"
        /// The revision in force is not in the history of the new one, and the operator wants it to be.
        case historyRewritten = "HistoryRewritten"
        case fetchFailed = "FetchFailed"
    }

    package let reason: Reason
    /// Without secrets: URLs are shown without their user information.
    package let message: String
    package let hint: String?

    package init(_ reason: Reason, _ message: String, hint: String? = nil) {
        self.reason = reason
        self.message = message
        self.hint = hint
    }
}

extension Diagnostic {
    /// A file whose name would be a manifest's, were its ending in lower case.
    package static func upperCase(_ path: String) -> Diagnostic {
        let ending = path[(path.lastIndex(of: ".") ?? path.startIndex)...]
        return Diagnostic(
            .warning, file: path, "this file is not read, since its name ends in \(ending)",
            hint: "rename it to end in \(ending.lowercased())")
    }

    /// One of several paths of a source, where there is nothing.
    package static func missingPath(_ path: String) -> Diagnostic {
        Diagnostic(
            .warning, file: path, "there is nothing at this path, and what is in force of it stays",
            hint: "take it out of `paths` to let that go; where it should be there, mind upper and lower case")
    }

    var isMissingPath: Bool { self == .missingPath(file) }
}
