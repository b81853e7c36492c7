package import PrewarmCore

/// What a revision changed in the manifests of another.
package struct ManifestChanges: Sendable {
    /// Of the new one.
    package let commit: CommitDescription
    /// In the order of their paths.
    package let files: [ManifestChange]

    package init(commit: CommitDescription, files: [ManifestChange]) {
        self.commit = commit
        self.files = files
    }
}

package struct ManifestChange: Sendable {
    package enum Contents: Sendable {
        case bytes([UInt8])
        case tooLarge
    }

    /// From the root of the repository. A file that moved is one that is gone and one that is new.
    package let path: String
    /// The blobs, 40 lower-case hexadecimal digits each; nil where there was, or is, no file.
    package let old: String?
    package let new: String?
    /// Of the new blob.
    package let contents: Contents?

    package init(path: String, old: String?, new: String?, contents: Contents?) {
        self.path = path
        self.old = old
        self.new = new
        self.contents = contents
    }
}

/// Up to where a change is a small one.
package struct ChangeLimit: Sendable {
    /// How many files may differ.
    package let files: Int
    /// The bytes of one file.
    package let bytes: Int

    package init(files: Int, bytes: Int) {
        self.files = files
        self.bytes = bytes
    }
}

extension GitSource {
    package func changes(
        from old: Revision, to new: Revision, limit: ChangeLimit
    ) async throws(GitFailure) -> ManifestChanges? { nil }
}
