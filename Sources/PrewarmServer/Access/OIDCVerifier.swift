internal import PrewarmEngine
import PrewarmAPI
package import PrewarmCore

/// The verification of the OpenID Connect tokens that a forge signs for each CI job. With them, CI needs no stored secret.
package struct OIDCVerifier: Sendable {
    /// The greatest tolerated difference between the clocks of the issuer and the daemon.
    static let leeway = Duration.seconds(60)

    private let entries: [Entry]

    private struct Entry {
        let issuer: OIDCIssuer
        let keys: OIDCKeys
    }

    package init(_ issuers: [OIDCIssuer], fetch: OIDCKeyFetch) {
        entries = issuers.map { Entry(issuer: $0, keys: OIDCKeys($0, fetch: fetch)) }
    }

    /// Returns the caller of a token. Before the signature is verified, the claim `iss` only selects the keys to try.
    ///
    /// - Parameter role: The least role that the request needs, for hints.
    /// - Throws: ``AccessError`` if the token is invalid, has expired, matches no rule, or cannot be verified now.
    package func principal(
        for token: String, now: Timestamp, role: Role = .viewer
    ) async throws(AccessError) -> Principal {
        let (claims, candidates) = try await verified(token, now: now, role: role)
        return try Self.principal(claims, candidates)
    }

    /// Returns the claims of a token after the checks of its signature, its issuer and its times, with the issuers that may
    /// have meant it. The audience is not checked.
    ///
    /// - Throws: ``AccessError``
    func verified(
        _ token: String, now: Timestamp, role: Role = .viewer
    ) async throws(AccessError) -> (claims: OIDCClaims, issuers: [OIDCIssuer]) {
        guard let token = OIDCToken(token) else {
            throw AccessError(
                .unknown, "invalid token: it is neither an API token of prewarm nor a JWT",
                hint: AccessError.tokenHint(for: role))
        }
        guard let algorithm = token.header["alg"]?.string.flatMap({ OIDCAlgorithm(rawValue: $0) }) else {
            throw AccessError(
                .unknown,
                "invalid token: its signature algorithm must be RS256 or ES256; "
                    + "it is \(token.header["alg"]?.string?.forMessage ?? "missing")")
        }
        // `crit` lists extensions that a verifier must support (RFC 7515, section 4.1.11). prewarm supports none.
        guard token.header["crit"] == nil else {
            throw AccessError(
                .unknown, "invalid token: its header `crit` requires extensions that prewarm does not support")
        }
        let name = token.claims.text("iss")
        let candidates = entries.filter { $0.issuer.issuer == name }
        guard let first = candidates.first else {
            throw AccessError(
                .unknown, "invalid token: its issuer \"\(name?.forMessage ?? "")\" is not configured",
                hint:
                    "add the issuer to `\(entries.first?.issuer.setting ?? "server.oidc")` in the daemon's configuration"
            )
        }
        try await verify(token, algorithm, first, now: now)
        try Self.checkTimes(token.claims, now: now)
        return (token.claims, candidates.map(\.issuer))
    }

    /// Verifies the signature of a token.
    ///
    /// - Throws: ``AccessError`` if the issuer did not sign the token, or if its keys cannot be fetched.
    private func verify(
        _ token: OIDCToken, _ algorithm: OIDCAlgorithm, _ entry: Entry, now: Timestamp
    ) async throws(AccessError) {
        let key = try await entry.keys.key(id: token.header["kid"]?.string, algorithm: algorithm, now: now)
        do {
            try await algorithm.verify(token, with: key)
        } catch {
            throw AccessError(.unknown, "invalid token: the signature does not match")
        }
    }

    /// Checks the times of a token: `exp` is required, `nbf` and `iat` are optional.
    private static func checkTimes(_ claims: OIDCClaims, now: Timestamp) throws(AccessError) {
        guard let end = claims.time("exp") else {
            throw AccessError(.unknown, "invalid token: it has no expiry time (`exp`)")
        }
        guard now - leeway < end else {
            throw AccessError(
                .expired, "the token expired at \(end); it is \(now) now",
                hint: "request a new token in the job step that uses it")
        }
        for name in ["nbf", "iat"] where claims.contains(name) {
            guard let begin = claims.time(name), begin <= now + leeway else {
                throw AccessError(
                    .unknown, "invalid token: `\(name)` must be a time that is not in the future; it is \(now) now",
                    hint: "compare the clocks of the issuer and the daemon")
            }
        }
    }

    /// Returns the caller that the claims of a verified token describe, by the first rule that matches. A rule about `email`
    /// matches only an address that the issuer has verified.
    static func principal(_ claims: OIDCClaims, _ issuers: [OIDCIssuer]) throws(AccessError) -> Principal {
        let isUnverified = claims.contains("email") && !claims.withoutUnverifiedEmail.contains("email")
        let claims = claims.withoutUnverifiedEmail
        let audiences = claims.texts("aud")
        let meant = issuers.filter { audiences.contains($0.audience) }
        guard !meant.isEmpty else {
            let found = audiences.isEmpty ? "missing" : audiences.prefix(3).joined(separator: ", ").forMessage
            let expected = issuers.map(\.audience)
            throw AccessError(
                .unknown, "invalid token: its audience must be \(expected.joined(separator: " or ")); it is \(found)",
                hint: "request the token with the audience \(expected[0])")
        }
        guard let subject = claims.text("sub"), !subject.isEmpty else {
            throw AccessError(.unknown, "invalid token: it has no subject (`sub`)")
        }
        guard subject.unicodeScalars.count <= Owner.nameLimit else {
            throw AccessError(
                .unknown, "invalid token: its subject has more than \(Owner.nameLimit) characters",
                hint: "shorten the subject at the issuer")
        }
        guard subject == subject.printable else {
            throw AccessError(.unknown, "invalid token: its subject has invisible or control characters")
        }
        for issuer in meant {
            guard let rule = issuer.rules.first(where: { $0.matches(claims) }) else { continue }
            return Principal(
                .oidc(issuer: issuer.issuer), name: subject, role: rule.role, presets: rule.presets)
        }
        let names = Set(meant.flatMap(\.rules).flatMap(\.claims.keys)).sorted()
        let said = names.map { "\($0) \(claims.texts($0).joined(separator: ","))" }.joined(separator: ", ")
        let rules = "the rules of \(meant[0].issuer) in `\(meant[0].setting)`"
        throw AccessError(
            .refused, "no rule of the issuer matches the token, whose claims are: \(said.forMessage)",
            hint: isUnverified && names.contains("email")
                ? "the issuer does not say that it verified the address (`email_verified`); use `sub` in \(rules)"
                : "compare the claims with \(rules)")
    }
}
