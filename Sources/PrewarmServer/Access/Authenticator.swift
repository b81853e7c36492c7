package import PrewarmCore
package import PrewarmEngine

/// The check of a caller's token: an API token, the local token of the daemon's user, or an OIDC token of a CI job.
package struct Authenticator: Sendable {
    private let store: any Store
    private let oidc: OIDCVerifier?
    /// The local token; nil if none is accepted.
    private let local: LocalTokenFile?
    /// Returns the wall time of this machine, by which tokens of other issuers are judged; nil for the time of the request.
    private let machineTime: (@Sendable () -> Timestamp)?

    package init(
        store: any Store, oidc: OIDCVerifier?, local: LocalTokenFile?, machineTime: (@Sendable () -> Timestamp)? = nil
    ) {
        self.machineTime = machineTime
        self.store = store
        self.oidc = oidc
        self.local = local
    }

    /// Returns the caller of a request.
    ///
    /// - Parameters:
    ///   - authorization: The value of the header `Authorization`; nil if the request does not have it.
    ///   - role: The least role that the request needs, for hints.
    ///   - isLocal: True if the client is on the daemon's machine, so that a hint may name the file of the local token.
    /// - Throws: ``AccessError``, or a ``StoreError``.
    package func principal(
        authorization: String?, now: Timestamp, for role: Role = .viewer, isLocal: Bool = false
    ) async throws -> Principal {
        guard let authorization else {
            let file = isLocal ? local.map { ". The user \($0.user) can use `--token @\($0.path)`" } ?? "" : ""
            throw AccessError(
                .missing, "the request has no token",
                hint: AccessError.tokenHint(for: role) + ". Pass it by --token, by PREWARM_TOKEN or in the header "
                    + "`Authorization: Bearer TOKEN`" + file)
        }
        // A client may send many kilobytes, and characters are costly to find. So the header is read as bytes.
        let parts = authorization.utf8.split(separator: UInt8(ascii: " "), maxSplits: 1)
        guard parts.count == 2, Substring(parts[0]).lowercased() == "bearer" else {
            throw AccessError(
                .unknown, "invalid header Authorization: it must be `Bearer TOKEN`",
                hint: "send `Authorization: Bearer TOKEN`")
        }
        let text = String(decoding: parts[1].filter { $0 != UInt8(ascii: " ") }, as: UTF8.self)
        if let token = AccessToken(text) { return try await principal(of: token, now: now, for: role) }
        guard let oidc, !text.hasPrefix(AccessToken.prefix) else { throw AccessError.unknownToken(for: role) }
        return try await oidc.principal(for: text, now: machineTime?() ?? now, role: role)
    }

    private func principal(of token: AccessToken, now: Timestamp, for role: Role) async throws -> Principal {
        if let local, local.token.fits(token) { return .local(user: local.user) }
        guard let record = try await store.read({ try $0.accessToken(token.id) }), token.fits(record) else {
            throw AccessError.unknownToken(for: role)
        }
        guard !record.isExpired(at: now) else {
            throw AccessError(
                .expired, "the token \(record.name) expired at \(record.expiresAt?.description ?? "")",
                hint: "ask an operator of prewarm to replace it: `prewarm token revoke \(record.name)`, then "
                    + "`prewarm token create \(record.name) --role \(record.role.rawValue)`")
        }
        if record.isUseWorthNoting(at: now) {
            // If the store is busy, the caller is let in without this note.
            try? await store.write { try $0.noteUse(ofAccessToken: record.id, at: now) }
        }
        return Principal(
            .token(id: record.id), name: record.name, role: record.role, presets: PresetScope(record.presets),
            priority: record.priority)
    }
}
