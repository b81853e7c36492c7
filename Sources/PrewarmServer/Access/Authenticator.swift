package import PrewarmCore
package import PrewarmEngine

/// Finds out who asks: by an API token, by a token of CI, or as this machine's user where nobody is asked.
package struct Authenticator: Sendable {
    private let store: any Store
    private let oidc: OIDCVerifier?
    /// The daemon listens to this machine alone: without any token and issuer, its user may do everything.
    private let isLoopback: Bool

    package init(store: any Store, oidc: OIDCVerifier?, isLoopback: Bool) {
        self.store = store
        self.oidc = oidc
        self.isLoopback = isLoopback
    }

    /// - Parameters:
    ///   - authorization: the field of this name.
    ///   - isLocal: what ``LocalAccess`` says of the request.
    /// - Throws: ``AccessError``, or a ``StoreError``.
    package func principal(
        authorization: String?, isLocal: Bool, now: Timestamp
    ) async throws -> Principal {
        guard let authorization else { return try await withoutToken(isLocal: isLocal) }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw AccessError(
                .unknown, "the field Authorization is of no kind that is known here", hint: "expected Bearer TOKEN")
        }
        let text = String(parts[1]).filter { $0 != " " }
        if let token = AccessToken(text) { return try await principal(of: token, now: now) }
        guard let oidc, !text.hasPrefix(AccessToken.prefix) else { throw Self.unknown }
        return try await oidc.principal(for: text, now: now)
    }

    private static let unknown = AccessError(
        .unknown, "the token is not known here", hint: "it may have been revoked; see `prewarm token list`")

    private func withoutToken(isLocal: Bool) async throws -> Principal {
        let hint =
            "`prewarm token create` makes one; give it by --token or PREWARM_TOKEN, or as Authorization: Bearer TOKEN"
        guard isLoopback, oidc == nil else { throw AccessError(.missing, "a token is needed", hint: hint) }
        guard try await !store.read({ try $0.hasAccessTokens() }) else {
            throw AccessError(.missing, "a token is needed, since there are tokens", hint: hint)
        }
        guard isLocal else {
            throw AccessError(
                .missing, "without a token only programs of this machine may ask, not through a proxy or a web page",
                hint: hint)
        }
        return .local
    }

    private func principal(of token: AccessToken, now: Timestamp) async throws -> Principal {
        guard let record = try await store.read({ try $0.accessToken(token.id) }), token.fits(record) else {
            throw Self.unknown
        }
        guard !record.isExpired(at: now) else {
            throw AccessError(
                .expired, "the token \(record.name) expired at \(record.expiresAt?.description ?? "")",
                hint: "make another one with `prewarm token create`")
        }
        if record.isUseWorthNoting(at: now) {
            // A store that is busy is no reason to keep anybody out.
            try? await store.write { try $0.noteUse(ofAccessToken: record.id, at: now) }
        }
        return Principal(
            .token(id: record.id), name: record.name, role: record.role, presets: PresetScope(record.presets))
    }
}
