package import PrewarmCore

/// A pin, which holds a source at a commit, for example while a bad commit is fixed in git.
package struct Pin: Hashable, Sendable {
    package let source: String
    /// The 40 digits of the commit.
    package let commit: String
    package let reason: String?
    /// The user who set the pin.
    package let by: String
    package let since: Timestamp
    /// The end of the pin; nil if only `prewarm unpin` ends it.
    package let until: Timestamp?

    package init(source: String, commit: String, reason: String?, by: String, since: Timestamp, until: Timestamp?) {
        self.source = source
        self.commit = commit
        self.reason = reason
        self.by = by
        self.since = since
        self.until = until
    }

    /// Returns true if the pin has not ended.
    package func isInForce(at now: Timestamp) -> Bool { until.map { now < $0 } ?? true }

    /// The text `by ada until 2026-11-24T10:00:00Z: a bad merge`.
    package var sentence: String {
        "by \(by)" + (until.map { " until \($0.inSentence)" } ?? "") + (reason.map { ": \($0)" } ?? "")
    }
}
