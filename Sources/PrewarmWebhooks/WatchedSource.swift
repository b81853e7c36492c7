package import PrewarmCore

/// The properties of a configured source that webhooks need.
package struct WatchedSource: Hashable, Sendable {
    /// The ref that a source follows.
    package enum Ref: Hashable, Sendable {
        /// The remote's default branch.
        case head
        case branch(String)
        case tag(String)
        /// The highest tag in a version range.
        case semver
        /// A fixed commit, which never moves.
        case commit
    }

    package let name: String
    /// The address of the repository; nil for a folder of this machine.
    package let address: RepositoryAddress?
    package let ref: Ref

    package init(name: String, url: String, ref: Ref) {
        self.name = name
        address = RepositoryAddress(url, ignoringCase: true)
        self.ref = ref
    }

    /// Returns true if this update may change what the source follows.
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

    /// Returns true for a tag such as `v1.2` or `1.2.3`. The reconciliation finds out if it is in the range.
    private static func isVersionTag(_ ref: String) -> Bool {
        guard ref.hasPrefix("refs/tags/") else { return false }
        let name = ref.dropFirst("refs/tags/".count)
        let digits = name.hasPrefix("v") || name.hasPrefix("V") ? name.dropFirst() : name
        return digits.utf8.first.map { (48...57).contains($0) } ?? false
    }
}

/// A wake-up: a source that prewarm should check now.
package struct SourceWakeUp: Hashable, Sendable {
    package let source: String
    /// The commit in the payload; nil if the ref was deleted or the forge does not send it. It is only a hint: if the
    /// remote does not have the commit yet, prewarm checks again shortly after.
    package let commit: String?

    package init(source: String, commit: String? = nil) {
        self.source = source
        self.commit = commit
    }
}
