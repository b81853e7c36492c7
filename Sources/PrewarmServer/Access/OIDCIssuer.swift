package import PrewarmCore

/// An issuer whose tokens are accepted, with its rules: an entry of `server.oidc` or
/// `server.signIn` in the configuration.
package struct OIDCIssuer: Hashable, Sendable {
    /// The issuer, exactly as the claim `iss` of its tokens.
    package let issuer: String
    package let audience: String
    /// The address of its keys; nil if its discovery document names it.
    package let jwksURL: String?
    /// A file with PEM certificates that are trusted in addition to the system's.
    package let caFile: String?
    package let rules: [Rule]
    /// The key of the configuration that has this issuer, for hints.
    package let setting: String

    /// A rule that lets in tokens whose claims match all of its patterns.
    package struct Rule: Hashable, Sendable {
        package let claims: [String: Glob]
        package let role: Role
        package let presets: PresetScope

        /// - Parameters:
        ///   - claims: The patterns by the names of the claims. A rule without patterns matches no token.
        ///   - role: The role of the caller.
        ///   - presets: The patterns of presets in the caller's scope; all presets if it is empty.
        package init(claims: [String: String], role: Role, presets: [String] = []) {
            self.claims = claims.mapValues { Glob($0) }
            self.role = role
            self.presets = PresetScope(presets)
        }

        func matches(_ token: OIDCClaims) -> Bool {
            !claims.isEmpty
                && claims.allSatisfy { name, pattern in token.texts(name).contains { pattern.matches($0) } }
        }
    }

    package init(
        issuer: String, audience: String, jwksURL: String? = nil, caFile: String? = nil, rules: [Rule],
        setting: String = "server.oidc"
    ) {
        self.issuer = issuer
        self.audience = audience
        self.jwksURL = jwksURL
        self.caFile = caFile
        self.rules = rules
        self.setting = setting
    }
}
