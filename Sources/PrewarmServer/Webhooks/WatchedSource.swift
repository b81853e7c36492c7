/// A configured source, as webhooks see it.
package struct WatchedSource: Hashable, Sendable {
    package enum Ref: Hashable, Sendable {
        /// The remote's default branch.
        case head
        case branch(String)
        case tag(String)
        /// The highest tag of a range.
        case semver
        /// It never moves.
        case commit
    }

    package let name: String
    /// Nil for a folder of this machine, which no forge knows.
    package let address: RepositoryAddress?
    package let ref: Ref

    package init(name: String, url: String, ref: Ref) {
        self.name = name
        address = RepositoryAddress(url)
        self.ref = ref
    }

    /// Whether something may be new for the source after this push.
    func isMoved(by update: PushNotice.Update, defaultBranch: String?) -> Bool {
        switch ref {
        case .branch(let name): update.ref == "refs/heads/\(name)"
        case .tag(let name): update.ref == "refs/tags/\(name)"
        case .semver: Self.isVersionTag(update.ref)
        case .head:
            defaultBranch.map { update.ref == "refs/heads/\($0)" } ?? update.ref.hasPrefix("refs/heads/")
        case .commit: false
        }
    }

    /// `v1.2`, `1.2.3`: whether the range takes it is found out when the tags are listed.
    private static func isVersionTag(_ ref: String) -> Bool {
        guard ref.hasPrefix("refs/tags/") else { return false }
        let name = ref.dropFirst("refs/tags/".count)
        let digits = name.hasPrefix("v") || name.hasPrefix("V") ? name.dropFirst() : name
        return digits.utf8.first.map { (48...57).contains($0) } ?? false
    }
}

/// That a source should be looked at now.
package struct SourceNudge: Hashable, Sendable {
    package let source: String
    /// What the forge says that the ref is at: a hint to look again where the remote doesn't show it yet, never data.
    /// Nil where the ref was deleted, or the forge doesn't say.
    package let commit: String?

    package init(source: String, commit: String? = nil) {
        self.source = source
        self.commit = commit
    }
}
