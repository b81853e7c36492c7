/// The holder of a claimed workspace. Owners of different kinds are different owners, even if their names are equal.
package struct Owner: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// An API token. The name is the token's name.
        case token
        /// An OIDC token from this issuer. The name is the token's subject.
        case oidc(issuer: String)
        /// A text that an operator chose, for example the name of a user.
        case text
        /// A claim of an earlier version of prewarm, which did not record the kind.
        case unrecorded
    }

    package let kind: Kind
    /// The full name, at most ``nameLimit`` characters.
    package let name: String

    /// The largest number of characters (Unicode scalars) in a name. Longer names are refused, never cut.
    package static let nameLimit = 1024

    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }
}

extension Owner: ExpressibleByStringLiteral {
    /// An owner of the kind ``Kind/text``.
    package init(stringLiteral value: String) { self.init(.text, value) }
}

extension Owner: CustomStringConvertible {
    /// The form for people: `ada`, `ci (token)`, `repo:acme/web:ref:refs/heads/main (https://token.example.org)`.
    package var description: String {
        switch kind {
        case .token: "\(name) (token)"
        case .oidc(let issuer): "\(name) (\(issuer))"
        case .text, .unrecorded: name
        }
    }
}
