/// The ref and the commit that a plan was made from (Flux RFC-0005): `main@sha1:<40 hex>`.
package struct Revision: Hashable, Sendable, CustomStringConvertible {
    /// The branch or tag that the configuration names; nil if it names a commit.
    package let ref: String?
    /// The id of the commit: 40 lower-case hexadecimal digits.
    package let commit: String

    package init(ref: String?, commit: String) {
        self.ref = ref
        self.commit = commit
    }

    package var description: String { (ref.map { "\($0)@" } ?? "") + "sha1:\(commit)" }

    /// The form for tables, with eight digits of the hash: `main@sha1:5394cb7f`.
    package var short: String { (ref.map { "\($0)@" } ?? "") + "sha1:\(commit.prefix(8))" }

    /// Reads the form of ``description``; nil for other text.
    package init?(_ text: String) {
        let at = text.lastIndex(of: "@")
        let digest = at.map { text[text.index(after: $0)...] } ?? text[...]
        let commit = digest.dropFirst(5)
        guard digest.hasPrefix("sha1:"), commit.utf8.count == 40, commit.utf8.allSatisfy(Self.isDigit) else {
            return nil
        }
        self.init(ref: at.map { String(text[..<$0]) }, commit: String(commit))
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
