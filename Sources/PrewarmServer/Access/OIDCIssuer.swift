package import PrewarmCore

/// Whose tokens are good, and for whom: one entry of the configuration.
package struct OIDCIssuer: Hashable, Sendable {
    /// Exactly as its tokens say it.
    package let issuer: String
    package let audience: String
    /// Nil: its discovery document says it.
    package let jwksURL: String?
    /// PEM certificates beside the system's own.
    package let caFile: String?
    package let rules: [Rule]

    /// Lets in whose claims match all patterns.
    package struct Rule: Hashable, Sendable {
        package let claims: [String: Glob]
        package let role: Role
        package let presets: PresetScope

        /// - Parameter claims: patterns by name; a rule without any matches nothing.
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

    package init(issuer: String, audience: String, jwksURL: String? = nil, caFile: String? = nil, rules: [Rule]) {
        self.issuer = issuer
        self.audience = audience
        self.jwksURL = jwksURL
        self.caFile = caFile
        self.rules = rules
    }
}
