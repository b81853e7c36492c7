/// The ref and the commit that a plan was made from (Flux RFC-0005): `main@sha1:<40 hex>`.
package struct Revision: Hashable, Sendable, CustomStringConvertible {
    /// The branch or tag as configured; nil where the source is pinned to a commit.
    package let ref: String?
    /// 40 lower-case hexadecimal digits.
    package let commit: String

    package init(ref: String?, commit: String) {
        self.ref = ref
        self.commit = commit
    }

    package var description: String { (ref.map { "\($0)@" } ?? "") + "sha1:\(commit)" }

    /// For tables: the hash cut to eight digits.
    package var short: String { (ref.map { "\($0)@" } ?? "") + "sha1:\(commit.prefix(8))" }

    /// Reads the form that ``description`` writes; nil where the text is not one.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard let digest = parts.last, digest.hasPrefix("sha1:") else { return nil }
        let commit = String(digest.dropFirst(5))
        let digits = Set("0123456789abcdef".utf8)
        guard commit.utf8.count == 40, commit.utf8.allSatisfy(digits.contains) else { return nil }
        self.init(ref: parts.count > 1 ? parts.dropLast().joined(separator: "@") : nil, commit: commit)
    }
}
