package import PrewarmCore
package import PrewarmEngine

/// The check of a caller's token: an API token, the local token of the daemon's user, or an OIDC token of a CI job.
package struct Authenticator: Sendable {
    private let store: any Store
    private let oidc: OIDCVerifier?
    /// The local token; nil if none is accepted.
    private let local: LocalTokenFile?

    package init(store: any Store, oidc: OIDCVerifier?, local: LocalTokenFile?) {
        self.store = store
        self.oidc = oidc
        self.local = local
    }

    /// Returns the caller of a request.
    ///
    /// - Parameter authorization: The value of the header `Authorization`; nil if the request does not have it.
    /// - Throws: ``AccessError``, or a ``StoreError``.
    package func principal(authorization: String?, now: Timestamp) async throws -> Principal {
        guard let authorization else {
            throw AccessError(
                .missing, "the request has no token",
                hint: "create a token with `prewarm token create NAME --role viewer`, and pass it by --token, by "
                    + "PREWARM_TOKEN or in the header `Authorization: Bearer TOKEN`. On the daemon's machine, its user "
                    + "can use the token in the file beside the store whose name ends with .token")
        }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw AccessError(
                .unknown, "invalid header Authorization: it must be `Bearer TOKEN`",
                hint: "send `Authorization: Bearer TOKEN`")
        }
        let text = String(parts[1]).filter { $0 != " " }
        if let token = AccessToken(text) { return try await principal(of: token, now: now) }
        guard let oidc, !text.hasPrefix(AccessToken.prefix) else { throw Self.unknown }
        return try await oidc.principal(for: text, now: now)
    }

    private static let unknown = AccessError(
        .unknown, "invalid token: it is unknown, or it was revoked",
        hint: "see `prewarm token list`, or create a token with `prewarm token create NAME --role viewer`")

    private func principal(of token: AccessToken, now: Timestamp) async throws -> Principal {
        if let local, local.token.fits(token) { return .local(user: local.user) }
        guard let record = try await store.read({ try $0.accessToken(token.id) }), token.fits(record) else {
            throw Self.unknown
        }
        guard !record.isExpired(at: now) else {
            throw AccessError(
                .expired, "the token \(record.name) expired at \(record.expiresAt?.description ?? "")",
                hint: "replace it: `prewarm token revoke \(record.name)`, then "
                    + "`prewarm token create \(record.name) --role \(record.role.rawValue)`")
        }
        if record.isUseWorthNoting(at: now) {
            // If the store is busy, the caller is let in without this note.
            try? await store.write { try $0.noteUse(ofAccessToken: record.id, at: now) }
        }
        return Principal(
            .token(id: record.id), name: record.name, role: record.role, presets: PresetScope(record.presets))
    }
}
