package import PrewarmCore
package import PrewarmEngine

/// Finds out who asks: by an API token, by the local token of the daemon's own user, or by a token of CI.
package struct Authenticator: Sendable {
    private let store: any Store
    private let oidc: OIDCVerifier?
    /// Nil: no local token opens anything.
    private let local: LocalTokenFile?

    package init(store: any Store, oidc: OIDCVerifier?, local: LocalTokenFile?) {
        self.store = store
        self.oidc = oidc
        self.local = local
    }

    /// - Parameter authorization: the field of this name.
    /// - Throws: ``AccessError``, or a ``StoreError``.
    package func principal(authorization: String?, now: Timestamp) async throws -> Principal {
        guard let authorization else {
            throw AccessError(
                .missing, "the request has no token",
                hint: "`prewarm token create` makes one; give it by --token or PREWARM_TOKEN, or as Authorization: "
                    + "Bearer TOKEN. On the daemon's machine its user has one in the file beside the store whose "
                    + "name ends with .token")
        }
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

    private func principal(of token: AccessToken, now: Timestamp) async throws -> Principal {
        if let local, local.token.fits(token) { return .local(user: local.user) }
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
