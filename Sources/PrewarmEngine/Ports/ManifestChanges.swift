package import PrewarmCore

/// The difference between an old and a new revision.
package struct RevisionStep: Sendable {
    /// True if the new revision is the old one or has it in its history.
    package let isForward: Bool
    /// The changes of manifests. It is nil if there are too many, if the old revision is not in the mirror, or if the new
    /// revision lacks the configured path; then ``GitSource/manifests(at:)`` has to be used.
    package let changes: ManifestChanges?

    package init(isForward: Bool, changes: ManifestChanges?) {
        self.isForward = isForward
        self.changes = changes
    }
}

/// The changes of manifests between two revisions.
package struct ManifestChanges: Sendable {
    /// The commit of the new revision.
    package let commit: CommitDescription
    /// The changed files, in the order of their paths.
    package let files: [ManifestChange]

    package init(commit: CommitDescription, files: [ManifestChange]) {
        self.commit = commit
        self.files = files
    }
}

/// The change of one file. A file that moved is one removed file and one new file.
package struct ManifestChange: Sendable {
    package enum Contents: Sendable {
        case bytes([UInt8])
        /// The file is larger than ``ChangeLimit/bytes``.
        case tooLarge
    }

    /// The path from the root of the repository.
    package let path: String
    /// The old blob as 40 lower-case hexadecimal digits; nil if the file is new.
    package let old: String?
    /// The new blob as 40 lower-case hexadecimal digits; nil if the file was removed.
    package let new: String?
    /// The contents of the new blob; nil if the file was removed.
    package let contents: Contents?

    package init(path: String, old: String?, new: String?, contents: Contents?) {
        self.path = path
        self.old = old
        self.new = new
        self.contents = contents
    }
}

/// The limits up to which changed files are read one by one.
package struct ChangeLimit: Sendable {
    /// The largest number of changed files.
    package let files: Int
    /// The largest size of one file in bytes.
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
