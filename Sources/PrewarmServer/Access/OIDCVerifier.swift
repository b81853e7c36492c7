internal import PrewarmEngine
package import PrewarmCore

/// Lets CI in by the tokens that its forge signs for each job (OpenID Connect), so that no secret has to be stored.
package struct OIDCVerifier: Sendable {
    /// How far the clocks may be apart.
    static let leeway = Duration.seconds(60)

    private let entries: [Entry]

    private struct Entry {
        let issuer: OIDCIssuer
        let keys: OIDCKeys
    }

    package init(_ issuers: [OIDCIssuer], fetch: OIDCKeyFetch) {
        entries = issuers.map { Entry(issuer: $0, keys: OIDCKeys($0, fetch: fetch)) }
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// Nothing of the token is believed before its signature; its issuer only says which keys are tried.
    package func principal(for token: String, now: Timestamp) async throws(AccessError) -> Principal {
        guard let token = OIDCToken(token) else {
            throw AccessError(.unknown, "the token is not known here: it is neither one of prewarm nor a JWT")
        }
        guard let algorithm = token.header["alg"]?.string.flatMap({ OIDCAlgorithm(rawValue: $0) }) else {
            throw AccessError(
                .unknown,
                "the token is signed with \(token.header["alg"]?.string?.forMessage ?? "nothing"), expected RS256 or ES256"
            )
        }
        // Extensions that must be understood (RFC 7515, 4.1.11): none is.
        guard token.header["crit"] == nil else {
            throw AccessError(.unknown, "the token has extensions that are not known here")
        }
        let name = token.claims.text("iss")
        let candidates = entries.filter { $0.issuer.issuer == name }
        guard let first = candidates.first else {
            throw AccessError(
                .unknown, "the token is of the issuer \"\(name?.forMessage ?? "")\", which is not configured",
                hint: "see server.oidc in the configuration")
        }
        try await verify(token, algorithm, first, now: now)
        try Self.checkTimes(token.claims, now: now)
        return try Self.principal(token.claims, candidates.map(\.issuer))
    }

    /// Throws where the issuer has not signed the token.
    private func verify(
        _ token: OIDCToken, _ algorithm: OIDCAlgorithm, _ entry: Entry, now: Timestamp
    ) async throws(AccessError) {
        let key = try await entry.keys.key(id: token.header["kid"]?.string, algorithm: algorithm, now: now)
        do {
            try await algorithm.verify(token, with: key)
        } catch {
            throw AccessError(.unknown, "the token's signature is wrong")
        }
    }

    /// `exp` must be there; `nbf` and `iat` may.
    private static func checkTimes(_ claims: OIDCClaims, now: Timestamp) throws(AccessError) {
        guard let end = claims.time("exp") else {
            throw AccessError(.unknown, "the token says no time at which it ends")
        }
        guard now - leeway < end else {
            throw AccessError(
                .expired, "the token expired at \(end)", hint: "ask for a new one in the step that uses it")
        }
        for name in ["nbf", "iat"] where claims.contains(name) {
            guard let begin = claims.time(name), begin <= now + leeway else {
                throw AccessError(.unknown, "the token is not good yet", hint: "compare the clocks")
            }
        }
    }

    private static func principal(_ claims: OIDCClaims, _ issuers: [OIDCIssuer]) throws(AccessError) -> Principal {
        let audiences = claims.texts("aud")
        let meant = issuers.filter { audiences.contains($0.audience) }
        guard !meant.isEmpty else {
            throw AccessError(
                .unknown,
                "the token is for \(audiences.isEmpty ? "nobody" : audiences.prefix(3).joined(separator: ", ").forMessage), not for \(issuers.map(\.audience).joined(separator: ", "))",
                hint: "ask for it with that audience")
        }
        guard let subject = claims.text("sub"), !subject.isEmpty else {
            throw AccessError(.unknown, "the token does not say whom it is about")
        }
        guard subject.unicodeScalars.count <= Owner.nameLimit else {
            throw AccessError(
                .unknown, "the subject of the token is longer than \(Owner.nameLimit) characters",
                hint: "shorten the subject at the issuer")
        }
        guard subject == subject.printable else {
            throw AccessError(.unknown, "the subject of the token has invisible or control characters")
        }
        for issuer in meant {
            guard let rule = issuer.rules.first(where: { $0.matches(claims) }) else { continue }
            return Principal(
                .oidc(issuer: issuer.issuer), name: subject, role: rule.role, presets: rule.presets)
        }
        let names = Set(meant.flatMap(\.rules).flatMap(\.claims.keys)).sorted()
        let said = names.map { "\($0) \(claims.texts($0).joined(separator: ","))" }.joined(separator: ", ")
        throw AccessError(
            .refused, "the token is good, and no rule lets it in: it says \(said.forMessage)",
            hint: "see the rules of the issuer in server.oidc")
    }
}
