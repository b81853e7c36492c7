package import PrewarmCore

/// What leads from one revision to another.
package struct RevisionStep: Sendable {
    /// The new one is the old one, or has it in its history.
    package let isForward: Bool
    /// Nil where only ``GitSource/manifests(at:)`` can tell: there is too much, the old one is not in the mirror, or the
    /// configured path is not in the new one.
    package let changes: ManifestChanges?

    package init(isForward: Bool, changes: ManifestChanges?) {
        self.isForward = isForward
        self.changes = changes
    }
}

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
    package func step(
        from old: Revision, to new: Revision, limit: ChangeLimit
    ) async throws(GitFailure) -> RevisionStep {
        RevisionStep(isForward: try await isAncestor(old, of: new), changes: nil)
    }
}
