import PrewarmCore

/// A provider of identities that signs people in to the dashboard: an entry of `server.signIn` in the configuration.
package struct SignInProvider: Hashable, Sendable {
    /// The secret of prewarm at the provider.
    package enum Secret: Hashable, Sendable {
        case text(String)
        /// The path of a file. It is read for each sign-in, so the secret can be replaced while the daemon runs.
        case file(String)
    }

    /// The name in the addresses of the sign-in, for example `/login/company/callback`.
    package let name: String
    /// The name for people.
    package let title: String
    /// The issuer of the identities. Its audience is the id of prewarm at the provider.
    package let issuer: OIDCIssuer
    /// The secret of prewarm at the provider; nil for a public client, which has PKCE alone.
    package let secret: Secret?
    package let scopes: [String]

    package init(name: String, title: String?, issuer: OIDCIssuer, secret: Secret?, scopes: [String]) {
        self.name = name
        self.title = title ?? name
        self.issuer = issuer
        self.secret = secret
        self.scopes = scopes
    }

    var clientID: String { issuer.audience }

    /// Returns the path to which the provider sends a browser back.
    package static func callbackPath(name: String) -> String { "/login/\(name)/callback" }
}

/// A person whom a provider has signed in.
struct SignedInIdentity: Sendable {
    /// The provider's name.
    let provider: String
    let issuer: String
    let clientID: String
    let claims: OIDCClaims
    /// The time at which the identity ends, and with it every session that it began.
    let expiresAt: Timestamp

    /// The claims that may have the name for people, the best first.
    static let names = ["preferred_username", "email", "name"]

    /// The name for people: the first of the usual claims that is short and printable, otherwise nil.
    var displayName: String? {
        Self.names.lazy.compactMap { claims.text($0) }.first {
            !$0.isEmpty && $0.unicodeScalars.count <= 100 && $0 == $0.printable
        }
    }
}
